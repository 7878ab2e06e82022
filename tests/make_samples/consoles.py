"""Console lines of torchtitan, torchtune, nanotron and Composer, written in the formats of their loggers.

The libraries need accelerators or a distributed launch, so nothing is run: each function says whose lines
it spells, and of which version.
"""

import itertools
from pathlib import Path

from tests.make_samples.curves import rows
from tests.make_samples.truth import Truth


def make(folder: Path) -> None:
    """Writes `torchtitan/stdout.txt`, `torchtune/log.txt`, `nanotron/stdout.txt` and `composer/…`."""
    for name, write in (
        ("torchtitan/stdout.txt", torchtitan), ("torchtune/log.txt", torchtune),
        ("nanotron/stdout.txt", nanotron), ("composer/stderr.txt", composer_console),
        ("composer/file.txt", composer_file),
    ):  # fmt: skip
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines, truth = write()
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        truth.write(path)


Made = tuple[list[str], Truth]


def torchtitan() -> Made:
    """`MetricsProcessor` of torchtitan 0.2: colours even in files; memory's percent is left out."""
    truth = Truth("torchtitan 0.2, as printed", left_out=("percent of memory",))
    lines = ["[titan] 2025-01-02 03:04:05,678 - root - INFO - Training starts at step 1"]
    for step, row in rows(1, 21):
        clock = f"[titan] 2025-01-02 03:04:{step + 10:02},678 - root - INFO - "
        loss, norm = f"{row['train/loss']:7.4f}", f"{row['grad_norm']:7.4f}"
        memory, tps, tflops, mfu = f"{2.5 + step / 100:5.2f}", 9000 + 137 * step, 1250.5 + step, 30.25
        lines.append(
            f"{clock}\x1b[31mstep: {step:2}  \x1b[32mloss: {loss}  \x1b[38;2;180;60;0mgrad_norm: {norm}  "
            f"\x1b[36mmemory: {memory}GiB(3.15%)  \x1b[34mtps: {tps:,}  \x1b[36mtflops: {tflops:,.2f}  "
            f"\x1b[35mmfu: {mfu:.2f}%\x1b[39m"
        )
        told = {"loss": loss, "grad_norm": norm, "memory": memory, "tps": tps, "tflops": tflops, "mfu": mfu}
        truth.put(step, {name: float(value) for name, value in told.items()})
        if "eval/loss" in row:
            val = f"{row['eval/loss']:7.4f}"
            lines.append(
                f"{clock}\x1b[33mvalidate step: {step:2}  \x1b[32mloss: {val}  \x1b[36mmemory: {memory}GiB(3.15%)  "
                f"\x1b[34mtps: {tps:,}\x1b[39m"
            )
            told = {"validation loss": val, "validation memory": memory, "validation tps": tps}
            truth.put(step, {name: float(value) for name, value in told.items()})
    truth.roles = {
        "loss": "train_loss", "validation loss": "val_loss", "grad_norm": "grad_norm", "tps": "throughput",
    }  # fmt: skip
    return lines, truth


def torchtune() -> Made:
    """`DiskLogger.log_dict` of torchtune 0.6; a single metric is logged by `log`."""
    truth = Truth("torchtune 0.6 DiskLogger, as printed")
    lines = []
    for step, row in rows(1, 21):
        told = {
            "loss": row["train/loss"], "lr": row["lr"], "tokens_per_second_per_gpu": 1234.5625 + step,
            "peak_memory_active": 6.25, "grad_norm": row["grad_norm"],
        }  # fmt: skip
        lines.append(f"Step {step} | " + "".join(f"{name}:{value} " for name, value in told.items()))
        truth.put(step, told)
        if "eval/loss" in row:
            lines.append(f"Step {step} | val_loss:{row['eval/loss']}")
            truth.put(step, {"val_loss": row["eval/loss"]})
    truth.roles = {
        "loss": "train_loss", "val_loss": "val_loss", "lr": "lr", "grad_norm": "grad_norm",
        "tokens_per_second_per_gpu": "throughput",
    }  # fmt: skip
    return lines, truth


def short(number: float) -> tuple[str, float]:
    """A number in three digits with K, M, B, T, and what it then is."""
    if not abs(number) >= 1:
        return f"{number:.3g}", float(f"{number:.3g}")
    kept = float(f"{number:.3g}")
    if kept in (float("inf"), float("-inf")):
        return str(kept) + "E", kept
    powers = next(n for n in itertools.count() if abs(kept) < 1000 ** (n + 1))
    spelled = f"{kept / 1000.0**powers:f}".rstrip("0").rstrip(".")
    return spelled + ("", "K", "M", "B", "T")[powers], float(spelled) * 1000.0**powers


