"""Logs of detectron2, mmcv (mmdetection 2) and mmengine (mmdetection 3), written in the formats of their hooks."""

import json
from pathlib import Path

from tests.make_samples.curves import rows
from tests.make_samples.truth import Truth

N_ITERS = 12
"""Iterations of one epoch; a row at every second."""


def make(folder: Path) -> None:
    """Writes `detectron2/…`, `mmcv/…` and `mmengine/…`: JSON lines and text each."""
    for tool, write in (("detectron2", detectron2), ("mmcv", mmcv), ("mmengine", mmengine)):
        home = folder / tool
        home.mkdir(parents=True)
        names = {"detectron2": "metrics.json", "mmcv": "20220101_100000.log.json", "mmengine": "scalars.json"}
        versions = {
            "detectron2": "detectron2 0.6",
            "mmcv": "mmcv 1.7 LoggerHook",
            "mmengine": "mmengine 0.10 LoggerHook",
        }
        lines, text = [], []
        events = {"mmcv": ("derived",)}.get(tool, ())
        truths = Truth(f"{versions[tool]}, as dumped", events=events), Truth(f"{versions[tool]}, as printed")
        write(lines, text, *truths)
        for path, its, truth in (
            (home / names[tool], lines, truths[0]),
            (home / "stdout.txt", text, truths[1]),
        ):
            path.write_text("".join(f"{line}\n" for line in its), "utf-8")
            truth.write(path)


def detectron2(lines: list[str], text: list[str], dumped: Truth, printed: Truth) -> None:
    """`JSONWriter` (sorted keys) and `CommonMetricPrinter`, which skips a figure that it does not have."""
    for step, row in rows(0, 24):
        at = 20 * step + 19
        told = {
            "data_time": 0.0025, "loss_box_reg": 0.25, "loss_cls": row["train/loss"] - 0.25, "lr": row["lr"],
            "time": 0.25 + step / 100, "total_loss": row["train/loss"],
        }  # fmt: skip
        lines.append(json.dumps({**told, "iteration": at}, sort_keys=True))
        dumped.put(at, told)
        losses = {name: f"{told[name]:.4g}" for name in ("total_loss", "loss_cls", "loss_box_reg")}
        clock = f"\x1b[32m[01/02 03:04:{step + 10:02} d2.utils.events]: \x1b[0m"
        text.append(
            f"{clock} eta: 0:{59 - step:02}:07  iter: {at}  "
            + "  ".join(f"{name}: {value}" for name, value in losses.items())
            + f"    time: {told['time']:.4f}  last_time: 0.2600  data_time: 0.0025  last_data_time: 0.0026"
            f"   lr: {told['lr']:.5g}  max_mem: 2700M"
        )
        more = {"time": f"{told['time']:.4f}", "last_time": "0.2600", "data_time": "0.0025",
                "last_data_time": "0.0026", "lr": f"{told['lr']:.5g}"}  # fmt: skip
        printed.put(
            at, {name: float(value) for name, value in {**losses, **more}.items()} | {"max_mem": 2.7e9}
        )
        if "eval/loss" in row:
            lines.append(json.dumps({"bbox/AP": 37.125, "iteration": at}, sort_keys=True))
            dumped.put(at, {"bbox/AP": 37.125})
    dumped.roles = printed.roles = {"total_loss": "train_loss", "lr": "lr"}


def _epoch_of(step: int) -> tuple[int, int]:
    """Epoch from 1, and the iteration within it from 1, of a step from 1."""
    return (step - 1) // N_ITERS + 1, (step - 1) % N_ITERS + 1


