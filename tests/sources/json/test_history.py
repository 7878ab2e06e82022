"""A Trainer's document, read as its bytes come: the same entries whatever the pieces."""

import json
import tracemalloc
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from descentry.record.errors import DamagedError
from descentry.sources.collect import collect
from descentry.sources.json import history as history_module
from descentry.sources.json.history import MAX_WAITING, MIN_PIECE, History
from descentry.sources.json.trainer_state import rows_of
from descentry.sources.places.find import find

ENTRIES = [
    {"step": i, "loss": 5 / (i + 1), "note": 'a "}, {" ] \\', "more": [{"a": 1}, {"b": [2]}], "epoch": i / 9}
    for i in range(60)
]
DOCUMENT = json.dumps({"epoch": 3.0, "log_history": ENTRIES, "max_steps": 7}, indent=2).encode()


def fed(
    data: bytes, bounds: list[int], monkeypatch: pytest.MonkeyPatch
) -> tuple[list[object], dict[str, object], int]:
    """Entries, fields, and how many entries came before the end."""
    monkeypatch.setattr(history_module, "MIN_PIECE", 1)
    reader = History("a")
    reader._n_wanted = 1
    entries: list[object] = []
    for start, stop in pairwise(bounds):
        entries += reader.feed(data[start:stop])
    early = len(entries)
    last, fields = reader.end(b"")
    assert not reader.problem
    return [*entries, *last], fields, early


@settings(max_examples=80, deadline=None)
@given(cuts=st.lists(st.integers(0, len(DOCUMENT)), max_size=30))
def test_any_pieces_give_the_same_entries(cuts: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        entries, fields, _ = fed(DOCUMENT, [0, *sorted(cuts), len(DOCUMENT)], patch)
    assert entries == ENTRIES
    assert (fields["epoch"], fields["max_steps"]) == (3.0, 7)


def test_entries_are_given_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    bounds = [*range(0, len(DOCUMENT), 900), len(DOCUMENT)]
    assert fed(DOCUMENT, bounds, monkeypatch)[2] > 40


@pytest.mark.parametrize(
    "document",
    [
        {"x": {"log_history": [{"step": 1, "loss": 2.5}, {"step": 2, "loss": 2.5}]}},
        {"x": {"log_history": [{"step": 1, "loss": 2.5}, {"step": 2, "loss": 2.5}]}, "log_history": 5},
    ],
)
def test_a_history_that_is_not_the_documents_own_is_none(
    document: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = json.dumps(document).encode()
    with pytest.raises(DamagedError, match="no list `log_history`"):
        fed(data, [*range(0, len(data), 8), len(data)], monkeypatch)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_seen_through(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "trainer_state.json"
    path.write_text(DOCUMENT.decode(), encoding=encoding)
    chunk = rows_of(path.read_bytes(), path.name)
    assert chunk.steps.tolist() == list(range(60))
    assert not [event for event in chunk.events if event.kind == "torn_tail"]


def test_rows_with_and_without_evaluation_are_in_order(tmp_path: Path) -> None:
    entries: list[dict[str, object]] = []
    for i in range(5000):
        entries.append({"step": i, "loss": 1.5, "grad_norm": float("nan") if i == 7 else 0.5})
        if i % 100 == 99:
            entries.append({"step": i, "eval_loss": 2.5})
    entries.append({"step": 4999, "train_runtime": 9.5})
    path = tmp_path / "trainer_state.json"
    path.write_text(json.dumps({"log_history": entries, "max_steps": 9}))
    assert path.stat().st_size > 3 * MIN_PIECE
    run = collect(find(path)[0])
    assert run.curves["loss"].steps.tolist() == list(range(5000))
    assert run.curves["eval_loss"].steps.tolist() == list(range(99, 5000, 100))
    assert [i for i, x in enumerate(run.curves["grad_norm"].values.tolist()) if x != x] == [7]
    assert (run.config["train_runtime"], run.config["max_steps"]) == (9.5, 9)
    assert [(event.kind, event.warning) for event in run.events] == [("summary", False)]


def test_damage_in_the_middle_keeps_what_stands_before_it() -> None:
    data = json.dumps({"log_history": [{"step": i, "loss": 1.5} for i in range(40_000)]}).encode()
    at = data.index(b'"step": 30000')
    chunk = rows_of(data[:at] + b"?" + data[at:], "a.json")
    assert chunk.steps.tolist() == list(range(30_000))
    assert [event.kind for event in chunk.events] == ["torn_tail"]


def test_bytes_without_an_entry_are_given_up_before_they_fill_the_memory() -> None:
    start = b'{"log_history": [{"step": 1, "loss": 2.5}, {"step": 2, "loss": 2.25}, {"x": ['
    tracemalloc.start()
    chunk = rows_of(start + b"[]," * (MAX_WAITING // 3 + 1000) + b"[" * 1000, "a.json")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert chunk.steps.tolist() == [1, 2]
    assert ["MiB" in event.message for event in chunk.events] == [True]
    assert peak < 400 << 20


def test_a_head_without_end_is_refused() -> None:
    with pytest.raises(DamagedError, match="MiB"):
        rows_of(b'{"a": "' + b"x" * (2 * MAX_WAITING), "a.json")
