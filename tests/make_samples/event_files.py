"""TensorBoard event files: torch's SummaryWriter, tensorboardX, TensorFlow 2's layout, accelerate."""

import json
import shutil
from pathlib import Path

import accelerate
import numpy as np
import tensorboard
import tensorboardX
import torch
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.plugins.histogram.summary_v2 import histogram_pb
from tensorboard.plugins.scalar.metadata import create_summary_metadata
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util.tensor_util import make_tensor_proto
from tests.make_samples.clock import stopped
from tests.make_samples.curves import rows
from tests.make_samples.truth import Truth
from torch.utils.tensorboard import SummaryWriter

TORCH = f"torch {torch.__version__} SummaryWriter"


def make(folder: Path) -> None:
    """Writes every sample of this file below `folder`."""
    torch_scalars(folder / "torch" / "scalars")
    torch_resumed(folder / "torch" / "resumed")
    torch_add_scalars(folder / "torch" / "add_scalars")
    torch_hparams(folder / "torch" / "hparams")
    torch_tensors(folder / "torch" / "tensors")
    torch_doubles(folder / "torch" / "doubles")
    torch_histograms(folder / "torch" / "histograms")
    tf2_histograms(folder / "tf2" / "histograms")
    tensorboardx_scalars(folder / "tensorboardX" / "scalars")
    tf2(folder / "tf2" / "float32", np.float32, every=True)
    tf2(folder / "tf2" / "float64", np.float64, every=False)
    tf2(folder / "tf2" / "float16", np.float16, every=True)
    accelerate_log(folder / "accelerate" / "run")


def renamed(folder: Path, number: int = 1) -> None:
    """Gives the newest event file of `folder` a name without the machine's."""
    (new,) = (path for path in folder.glob("events.out.tfevents.*") if not path.name.endswith(".host"))
    new.rename(folder / f"events.out.tfevents.{number}.host")


def torch_scalars(folder: Path) -> None:
    """`add_scalar` in the old and the new style, NaN and infinities, a text between."""
    truth = Truth(TORCH, dtype="float32", events=("passed_over",))
    with stopped() as clock, SummaryWriter(str(folder)) as writer:
        for step, row in rows():
            clock.tick()
            for name, value in row.items():
                writer.add_scalar(name, value, step, new_style=name == "grad_norm")
            truth.put(step, row)
            if step == 8:
                writer.add_text("note", "half way", step)
    renamed(folder)
    truth.write(folder)


def torch_resumed(folder: Path) -> None:
    """Steps 0…23, then a second writer with `purge_step=16` goes on from there to 31."""
    truth = Truth(TORCH, dtype="float32", events=("resume", "purged"))
    for number, (start, stop) in enumerate(((0, 24), (16, 32)), 1):
        purge = None if number == 1 else start
        with stopped() as clock, SummaryWriter(str(folder), purge_step=purge) as writer:
            for step, row in rows(start, stop, shift=0.01 * number, bad=False):
                clock.tick()
                for name, value in row.items():
                    writer.add_scalar(name, value, step)
                truth.put(step, row)
        renamed(folder, number)
    truth.write(folder)


def torch_add_scalars(folder: Path) -> None:
    """`add_scalars`: one folder a series, all with the same tag."""
    truth = Truth(f"{TORCH}.add_scalars", dtype="float32")
    with stopped() as clock, SummaryWriter(str(folder)) as writer:
        for step, row in rows(stop=12, bad=False):
            clock.tick()
            both = {"train": row["train/loss"], "val": row["train/loss"] + 0.25}
            writer.add_scalars("loss", both, step)
            truth.put(step, {f"loss/{part}": value for part, value in both.items()})
    truth.roles = {"loss/train": "train_loss", "loss/val": "val_loss"}
    renamed(folder)
    for part in ("train", "val"):
        renamed(folder / f"loss_{part}")
    truth.write(folder)


def torch_hparams(folder: Path) -> None:
    """`add_hparams` at the end: a folder named by the time, with settings and a last figure."""
    truth = Truth(f"{TORCH}.add_hparams", dtype="float32", events=("passed_over",))
    with stopped() as clock, SummaryWriter(str(folder)) as writer:
        for step, row in rows(stop=12, bad=False):
            clock.tick()
            writer.add_scalar("train/loss", row["train/loss"], step)
            truth.put(step, {"train/loss": row["train/loss"]})
        settings = {"lr": 0.5, "optimizer": "adam", "amp": True}
        writer.add_hparams(settings, {"hparam/accuracy": 0.75}, run_name="1700000000.25")
        truth.put(0, {"hparam/accuracy": 0.75})
    renamed(folder)
    renamed(folder / "1700000000.25")
    truth.write(folder)


def torch_tensors(folder: Path) -> None:
    """`add_tensor` of one element in every type that has a number; the values are whole or halves."""
    truth = Truth(f"{TORCH}.add_tensor")
    kinds = ("half", "bfloat16", "float32", "float64", "int8", "int32", "int64", "uint8")
    with stopped() as clock, SummaryWriter(str(folder)) as writer:
        for step in range(4):
            clock.tick()
            row = {kind: 1.5 - step if "float" in kind or kind == "half" else float(step) for kind in kinds}
            for kind, value in row.items():
                writer.add_tensor(kind, torch.tensor(value, dtype=getattr(torch, kind)), step)
            truth.put(step, row)
    renamed(folder)
    truth.write(folder)


