"""Lines of Megatron-LM and NeMo, written in the formats of their printers (both need CUDA to run)."""

import math
from pathlib import Path

from tests.make_samples.curves import rows
from tests.make_samples.truth import Truth

Made = tuple[list[str], Truth]


def make(folder: Path) -> None:
    """Writes `megatron/core.txt`, `megatron/old.txt`, `nemo/printer.txt` and `nemo/bar.txt`."""
    for name, write in (
        ("megatron/core.txt", core), ("megatron/old.txt", old), ("nemo/printer.txt", printer), ("nemo/bar.txt", bar),
    ):  # fmt: skip
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines, truth = write()
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        truth.write(path)


CORE = (
    ("consumed samples", "12d"), ("elapsed time per iteration (ms)", ".1f"),
    ("throughput per GPU (TFLOP/s/GPU)", ".1f"), ("learning rate", ".6E"), ("global batch size", "5d"),
    ("lm loss", ".6E"), ("load_balancing_loss", ".6E"), ("loss scale", ".1f"), ("grad norm", ".3f"),
    ("num zeros", ".1f"), ("params norm", ".3f"), ("number of skipped iterations", "3d"),
    ("number of nan iterations", "3d"),
)  # fmt: skip
"""The fields of `training_log` in Megatron core 0.14, in its order, with their formats."""
RENAMED = {"elapsed time per iteration (ms)": "elapsed time per iteration",
           "throughput per GPU (TFLOP/s/GPU)": "throughput per GPU"}  # fmt: skip


def core() -> Made:
    """`training_log` and `evaluate_and_print_results` of Megatron-LM core 0.14, every field."""
    truth = Truth("Megatron-LM core 0.14, as printed", left_out=("memory after the first iteration",))
    lines = ["training ...", "[before the start of training step] datetime: 2025-01-02 03:04:05 "]
    for step, row in rows(1, 15):
        is_bad = not math.isfinite(row["train/loss"])
        values = {
            "consumed samples": 256 * step, "elapsed time per iteration (ms)": 1234.5 + step,
            "throughput per GPU (TFLOP/s/GPU)": 412.3, "learning rate": row["lr"], "global batch size": 256,
            "lm loss": row["train/loss"], "load_balancing_loss": 1.0625, "loss scale": 65536.0,
            "grad norm": row["grad_norm"], "num zeros": 17.0, "params norm": 512.125,
            "number of skipped iterations": int(step == 7), "number of nan iterations": int(is_bad),
        }  # fmt: skip
        told = {name: f"{values[name]:{spec}}" for name, spec in CORE}
        lines.append(
            f" [2025-01-02 03:05:{step:02}.250000] iteration {step:8d}/{14:8d} | "
            + " | ".join(f"{name}: {text}" for name, text in told.items()) + " |"
        )  # fmt: skip
        truth.put(step, {RENAMED.get(name, name): float(text) for name, text in told.items()})
        if step == 1:
            lines.append(
                "(after 1 iterations) memory (MB) | allocated: 1024.5 | max allocated: 2048.25 | reserved: 3072.0"
            )
        if "eval/loss" in row:
            lines += validation(f"iteration {step}", row["eval/loss"], step, truth)
    lines += validation("iteration 14 on test set", 2.25, 14, truth, "test")
    truth.roles = {
        "lm loss": "train_loss", "validation lm loss value": "val_loss", "test lm loss value": "test_loss",
        "validation lm loss PPL": "val_perplexity", "learning rate": "lr", "grad norm": "grad_norm",
        "loss scale": "loss_scale", "params norm": "weight_norm", "global batch size": "batch_size",
        "number of skipped iterations": "skipped_steps", "throughput per GPU": "throughput",
        "load_balancing_loss": "other_loss", "consumed samples": "tokens",
    }  # fmt: skip
    return lines, truth


def validation(at: str, loss: float, step: int, truth: Truth, split: str = "validation") -> list[str]:
    """The three lines of an evaluation."""
    told = {"lm loss value": f"{loss:.6E}", "lm loss PPL": f"{math.exp(min(20, loss)):.6E}"}
    truth.put(step, {f"{split} {name}": float(text) for name, text in told.items()})
    line = f" validation loss at {at} | " + "".join(f"{name}: {text} | " for name, text in told.items())
    return ["-" * (len(line) + 1), line, "-" * (len(line) + 1)]


