"""Event files that tensorboard and tensorboardX write here and now: our reader says what tensorboard's own says."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

N_STEPS = 600
Points = list[tuple[int, float, float]]


def values_of(step: int) -> dict[str, float]:
    row = {"train/loss": 3 / (step + 1), "lr": 1e-3 * step}
    if step % 100 == 99:
        row |= {"eval/loss": 2.5 / step, "grad_norm": math.nan if step == 299 else 1.5}
    return row


def by_tensorboardx(folder: Path) -> None:
    library = pytest.importorskip("tensorboardX")
    with library.SummaryWriter(str(folder)) as writer:
        for step in range(N_STEPS):
            for name, value in values_of(step).items():
                writer.add_scalar(name, value, step)
            if step % 200 == 0:
                writer.add_text("note", "some words", step)


def by_tensorboard(folder: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.plugins.scalar.summary_v2 import scalar_pb
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(folder))
    for step in range(N_STEPS):
        for name, value in values_of(step).items():
            writer.add_event(Event(wall_time=1.7e9 + step, step=step, summary=scalar_pb(name, value)))
    writer.close()


WRITERS: list[Callable[[Path], None]] = [by_tensorboardx, by_tensorboard]


def as_tensorboard_reads(folder: Path) -> dict[str, Points]:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    accumulator: Any = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    accumulator.Reload()
    found: dict[str, Points] = {}
    for tag in accumulator.Tags()["scalars"]:
        found[tag] = [(e.step, e.wall_time, e.value) for e in accumulator.Scalars(tag)]
    for tag in accumulator.Tags()["tensors"]:
        events = accumulator.Tensors(tag)
        if make_ndarray(events[0].tensor_proto).dtype.kind == "f":
            found[tag] = [(e.step, e.wall_time, float(make_ndarray(e.tensor_proto))) for e in events]
    return found


def read(folder: Path) -> Run:
    (log,) = find(folder)
    return collect(log)


@pytest.mark.parametrize("write", WRITERS)
def test_every_point_is_what_tensorboard_reads(tmp_path: Path, write: Callable[[Path], None]) -> None:
    write(tmp_path)
    run = read(tmp_path)
    expected = as_tensorboard_reads(tmp_path)
    assert set(run.curves) == set(expected) == {"train/loss", "lr", "eval/loss", "grad_norm"}
    for tag, points in expected.items():
        curve = run.curves[tag]
        assert curve.steps.tolist() == [step for step, _, _ in points]
        assert np.array_equal(curve.values, [value for _, _, value in points], equal_nan=True)
    assert all(not told.warning for told in run.events)


def test_a_writer_is_followed(tmp_path: Path) -> None:
    library = pytest.importorskip("tensorboardX")
    with library.SummaryWriter(str(tmp_path)) as writer:
        writer.add_scalar("loss", 1.0, 0)
        writer.flush()
        chunks = find(tmp_path)[0].follow()
        steps: list[int] = []
        for step in range(1, 30):
            writer.add_scalar("loss", 1.0 / step, step)
            writer.flush()
            steps += idle(chunks)
    assert steps + idle(chunks) == list(range(30))


def idle(chunks: Any) -> list[int]:
    """The steps of what comes until nothing comes."""
    steps: list[int] = []
    for chunk in chunks:
        if not chunk.n_rows and not chunk.events:
            return steps
        steps += chunk.steps.tolist()
    return steps
