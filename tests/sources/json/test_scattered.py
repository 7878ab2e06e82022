"""Rows of any shapes, all at once, as one by one; names and shapes without end in bounded time."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from descentry.record.chunk import Chunk
from descentry.record.event import Event, merged
from descentry.sources.json.lines import JsonLines
from descentry.sources.json.rows import JsonRows
from descentry.sources.json.scattered import scattered
from descentry.sources.json.table import as_table
from descentry.sources.notes import Notes
from descentry.sources.rows import MAX_SERIES, joined

Row = dict[str, Any]

NAMES = st.sampled_from(
    ["step", "Step", "epoch", "iter", "loss", "val_loss", "a", "b/c", "time", "_timestamp", "config", "mode", "é" * 401]
)  # fmt: skip
NUMBERS = st.one_of(
    st.integers(-5, 50),
    st.floats(),
    st.sampled_from([10**30, 2**62 + 1, 1.7e9, 3.0, "4", "2.5", "x", "", "n/a", "NaN"]),
    st.booleans(),
    st.none(),
)
VALUES = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=2)),
    max_leaves=4,
)
ROWS = st.lists(st.dictionaries(NAMES, VALUES, max_size=6), max_size=12)


def told(chunk: Chunk) -> tuple[Any, ...]:
    walls = np.full(chunk.n_rows, np.nan) if chunk.wall_times is None else chunk.wall_times
    columns = {
        name: (column.rows.tolist(), [repr(value) for value in column.values.tolist()])
        for name, column in chunk.columns.items()
    }
    events = {(event.kind, event.message): event for event in merged(chunk.events)}
    return chunk.steps.tolist(), columns, [repr(x) for x in walls.tolist()], events, repr(chunk.config)


def finished(state: JsonRows, pieces: Sequence[Chunk]) -> tuple[Any, ...]:
    state.finish()
    return (*told(joined([*pieces, state.chunk()])), state.ignored())


def one_by_one(rows: list[Row], *, is_numbered: bool) -> tuple[Any, ...]:
    state = JsonRows(Notes("a"), is_numbered=is_numbered)
    for line, row in enumerate(rows, 1):
        state.add(row, line)
    return finished(state, [])


@settings(max_examples=300)
@given(ROWS, st.integers(0, 12), st.booleans())
def test_all_at_once_is_one_by_one(rows: list[Row], cut: int, is_numbered: bool) -> None:
    state = JsonRows(Notes("a"), is_numbered=is_numbered)
    pieces = [
        scattered(rows[:cut], range(1, cut + 1), state),
        scattered(rows[cut:], range(cut + 1, len(rows) + 1), state),
    ]
    assert finished(state, pieces) == one_by_one(rows, is_numbered=is_numbered)


@settings(max_examples=150)
@given(
    st.lists(st.fixed_dictionaries({"step": st.integers(0, 9), "loss": st.floats(), "a": VALUES}), max_size=6)
)
def test_nested_columns_are_nested_rows(rows: list[Row]) -> None:
    state = JsonRows(Notes("a"))
    chunk = as_table(rows, state) if rows else None
    if chunk is not None:
        assert finished(state, [chunk]) == one_by_one(rows, is_numbered=False)


def test_rows_of_lists_and_objects_are_a_table() -> None:
    rows = [
        {"step": i, "train": {"loss": i / 2, "b": {"c": 1}}, "l": [1, 2], "m": [[1], [2]]} for i in range(5)
    ]
    chunk = as_table(rows, JsonRows(Notes("a")))
    assert chunk is not None
    assert list(chunk.columns) == ["train/loss", "train/b/c", "l/0", "l/1"]
    assert chunk.columns["train/loss"].values.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]


def chunk_of(lines: Sequence[bytes]) -> Chunk:
    decoder = JsonLines("a.jsonl")
    size = 1 << 19
    data = b"\n".join(lines) + b"\n"
    pieces = [decoder.feed(data[at : at + size]) for at in range(0, len(data), size)]
    return joined([*pieces, decoder.end()])


def test_names_beyond_the_limit_are_counted_and_not_kept() -> None:
    n = MAX_SERIES + 5000
    chunk = chunk_of([b'{"step":%d,"loss":2.5,"n%d":1.5}' % (i, i) for i in range(n)])
    assert len(chunk.columns) == MAX_SERIES
    assert chunk.columns["loss"].rows.tolist() == list(range(n))
    left_out = [event for event in chunk.events if event.kind == "too_many_series"]
    assert sum(event.count for event in left_out) == n + 1 - MAX_SERIES
    assert isinstance(left_out[0], Event)


@pytest.mark.parametrize(
    "line",
    [
        b'{"step":%d,"loss":2.5,"n%06d":1.5}',
        b'{"step":%d,"loss":2.5,"n%06d":"1.5"}',
        b'{"loss":%d,"n%06d":{"a":1}}',
        b'{"step":%d,"loss":2.5,"n%06d":[1,"x"]}',
        b'{"step":%d,"loss":2.5,"x":[[1,%d],[2]]}',
        b'{"step":%d,"loss":2.5}\n{"config":"x%d"}',
    ],
)
def test_rows_of_ever_new_shapes_take_bounded_time(line: bytes) -> None:
    lines = [line % (i, i) for i in range(60_000)]
    start = time.process_time()
    chunk_of(lines)
    n_bytes = sum(map(len, lines))
    assert time.process_time() - start < 1.0e-6 * n_bytes + 1
    assert orjson.loads(lines[0].split(b"\n")[0])


def test_a_log_of_ever_new_names_keeps_its_place() -> None:
    decoder = JsonLines("a.jsonl")
    chunk = decoder.feed(b"".join(b'{"step":%d,"n%d":1}\n' % (i, i) for i in range(100)))
    chunk = joined([chunk, decoder.feed(b'{"n5":"x","loss":1}\n{"step":200,"n5":"y"}\n')])
    events = {event.message: event.where for event in chunk.events}
    assert events['`n5` is "x", expected a number; kept as NaN'] == "a.jsonl:101"
    assert chunk.steps.tolist()[-1] == 200
