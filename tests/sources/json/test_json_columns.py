"""Documents of columns: shorter lists beside longer ones, and what boosters write."""

import json
from pathlib import Path

import pytest

from descentry.record.roles import Role
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find


def run_of(tmp_path: Path, document: object) -> Run:
    path = tmp_path / "history.json"
    path.write_text(json.dumps(document))
    (log,) = find(path)
    assert log.format == "json"
    return collect(log)


@pytest.mark.parametrize(
    ("n", "m", "steps"),
    [
        (6, 3, [1, 3, 5]), (6, 6, [0, 1, 2, 3, 4, 5]), (6, 1, [5]), (6, 4, [0, 1, 3, 5]), (7, 4, [0, 2, 4, 6]),
        (7, 5, [0, 1, 2, 3, 4]), (7, 2, [0, 1]),
    ],
)  # fmt: skip
def test_a_shorter_validation_is_spread(tmp_path: Path, n: int, m: int, steps: list[int]) -> None:
    run = run_of(tmp_path, {"train_loss": [1.0] * n, "val_loss": [2.0] * m})
    assert run.curves["val_loss"].steps.tolist() == steps
    assert len(run.curves["train_loss"]) == n
    kinds = [event.kind for event in run.events]
    assert kinds == (["missing_step"] if n == m else ["derived", "missing_step"])


def test_it_stands_at_the_steps_that_are_logged(tmp_path: Path) -> None:
    run = run_of(tmp_path, {"step": [10, 20, 30, 40], "loss": [4, 3, 2, 1], "val_loss": [3, 1]})
    assert run.curves["val_loss"].steps.tolist() == [20, 40]


def test_other_lists_are_left_out_and_told(tmp_path: Path) -> None:
    run = run_of(tmp_path, {"loss": [4, 3, 2, 1], "layers": [64, 64]})
    assert set(run.curves) == {"loss"}
    assert [event.kind for event in run.events] == ["bad_value", "missing_step"]


@pytest.mark.parametrize(
    "names", [("train", "valid"), ("training", "valid_1"), ("validation_0", "validation_1")]
)
def test_results_of_boosters(tmp_path: Path, names: tuple[str, str]) -> None:
    its = {"rmse": [3.0, 2.0, 1.0], "binary_logloss": [0.7, 0.6, 0.5]}
    run = run_of(tmp_path, dict.fromkeys(names, its))
    assert set(run.curves) == {f"{name}/{metric}" for name in names for metric in its}
    assert run.curves[f"{names[0]}/rmse"].values.tolist() == [3.0, 2.0, 1.0]
    role = run.curves[f"{names[1]}/binary_logloss"].role
    assert role in (Role.VAL_LOSS, Role.OTHER_LOSS, Role.VAL_LOSS_PART)
