"""A number of the batch, where nothing better is logged, is the step within its epoch."""

import json
from pathlib import Path
from typing import Any

import pytest

from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find

Row = dict[str, Any]


def run_of(tmp_path: Path, rows: list[Row], kind: str) -> Run:
    path = tmp_path / f"a.{kind}"
    if kind == "csv":
        names = list(dict.fromkeys(name for row in rows for name in row))
        lines = [",".join(str(row.get(name, "")) for name in names) for row in rows]
        path.write_text("\n".join([",".join(names), *lines]) + "\n")
    elif kind == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        path.write_text(json.dumps(rows, indent=1))
    (log,) = find(path)
    return collect(log)


def epochs_of(n_epochs: int, n_batches: int, **more: Any) -> list[Row]:
    return [
        {"epoch": epoch, "batch": batch, "loss": 3 - 0.1 * epoch - 0.01 * batch, **more}
        for epoch in range(n_epochs)
        for batch in range(n_batches)
    ]


KINDS = pytest.mark.parametrize("kind", ["csv", "jsonl", "json"])


@KINDS
def test_batches_are_counted_on_over_the_epochs(tmp_path: Path, kind: str) -> None:
    run = run_of(tmp_path, epochs_of(3, 4), kind)
    assert run.curves["loss"].steps.tolist() == list(range(12))
    messages = [event.message for event in run.events]
    assert any("`batch` rises within each epoch" in message for message in messages)
    assert any("counted on over the epochs" in message for message in messages)


@KINDS
def test_a_running_batch_is_the_step(tmp_path: Path, kind: str) -> None:
    rows = [{"epoch": i // 4, "batch": 10 * i, "loss": 2.5} for i in range(12)]
    assert run_of(tmp_path, rows, kind).curves["loss"].steps.tolist() == [10 * i for i in range(12)]


@KINDS
@pytest.mark.parametrize("sizes", [[32] * 8, [32, 32, 32, 32, 64, 64, 64, 64], [8, 5, 9, 2, 7, 3, 8, 1]])
def test_a_size_of_the_batch_is_no_step(tmp_path: Path, kind: str, sizes: list[int]) -> None:
    rows = [{"epoch": i, "batch": size, "loss": 2.5} for i, size in enumerate(sizes)]
    run = run_of(tmp_path, rows, kind)
    assert run.curves["loss"].steps.tolist() == list(range(8))
    assert run.curves["batch"].values.tolist() == sizes


@KINDS
def test_a_better_step_stays(tmp_path: Path, kind: str) -> None:
    rows = [{**row, "step": 5 * i} for i, row in enumerate(epochs_of(2, 3))]
    assert run_of(tmp_path, rows, kind).curves["loss"].steps.tolist() == [0, 5, 10, 15, 20, 25]


@KINDS
def test_a_validation_stands_at_the_end_of_its_epoch(tmp_path: Path, kind: str) -> None:
    rows: list[Row] = []
    for epoch in range(2):
        rows += [{"epoch": epoch, "batch": batch, "loss": 2.5} for batch in range(3)]
        rows.append({"epoch": epoch, "val_loss": 2.0})
    run = run_of(tmp_path, rows, kind)
    assert run.curves["val_loss"].steps.tolist() == [2, 5]


@KINDS
def test_a_lone_batch_that_starts_anew_is_no_step(tmp_path: Path, kind: str) -> None:
    rows = [{"batch": batch, "loss": 2.5} for _ in range(3) for batch in range(4)]
    assert run_of(tmp_path, rows, kind).curves["loss"].steps.tolist() == list(range(12))
