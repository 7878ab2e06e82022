"""Runs, splits and processes of a Parquet table.  Needs pyarrow."""

from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from descentry.record.roles import Role
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find
from descentry.sources.rows import joined

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
pytestmark = pytest.mark.slow


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=7)


def runs_of(tmp_path: Path, rows: list[dict[str, Any]]) -> dict[str, Run]:
    path = tmp_path / "a.parquet"
    write(path, rows)
    return {log.run.removeprefix("a").removeprefix("/"): collect(log) for log in find(path)}


def points(run: Run) -> dict[str, list[tuple[int, float]]]:
    return {
        name: list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))
        for name, curve in run.curves.items()
    }


def test_seeds_are_runs_and_one_seed_is_a_setting(tmp_path: Path) -> None:
    rows = [{"seed": s, "step": i, "loss": i + s} for i in range(10) for s in (3, 1)]
    assert {name: points(run) for name, run in runs_of(tmp_path, rows).items()} == {
        str(s): {"loss": [(i, float(i + s)) for i in range(10)]} for s in (3, 1)
    }
    (run,) = runs_of(tmp_path, rows[::2]).values()
    assert set(run.curves) == {"loss"}
    assert run.config["seed"] == 3


@pytest.mark.parametrize("is_long", [False, True])
def test_splits_and_ranks(tmp_path: Path, is_long: bool) -> None:
    value = {"tag": "loss", "value": 1.5} if is_long else {"loss": 1.5}
    rows = [
        {"step": i, "split": s, "rank": r, **value}
        for i in range(9)
        for s in ("train", "val")
        for r in (0, 1)
    ]
    (run,) = runs_of(tmp_path, rows).values()
    its = [(i, 1.5) for i in range(9)]
    assert points(run) == {f"{rank}{s}/loss": its for rank in ("", "rank1/") for s in ("train", "val")}
    assert {name: run.curves[name].role for name in ("train/loss", "rank1/train/loss")} == {
        "train/loss": Role.TRAIN_LOSS, "rank1/train/loss": Role.METRIC,
    }  # fmt: skip
    assert [event.kind for event in run.events] == ["ranks"]


def test_runs_that_are_splits_are_one_run(tmp_path: Path) -> None:
    rows = [
        {"run": r, "tag": "loss", "step": i, "value": 1.0} for r in ("train", "validation") for i in range(3)
    ]
    (run,) = runs_of(tmp_path, rows).values()
    assert set(run.curves) == {"train/loss", "validation/loss"}


def test_a_follower_does_not_mix_in_a_later_run(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    rows = [{"run_id": "a", "step": i, "loss": 1.0} for i in range(3)]
    write(path, rows)
    (log,) = find(path)
    chunks = log.follow()
    first = [next(chunks)]
    while first[-1].n_rows or first[-1].config or first[-1].events:
        first.append(next(chunks))
    assert joined(first).steps.tolist() == [0, 1, 2]
    write(path, [*rows, {"run_id": "b", "step": 0, "loss": 9.0}, {"run_id": "a", "step": 3, "loss": 1.0}])
    whole = joined(islice(chunks, 3))
    assert whole.steps.tolist() == [3]
    assert whole.columns["loss"].values.tolist() == [1.0]
    assert [(event.kind, event.count) for event in whole.events] == [("other_run", 1)]
