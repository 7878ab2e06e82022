"""Tables of ultralytics, AlgoPerf and DeepSpeed's csv monitor, written in the formats of their loggers."""

import csv
import io
from pathlib import Path

from tests.make_samples.curves import rows
from tests.make_samples.truth import Truth


def make(folder: Path) -> None:
    """Writes `ultralytics/…`, `algoperf/measurements.csv` and the folder `deepspeed/job`."""
    for name in ("ultralytics", "algoperf", "deepspeed/job"):
        (folder / name).mkdir(parents=True)
    ultralytics(folder / "ultralytics" / "results.csv", is_padded=False)
    ultralytics(folder / "ultralytics" / "padded.csv", is_padded=True)
    algoperf(folder / "algoperf" / "measurements.csv")
    deepspeed(folder / "deepspeed" / "job")


ULTRALYTICS = (
    "train/box_loss",
    "train/cls_loss",
    "metrics/mAP50(B)",
    "val/box_loss",
    "val/cls_loss",
    "lr/pg0",
)


def ultralytics(path: Path, *, is_padded: bool) -> None:
    """`results.csv` of ultralytics 8.3; until 8.2 each cell was padded to 23 characters."""
    truth = Truth(f"ultralytics {'8.1' if is_padded else '8.3'} results.csv")
    names = ("epoch", "time", *ULTRALYTICS)
    lines = [",".join(f"{name:>23}" for name in names) if is_padded else ",".join(names)]
    for step, row in rows(1, 13):
        loss = row["train/loss"]
        cells = dict(
            zip(ULTRALYTICS, (loss, loss / 2, 0.5, 1.5 + 1 / step, 1.25 + 1 / step, row["lr"]), strict=True)
        )
        spelled = {
            "epoch": f"{step}",
            "time": f"{12.5 * step:.6g}",
            **{k: f"{v:.6g}" for k, v in cells.items()},
        }
        lines.append(",".join(f"{cell:>23}" if is_padded else cell for cell in spelled.values()))
        truth.put(step, {name: float(cell) for name, cell in spelled.items() if name != "epoch"})
    path.write_text("\n".join(lines) + "\n", "utf-8")
    truth.roles = {"train/box_loss": "loss_part", "val/box_loss": "val_loss_part", "train/cls_loss": "loss_part",
                   "val/cls_loss": "val_loss_part", "lr/pg0": "lr"}  # fmt: skip
    truth.write(path)


ALGOPERF = (
    "train/accuracy", "train/loss", "validation/accuracy", "validation/loss", "test/accuracy", "test/loss", "score",
    "total_duration", "accumulated_submission_time", "preemption_count", "global_step", "loss", "grad_norm",
)  # fmt: skip


def algoperf(path: Path) -> None:
    """`measurements.csv` of AlgoPerf 0.6: rows of training and of evaluations, empty where the other stands."""
    truth = Truth("AlgoPerf 0.6 measurements.csv")
    text = io.StringIO()
    table = csv.DictWriter(text, ALGOPERF, lineterminator="\n")
    table.writeheader()
    for step, row in rows(0, 24):
        at = 100 * step
        told = {"loss": row["train/loss"], "grad_norm": row["grad_norm"]}
        if "eval/loss" in row:
            val = row["eval/loss"]
            told = {
                "train/accuracy": 0.5, "train/loss": val - 0.25, "validation/accuracy": 0.375, "validation/loss": val,
                "test/accuracy": 0.25, "test/loss": val + 0.125, "score": 12.5 * step, "total_duration": 14.5 * step,
                "accumulated_submission_time": 12.5 * step, "preemption_count": 0,
            }  # fmt: skip
        table.writerow({**told, "global_step": at})
        truth.put(at, told)
    path.write_text(text.getvalue(), "utf-8")
    truth.roles = {"validation/loss": "val_loss", "test/loss": "test_loss", "grad_norm": "grad_norm",
                   "validation/accuracy": "val_accuracy", "loss": "train_loss"}  # fmt: skip
    truth.write(path)


def deepspeed(home: Path) -> None:
    """`csvMonitor` of DeepSpeed 0.17: a file a metric, whose step counts samples; a resumed run repeats the header."""
    truth = Truth("DeepSpeed 0.17 csv monitor", events=("resume",))
    tags = {"train/loss": "Train/Samples/train_loss", "lr": "Train/Samples/lr"}
    (home / "deepspeed_config.csv").write_text("key,value\ntrain_batch_size,32\nsteps_per_print,1\n", "utf-8")
    for start, stop in ((0, 12), (10, 24)):
        for step, row in rows(start, stop):
            told = {tags[name]: row[name] for name in tags} | {"Train/Samples/loss_scale": 65536.0}
            for tag, value in told.items():
                path = home / f"{tag.replace('/', '_')}.csv"
                with path.open("a", encoding="utf-8", newline="") as lines:
                    table = csv.writer(lines)
                    if step == start:
                        table.writerow(["step", tag.rpartition("/")[2]])
                    table.writerow([32 * step, value])
            truth.put(32 * step, {tag.rpartition("/")[2]: value for tag, value in told.items()})
    truth.roles = {"train_loss": "train_loss", "lr": "lr", "loss_scale": "loss_scale"}
    truth.write(home)