def mmcv(lines: list[str], text: list[str], dumped: Truth, printed: Truth) -> None:
    """`TextLoggerHook` of mmcv 1.7: `iter` begins anew in each epoch; validation rows count its batches."""
    lines.append(json.dumps({"env_info": "sys.platform: linux", "seed": 0, "exp_name": "retinanet.py"}))
    for step, row in rows(1, 37, bad=False):
        epoch, at = _epoch_of(step)
        if at % 2:
            continue
        told = {"lr": row["lr"], "memory": 3000, "data_time": 0.0525, "loss_cls": row["train/loss"] - 0.5,
                "loss": row["train/loss"], "grad_norm": row["grad_norm"], "time": 0.5}  # fmt: skip
        told = {name: round(value, 5) for name, value in told.items()}
        lines.append(json.dumps({"mode": "train", "epoch": epoch, "iter": at, **told}))
        dumped.put(step, {"epoch": epoch, **told})
        clock = f"2022-01-01 10:00:{step:02},000 - mmdet - INFO - "
        shown = {"time": "0.500", "data_time": "0.052", "memory": "3000", "loss_cls": f"{told['loss_cls']:.4f}",
                 "loss": f"{told['loss']:.4f}", "grad_norm": f"{told['grad_norm']:.4f}"}  # fmt: skip
        text.append(
            f"{clock}Epoch [{epoch}][{at}/{N_ITERS}]\tlr: {told['lr']:.3e}, eta: 1 day, 2:03:04, "
            + ", ".join(f"{name}: {value}" for name, value in shown.items())
        )
        printed.put(
            step, {"lr": float(f"{told['lr']:.3e}"), **{name: float(value) for name, value in shown.items()}}
        )
        if at == N_ITERS:
            lines.append(
                json.dumps(
                    {"mode": "val", "epoch": epoch, "iter": 200, "lr": told["lr"], "bbox_mAP": 0.125 * epoch}
                )
            )
            dumped.put(step, {"epoch": epoch, "val/bbox_mAP": 0.125 * epoch})
            text.append(
                f"{clock}Epoch(val) [{epoch}][200]\tbbox_mAP: {0.125 * epoch:.4f}, bbox_mAP_50: 0.5000"
            )
            printed.put(step, {"validation bbox_mAP": 0.125 * epoch, "validation bbox_mAP_50": 0.5})
    dumped.roles = printed.roles = {"loss": "train_loss", "lr": "lr", "grad_norm": "grad_norm"}


def mmengine(lines: list[str], text: list[str], dumped: Truth, printed: Truth) -> None:
    """`LoggerHook` of mmengine 0.10: `step` counts on; the step of a validation row is its epoch."""
    for step, row in rows(1, 37, bad=False):
        epoch, at = _epoch_of(step)
        if at % 2:
            continue
        told = {"base_lr": row["lr"], "lr": row["lr"], "data_time": 0.0525, "grad_norm": row["grad_norm"],
                "loss": row["train/loss"], "loss_cls": row["train/loss"] - 0.5, "time": 0.5}  # fmt: skip
        lines.append(json.dumps({**told, "epoch": epoch, "iter": step, "memory": 3000, "step": step}))
        dumped.put(step, {**told, "epoch": epoch, "memory": 3000})
        clock = f"2023/01/01 10:00:{step:02} - mmengine - INFO - "
        shown = {"time": "0.5000", "data_time": "0.0525", "memory": "3000", "grad_norm": f"{told['grad_norm']:.4f}",
                 "loss": f"{told['loss']:.4f}", "loss_cls": f"{told['loss_cls']:.4f}"}  # fmt: skip
        text.append(
            f"{clock}Epoch(train)  [{epoch}][{at:2}/{N_ITERS}]  base_lr: {told['lr']:.4e} lr: {told['lr']:.4e}  "
            "eta: 1 day, 2:03:04  " + "  ".join(f"{name}: {value}" for name, value in shown.items())
        )
        printed.put(step, {"base_lr": float(f"{told['lr']:.4e}"), "lr": float(f"{told['lr']:.4e}"),
                           **{name: float(value) for name, value in shown.items()}})  # fmt: skip
        if at == N_ITERS:
            lines.append(
                json.dumps({"coco/bbox_mAP": 0.125 * epoch, "data_time": 0.01, "time": 0.05, "step": epoch})
            )
            dumped.put(step, {"coco/bbox_mAP": 0.125 * epoch, "data_time": 0.01, "time": 0.05})
            text.append(
                f"{clock}Epoch(val)  [{epoch}][200/200]    coco/bbox_mAP: {0.125 * epoch:.4f}  data_time: 0.0100"
                "  time: 0.0500"
            )
            printed.put(
                step,
                {
                    "validation coco/bbox_mAP": 0.125 * epoch,
                    "validation data_time": 0.01,
                    "validation time": 0.05,
                },
            )
    dumped.roles = printed.roles = {"loss": "train_loss", "lr": "lr", "grad_norm": "grad_norm"}