def old() -> Made:
    """`training_log` of Megatron-LM 2.0: no clock, `decoupled` fields or throughput yet."""
    truth = Truth("Megatron-LM 2.0, as printed", left_out=("timers",))
    lines = []
    for step, row in rows(1, 13):
        told = {
            "consumed samples": f"{8 * step:12d}", "elapsed time per iteration (ms)": f"{300.5 + step:.1f}",
            "learning rate": f"{row['lr']:.3E}", "global batch size": f"{8:5d}",
            "lm loss": f"{row['train/loss']:.6E}", "sop loss": f"{0.6875:.6E}", "loss scale": f"{4294967296.0:.1f}",
            "grad norm": f"{row['grad_norm']:.3f}", "number of skipped iterations": f"{0:3d}",
            "number of nan iterations": f"{0:3d}",
        }  # fmt: skip
        lines.append(
            f" iteration {10 * step:8d}/{120:8d} | "
            + " | ".join(f"{name}: {text}" for name, text in told.items())
            + " |"
        )
        lines.append(
            "time (ms) | forward-compute: 100.25 | backward-compute: 150.5 | optimizer: 12.75 | batch-generator: 1.5"
        )
        truth.put(10 * step, {RENAMED.get(name, name): float(text) for name, text in told.items()})
    truth.roles = {
        "lm loss": "train_loss",
        "learning rate": "lr",
        "grad norm": "grad_norm",
        "loss scale": "loss_scale",
    }
    return lines, truth


def printer() -> Made:
    """`ProgressPrinter` of NeMo 2.3: a line for each logged iteration, the newest `val_loss` behind it."""
    truth = Truth("NeMo 2.3 ProgressPrinter, as printed")
    lines = []
    newest = ""
    for step, row in rows(0, 24):
        told = {
            "lr": f"{row['lr']:.4g}", "global_batch_size": "512", "global_step": str(step),
            "peak_memory(GB)": "50.05", "memory(GB)": "33.5", "reduced_train_loss": f"{row['train/loss']:.4g}",
            "train_step_timing in s": f"{12.5 + step / 10:.4g}", "consumed_samples": str(512 * (step + 1)),
        }  # fmt: skip
        if newest:
            told["val_loss"] = newest
        lines.append(
            f"Training epoch 0, iteration {step}/23 | "
            + " | ".join(f"{name}: {text}" for name, text in told.items())
        )
        if "eval/loss" in row:
            lines += [f"Validation: iteration {i}/2" for i in (1, 2)]
            newest = f"{row['eval/loss']:.4g}"
        kept = {NEMO.get(name, name): float(text) for name, text in told.items() if name != "global_step"}
        truth.put(step, kept)
    truth.roles = NEMO_ROLES
    return lines, truth


NEMO = {
    "peak_memory(GB)": "peak_memory",
    "memory(GB)": "memory",
    "train_step_timing in s": "train_step_timing in s",
}
NEMO_ROLES = {
    "reduced_train_loss": "train_loss", "val_loss": "val_loss", "lr": "lr", "global_batch_size": "batch_size",
    "consumed_samples": "tokens",
}  # fmt: skip


def bar() -> Made:
    """The bar of NeMo 1.22: no rate behind it; `global_step` counts the optimizer's steps."""
    truth = Truth("NeMo 1.22 bar, as printed")
    states = []
    for step, row in rows(0, 24, bad=False):
        told = {
            "reduced_train_loss": f"{row['train/loss']:.2f}", "global_step": f"{step:.3f}",
            "consumed_samples": f"{8 * (step + 1):.1f}", "train_step_timing in s": f"{1.25:.3f}",
        }  # fmt: skip
        metrics = ", ".join(f"{name}={text}" for name, text in told.items())
        share = f"{100 * (step + 1) // 24:3d}%|{'█' * (step // 6):4}| {step + 1}/24"
        states.append(f"Epoch 0: : {share} [00:{step:02}<01:00, v_num=, {metrics}]")
        truth.put(step, {name: float(text) for name, text in told.items() if name != "global_step"})
    truth.roles = {"reduced_train_loss": "train_loss", "consumed_samples": "tokens"}
    return ["\r".join(states)], truth
