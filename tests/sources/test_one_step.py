"""A log whose rows all have one step is told; results at the end of a run are not."""

from pathlib import Path

import pytest

from descentry.calls import diagnose, read

MESSAGE = "all 8 rows have step 0: the writer gave no step, so that their order is all there is"


def log_of(path: Path, steps: list[int]) -> Path:
    path.write_text("step,loss\n" + "".join(f"{step},{3 - i / 10}\n" for i, step in enumerate(steps)))
    return path


def test_rows_at_one_step_are_told(tmp_path: Path) -> None:
    path = log_of(tmp_path / "a.csv", [0] * 8)
    assert [event.message for event in read(path).events if event.warning] == [MESSAGE]
    assert MESSAGE in [event.message for event in diagnose(path).runs[0].events]


@pytest.mark.parametrize("steps", [[5], [5, 5], [0, 0, 0, 0, 1], [1, 0, 0, 0, 0], []])
def test_steps_that_differ_or_few_rows_are_not(tmp_path: Path, steps: list[int]) -> None:
    run = read(log_of(tmp_path / "a.csv", steps))
    assert not [event for event in run.events if event.warning and "all" in event.message]
