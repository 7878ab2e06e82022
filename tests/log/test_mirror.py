"""The mirror: event files that TensorBoard and our own reader take as any other."""

import math
import os
from pathlib import Path

import numpy as np
import pytest
from tests.log.written import rows, telling

import descentry
from descentry.formats.run_folder import MIRROR
from descentry.log import appender

VALUES = [2.5, math.nan, math.inf, -math.inf, 1e300, 0.1, -3, 2**60, 1e-310]


def mirrored(folder: Path, mirror: bool | Path = True) -> descentry.Log:
    with telling(), descentry.Log(folder, mirror_tensorboard=mirror) as log:
        for step, value in enumerate(VALUES):
            log.write(step, {"train/loss": value, "lr": 1e-3})
        log.write(10**12, {"näme": np.float32(0.5)}, odd_=True)
        log.write(-1, lr=2.0)
    return log


def as_single(value: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.float32(value))


def test_our_reader_takes_the_mirror(tmp_path: Path) -> None:
    log = mirrored(tmp_path / "a")
    run = descentry.read(log.folder / MIRROR)
    assert run.format == "tensorboard"
    # The last row goes back to step -1, which is told.
    assert [event.kind for event in run.events if event.warning] == ["resume"]
    assert run.curves["train/loss"].steps.tolist() == list(range(len(VALUES)))
    assert repr(run.curves["train/loss"].values.tolist()) == repr([as_single(x) for x in VALUES])
    assert run.curves["näme"].steps.tolist() == [10**12]
    assert run.curves["lr"].steps.tolist()[-1] == -1


def test_the_folder_is_one_run_all_the_same(tmp_path: Path) -> None:
    mirrored(tmp_path / "a")
    (run,) = descentry.runs(tmp_path)
    assert (run.run, run.format) == ("a", "descentry")


def test_the_mirror_may_stand_elsewhere(tmp_path: Path) -> None:
    mirrored(tmp_path / "a", tmp_path / "tb" / "a")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["metrics.jsonl"]
    assert {run.format for run in descentry.runs(tmp_path)} == {"descentry", "tensorboard"}


def test_each_session_writes_a_file_of_its_own(tmp_path: Path) -> None:
    mirrored(tmp_path / "a")
    mirrored(tmp_path / "a")
    assert len(list((tmp_path / "a" / MIRROR).iterdir())) == 2


def test_a_mirror_that_fails_costs_the_log_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / MIRROR).write_text("in the way")
    with telling("cannot be opened", "lacks rows"):
        log = descentry.Log(tmp_path, mirror_tensorboard=True)
        now = appender.monotonic()
        for step in range(5):
            monkeypatch.setattr(appender, "monotonic", lambda step=step: now + 2 * step)
            log.write(step, loss=1.0)
        log.close()
    assert len(rows(tmp_path)) == 5


def test_a_child_mirrors_into_its_own_file(tmp_path: Path) -> None:
    log = descentry.Log(tmp_path, mirror_tensorboard=True)
    log.write(1, loss=1.0)
    child = os.fork()
    if child == 0:
        try:
            with telling("metrics.2.jsonl"):
                log.write(2, loss=2.0)
            log.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    log.close()
    files = list((tmp_path / MIRROR).iterdir())
    assert len(files) == 2
    assert sorted(run.curves["loss"].steps.tolist()[0] for run in map(descentry.read, files)) == [1, 2]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning:tensorboard")
def test_tensorboard_itself_opens_the_mirror(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="needs the extra `real`")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = mirrored(tmp_path / "a")
    events = EventAccumulator(str(log.folder / MIRROR), size_guidance={"scalars": 0})
    events.Reload()
    assert set(events.Tags()["scalars"]) == {"train/loss", "lr", "näme", "odd_"}
    scalars = events.Scalars("train/loss")
    assert [one.step for one in scalars] == list(range(len(VALUES)))
    assert repr([one.value for one in scalars]) == repr([as_single(x) for x in VALUES])
    assert all(one.wall_time > 1.7e9 for one in scalars)