def torch_doubles(folder: Path) -> None:
    """`add_scalar` with double precision: nothing is lost."""
    truth = Truth(f"{TORCH}, double precision")
    with stopped() as clock, SummaryWriter(str(folder)) as writer:
        for step, row in rows(stop=16):
            clock.tick()
            for name, value in row.items():
                writer.add_scalar(name, value, step, new_style=True, double_precision=True)
            truth.put(step, row)
    renamed(folder)
    truth.write(folder)


def drawn(step: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """The weights of a layer at a step, which widen: float64[500]."""
    return np.random.default_rng(step).normal(0.1 * step, 1 + step, 500)


def torch_histograms(folder: Path) -> None:
    """`add_histogram` with many and with few buckets."""
    with stopped() as clock, SummaryWriter(str(folder)) as writer:
        for step in range(4):
            clock.tick()
            writer.add_histogram("fine", drawn(step), step, bins=60)
            writer.add_histogram("coarse", drawn(step), step, bins=30)
    renamed(folder)
    _write_weights(folder, ("fine", "coarse"))


def tf2_histograms(folder: Path) -> None:
    """Histograms as tensors of 30 buckets, as TensorFlow 2 writes them."""
    with stopped() as clock:
        writer = EventFileWriter(str(folder))
        for step in range(4):
            clock.tick()
            summary = histogram_pb("coarse", drawn(step))
            writer.add_event(Event(wall_time=clock.now, step=step, summary=summary))
        writer.close()
    renamed(folder)
    _write_weights(folder, ("coarse",))


def _write_weights(folder: Path, tags: tuple[str, ...]) -> None:
    """Writes the quantiles of what was handed over as `<folder>.quantiles.json`: tag -> percent -> values."""
    percents = (0, 5, 25, 50, 75, 95, 100)
    found = {
        str(percent): [round(float(np.percentile(drawn(step), percent)), 9) for step in range(4)]
        for percent in percents
    }
    text = json.dumps({"steps": [0, 1, 2, 3], "tags": tags, "quantiles": found})
    folder.with_name(folder.name + ".quantiles.json").write_text(text + "\n", "utf-8")


def tensorboardx_scalars(folder: Path) -> None:
    """tensorboardX, whose tags lose the characters that it takes for unsafe."""
    truth = Truth(f"tensorboardX {tensorboardX.__version__} SummaryWriter", dtype="float32")
    with stopped() as clock, tensorboardX.SummaryWriter(str(folder)) as writer:
        for step, row in rows():
            clock.tick()
            for name, value in row.items():
                writer.add_scalar(name.replace("eval/loss", "eval loss (%)"), value, step)
            truth.put(step, {name.replace("eval/loss", "eval_loss____"): x for name, x in row.items()})
    renamed(folder)
    truth.write(folder)


def tf2(folder: Path, dtype: type[np.floating], *, every: bool) -> None:
    """Scalars as tensors.  `every`: the metadata stand in every event, else in a tag's first alone.

    float32 as raw content, which is what TensorFlow writes; the others as typed values.
    """
    truth = Truth(f"tensorboard {tensorboard.__version__} EventFileWriter, tensors", dtype=dtype.__name__)
    with stopped() as clock:
        writer = EventFileWriter(str(folder))
        seen: set[str] = set()
        for step, row in rows(stop=16):
            clock.tick()
            for name, number in row.items():
                writer.add_event(
                    _tensor_event(clock.now, step, name, dtype(number), every or name not in seen)
                )
                seen.add(name)
            truth.put(step, row)
        writer.close()
    renamed(folder)
    truth.write(folder)


def _tensor_event(wall: float, step: int, tag: str, number: np.floating, has_metadata: bool) -> Event:
    metadata = create_summary_metadata("", "") if has_metadata else None
    tensor = make_tensor_proto(number)
    if number.dtype == np.float32:
        tensor = TensorProto(
            dtype=tensor.dtype, tensor_shape=tensor.tensor_shape, tensor_content=number.tobytes()
        )
    value = Summary.Value(tag=tag, tensor=tensor, metadata=metadata)
    return Event(wall_time=wall, step=step, summary=Summary(value=[value]))


def accelerate_log(folder: Path) -> None:
    """accelerate's TensorBoard tracker; the files of its settings are left away."""
    truth = Truth(f"accelerate {accelerate.__version__} tensorboard tracker", dtype="float32")
    with stopped() as clock:
        accelerator = accelerate.Accelerator(log_with="tensorboard", project_dir=str(folder.parent), cpu=True)
        accelerator.init_trackers(folder.name, config={"lr": 3e-4})
        for step, row in rows(stop=12):
            clock.tick()
            accelerator.log(row, step=step)
            truth.put(step, row)
        accelerator.end_training()
    for inner in [path for path in folder.iterdir() if path.is_dir()]:
        shutil.rmtree(inner)
    renamed(folder)
    truth.write(folder)