def nanotron() -> Made:
    """`LoggerWriter.add_scalars_from_list` of nanotron 0.5, numbers in its `human_format`."""
    truth = Truth("nanotron 0.5, as printed")
    lines = [
        "\x1b[2;3m01/02 03:04:05 [INFO|DP=0]\x1b[0m: [Start training] global_batch_size: 64 | iteration_step: 0"
    ]
    for step, row in rows(1, 21, bad=False):
        items = {
            "consumed_tokens": 1048576 * step, "elapsed_time_per_iteration_ms": 1250.25 + step,
            "tokens_per_sec": 839000.0 + 1000 * step, "tokens_per_sec_per_gpu": 104900.0 + step,
            "global_batch_size": 64, "lm_loss": row["train/loss"] if step != 12 else float("nan"),
            "lr": row["lr"], "model_tflops_per_gpu": 41.2345, "hardware_tflops_per_gpu": 45.5,
            "grad_norm": row["grad_norm"],
        }  # fmt: skip
        told = {name: short(value) for name, value in items.items()}
        lines.append(
            f"\x1b[2;3m01/02 03:04:{step + 10:02} [INFO|DP=0]\x1b[0m: iteration: {step} / 20 | "
            + " | ".join(f"{name}: {spelled}" for name, (spelled, _) in told.items())
        )
        truth.put(step, {name: value for name, (_, value) in told.items()})
    truth.roles = {
        "lm_loss": "train_loss", "lr": "lr", "grad_norm": "grad_norm", "consumed_tokens": "tokens",
        "tokens_per_sec": "throughput", "global_batch_size": "batch_size",
    }  # fmt: skip
    return lines, truth


def composer_value(value: float) -> str:
    """Numbers as `format_log_data_value` of Composer 0.32 spells them."""
    return f"{value:.4f}" if value != 0 and not value.is_integer() else str(value)


def composer_console() -> Made:
    """`ConsoleLogger` of Composer 0.32: a header, then a line a metric."""
    truth = Truth("composer 0.32 ConsoleLogger, as printed")
    lines = ["*" * 30, "Config:", "num_nodes: 1", "rank_zero_seed: 17", "*" * 30]
    for step, row in rows(1, 13):
        lines.append(f"[batch={step}/12]:")
        told = {
            "Train time/batch": float(step - 1), "Train loss/train/total": row["train/loss"],
            "Train lr-DecoupledAdamW/group0": row["lr"], "Train metrics/train/LanguageCrossEntropy": row["train/loss"],
        }  # fmt: skip
        lines += [f"\t {name}: {composer_value(value)}" for name, value in told.items()]
        truth.put(step, {name: float(composer_value(value)) for name, value in told.items()})
        if "eval/loss" in row:
            lines += ["[Eval batch=1/2] Eval on eval data", "[Eval batch=2/2] Eval on eval data:"]
            told = {"Eval metrics/eval/LanguageCrossEntropy": row["eval/loss"]}
            lines += [f"\t {name}: {composer_value(value)}" for name, value in told.items()]
            truth.put(step, {name: float(composer_value(value)) for name, value in told.items()})
    truth.roles = {
        "Train loss/train/total": "train_loss", "Eval metrics/eval/LanguageCrossEntropy": "val_loss",
        "Train lr-DecoupledAdamW/group0": "lr",
    }  # fmt: skip
    return lines, truth


def composer_file() -> Made:
    """`FileLogger` of Composer 0.32: the batch stands in the prefix of each metric."""
    truth = Truth("composer 0.32 FileLogger, as printed")
    lines = ["[hyperparameter]: num_nodes: 1 ", "[hyperparameter]: rank_zero_seed: 17 "]
    for step, row in rows(1, 13):
        told = {
            "loss/train/total": row["train/loss"], "lr-DecoupledAdamW/group0": row["lr"],
            "l2_norm/grad/global": row["grad_norm"],
        }  # fmt: skip
        if "eval/loss" in row:
            told["metrics/eval/LanguageCrossEntropy"] = row["eval/loss"]
        lines += [f"[metric][batch={step}]: {name}: {composer_value(value)} " for name, value in told.items()]
        truth.put(step, {name: float(composer_value(value)) for name, value in told.items()})
    truth.roles = {
        "loss/train/total": "train_loss", "metrics/eval/LanguageCrossEntropy": "val_loss",
        "lr-DecoupledAdamW/group0": "lr", "l2_norm/grad/global": "grad_norm",
    }  # fmt: skip
    return lines, truth
