"""Dicts that trainers print and dump: TRL and axolotl (transformers' console), LLaMA-Factory's `trainer_log.jsonl`."""

import json
from pathlib import Path

from tests.make_samples.curves import rows
from tests.make_samples.truth import Truth

Made = tuple[list[str], Truth]


def make(folder: Path) -> None:
    """Writes `trl/stdout.txt`, `axolotl/stdout.txt`, `llamafactory/trainer_log.jsonl` and `…/old.jsonl`."""
    for name, write in (
        ("trl/stdout.txt", trl), ("axolotl/stdout.txt", axolotl),
        ("llamafactory/trainer_log.jsonl", llamafactory), ("llamafactory/old.jsonl", old_llamafactory),
    ):  # fmt: skip
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines, truth = write()
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        truth.write(path)


def _printed(told: dict[str, object]) -> str:
    """Numbers as Python's repr spells them, which transformers 4 prints."""
    return str({name: round(value, 4) if isinstance(value, float) else value for name, value in told.items()})


def trl() -> Made:
    """SFTTrainer of TRL 0.20 on transformers 4.56; no step is printed."""
    truth = Truth("trl 0.20 on transformers 4.56, as printed", has_steps=False, events=("missing_step",))
    lines = []
    for step, row in rows(0, 20):
        told: dict[str, object] = {
            "loss": round(row["train/loss"], 4), "grad_norm": row["grad_norm"], "learning_rate": row["lr"],
            "entropy": 1.5625, "num_tokens": 4096.0 * (step + 1), "mean_token_accuracy": 0.75, "epoch": (step + 1) / 20,
        }  # fmt: skip
        lines.append(str(told))
        truth.put(step, told)
        if "eval/loss" in row:
            told = {"eval_loss": row["eval/loss"], "eval_runtime": 0.0125, "eval_mean_token_accuracy": 0.7,
                    "epoch": (step + 1) / 20}  # fmt: skip
            lines.append(str(told))
            truth.put(step, told)
    lines.append(
        "{'train_runtime': 12.5, 'train_samples_per_second': 12.8, 'train_loss': 2.25, 'epoch': 1.0}"
    )
    summary = {"train_runtime": 12.5, "train_samples_per_second": 12.8, "train_loss": 2.25, "epoch": 1.0}
    truth.put(19, {f"summary {name}": value for name, value in summary.items()})
    truth.roles = {"loss": "train_loss", "eval_loss": "val_loss", "learning_rate": "lr", "grad_norm": "grad_norm",
                   "entropy": "entropy", "num_tokens": "tokens", "mean_token_accuracy": "accuracy",
                   "eval_mean_token_accuracy": "val_accuracy"}  # fmt: skip
    return lines, truth


def axolotl() -> Made:
    """axolotl 0.12 on transformers 5: every number is quoted, bars stand between the dicts."""
    truth = Truth("axolotl 0.12 on transformers 5, as printed", has_steps=False, events=("missing_step",))
    lines = [
        "[2025-01-02 03:04:05,678] [INFO] [axolotl.train.execute_training:236] [PID:42] [RANK:0] Starting trainer..."
    ]
    for step, row in rows(0, 20):
        told = {
            "loss": f"{row['train/loss']:.4g}", "grad_norm": f"{row['grad_norm']:.4g}",
            "learning_rate": f"{row['lr']:.4g}", "ppl": "9.125", "memory/max_active (GiB)": "10.25",
            "tokens/train_per_sec_per_gpu": "1234.5", "epoch": f"{(step + 1) / 20:.4g}",
        }  # fmt: skip
        bar = f"{5 * (step + 1):3}%|{'█' * (step // 2):10}| {step + 1}/20 [00:{step:02}<00:20,  1.00s/it]"
        lines += [f"\r{bar}" + " " * 30, str(told)]
        truth.put(step, {AXOLOTL.get(name, name): float(text) for name, text in told.items()})
    truth.roles = {"loss": "train_loss", "learning_rate": "lr", "grad_norm": "grad_norm", "ppl": "perplexity",
                   "tokens/train_per_sec_per_gpu": "throughput"}  # fmt: skip
    return lines, truth


AXOLOTL = {"memory/max_active (GiB)": "memory/max_active"}


def llamafactory() -> Made:
    """`LogCallback` of LLaMA-Factory 0.9.3: what is None is left out; the last row has neither loss nor rate."""
    left_out = ("elapsed_time", "remaining_time")
    truth = Truth("LLaMA-Factory 0.9.3, as dumped", left_out=left_out)
    lines = []
    for step, row in rows(1, 21):
        at = 5 * step
        head = {"current_steps": at, "total_steps": 100}
        tail = {
            "epoch": at / 50,
            "percentage": float(at),
            "elapsed_time": f"0:00:{step:02}",
            "remaining_time": "0:01:00",
        }
        told = {
            "loss": row["train/loss"],
            "lr": row["lr"],
            **tail,
            "throughput": 1234.5,
            "total_tokens": 4096 * at,
        }
        lines.append(json.dumps({**head, **told}))
        truth.put(at, _points({**head, **told}))
        if "eval/loss" in row:
            lines.append(json.dumps({**head, "eval_loss": row["eval/loss"], **tail}))
            truth.put(at, _points({**head, "eval_loss": row["eval/loss"], **tail}))
    lines.append(json.dumps({**head, **tail}))
    truth.put(100, _points({**head, **tail}))
    truth.roles = {"loss": "train_loss", "eval_loss": "val_loss", "lr": "lr", "total_tokens": "tokens",
                   "throughput": "throughput"}  # fmt: skip
    return lines, truth


def old_llamafactory() -> Made:
    """The same of 0.6: nulls for what was not logged."""
    truth = Truth("LLaMA-Factory 0.6, as dumped", events=("bad_value", "bad_value"))
    lines = []
    for step, row in rows(1, 21):
        told = {
            "current_steps": 5 * step, "total_steps": 100, "loss": row["train/loss"], "eval_loss": None,
            "predict_loss": None, "reward": None, "accuracy": None, "learning_rate": row["lr"], "epoch": step / 10,
            "percentage": 5.0 * step, "elapsed_time": "0:00:01", "remaining_time": "0:01:00",
        }  # fmt: skip
        lines.append(json.dumps(told))
        truth.put(5 * step, _points(told))
        if "eval/loss" in row:
            told |= {"loss": None, "learning_rate": None, "eval_loss": row["eval/loss"]}
            lines.append(json.dumps(told))
            truth.put(5 * step, _points(told))
    truth.roles = {"loss": "train_loss", "eval_loss": "val_loss", "learning_rate": "lr"}
    return lines, truth


def _points(row: dict[str, object]) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in row.items()
        if isinstance(value, int | float) and name not in ("current_steps",)
    }
