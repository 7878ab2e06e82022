"""Steps that start anew in every epoch are counted on, told, and the same however the rows are split."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from descentry.calls import read
from descentry.record.chunk import Chunk, Column, Ints
from descentry.sources.epoch_steps import MESSAGE, EpochSteps

ROWS = [(epoch, batch) for epoch in range(3) for batch in range(0, 50, 10)]


def test_a_parquet_table_is_counted_on(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pa.table({"epoch": [e for e, _ in ROWS], "step": [b for _, b in ROWS], "loss": [2.5] * len(ROWS)})
    parquet.write_table(table, tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet").curves["loss"].steps.tolist() == list(range(0, 150, 10))


def chunk(rows: list[tuple[int, int]]) -> Chunk:
    steps = np.array([batch for _, batch in rows], np.int64)
    epochs = np.array([epoch for epoch, _ in rows], np.float64)
    return Chunk(steps, {"epoch": Column(np.arange(len(rows)), epochs)} if rows else {})


def counted(pieces: list[list[tuple[int, int]]]) -> list[int]:
    steps = EpochSteps("x.csv")
    return [step for piece in pieces for step in steps.feed(chunk(piece)).steps.tolist()]


@pytest.mark.parametrize("name", ["step", "iter", "batch_idx"])
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "json"])
def test_epochs_follow_each_other(tmp_path: Path, name: str, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    rows = [{"epoch": e, name: b, "loss": 3 - e - b / 100} for e, b in ROWS]
    lines = [",".join(map(str, row.values())) for row in rows]
    text = {
        "csv": "\n".join([f"epoch,{name},loss", *lines]),
        "jsonl": "\n".join(map(json.dumps, rows)),
        "json": json.dumps(rows),
    }[suffix]
    path.write_text(text + "\n")
    run = read(path)
    loss = run.curves["loss"]
    assert loss.steps.tolist() == list(range(0, 150, 10))
    assert loss.values.tolist() == [row["loss"] for row in rows]
    assert [event.count for event in run.events if event.message == MESSAGE] == [2]


@given(st.lists(st.integers(0, len(ROWS)), max_size=6))
def test_any_split_gives_the_same_steps(cuts: list[int]) -> None:
    at = [0, *sorted(cuts), len(ROWS)]
    pieces = [ROWS[a:b] for a, b in pairwise(at)]
    assert counted(pieces) == list(range(0, 150, 10))


def test_an_epoch_that_is_logged_again_has_its_own_steps() -> None:
    again = [*ROWS[:12], *ROWS[5:]]
    assert counted([again]) == [*range(0, 120, 10), *range(50, 150, 10)]


@pytest.mark.parametrize(
    "rows",
    [[(0, 0), (0, 10), (1, 20), (1, 30), (1, 20), (1, 40)], [(3, 300), (4, 400), (4, 410), (3, 310), (4, 400)],
     [(0, 500), (0, 600), (1, 700), (2, 650), (2, 700)], [(1, 9), (1, 8), (1, 7)]],
)  # fmt: skip
def test_steps_of_the_whole_run_stay_as_they_are(rows: list[tuple[int, int]]) -> None:
    assert counted([rows]) == [step for _, step in rows]


def test_fractions_of_epochs_change_nothing() -> None:
    steps: Ints = np.array([0, 10, 0], np.int64)
    column = Column(np.arange(3), np.array([0.0, 0.5, 1.0]))
    assert EpochSteps("x").feed(Chunk(steps, {"epoch": column})).steps.tolist() == [0, 10, 0]
