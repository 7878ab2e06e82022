"""Documents and tables that are written anew: what a follower tells of each version."""

import json
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from descentry.record.chunk import Chunk
from descentry.sources.json import columns
from descentry.sources.places.find import find
from descentry.sources.rows import is_empty, joined

Document = dict[str, list[float]]
START: Document = {"step": [0, 1], "loss": [3.0, 2.0]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.json"


CLOCK = count(1)


def write(path: Path, document: Document) -> None:
    path.write_text(json.dumps(document))
    os.utime(path, ns=(next(CLOCK) * 10**9,) * 2)


def fresh(chunks: Iterator[Chunk]) -> Chunk:
    got = []
    for chunk in chunks:
        if is_empty(chunk):
            return joined(got)
        got.append(chunk)
    raise AssertionError("the follower ends")


@pytest.mark.parametrize(
    ("change", "steps", "kinds"),
    [
        ({"step": [0, 1, 2], "loss": [3.0, 2.0, 1.0]}, [2], []),
        ({"step": [0, 1], "loss": [3.0, 9.0]}, [], ["rewritten"]),
        ({"step": [0, 1, 2], "loss": [3.0, 9.0, 1.0]}, [2], ["rewritten"]),
        ({"step": [0, 1], "loss": [3.0, 2.0], "val_loss": [4.0, 3.0]}, [0, 1], ["late_series"]),
        ({"step": [0, 1], "lr": [1.0, 1.0]}, [0, 1], ["rewritten", "late_series"]),
        ({"step": [5, 6], "loss": [3.0, 2.0]}, [5, 6], ["restart"]),
    ],
)
def test_what_a_version_changes_is_told(
    path: Path, change: Document, steps: list[int], kinds: list[str]
) -> None:
    write(path, START)
    chunks = find(path)[0].follow()
    assert fresh(chunks).steps.tolist() == [0, 1]
    write(path, change)
    got = fresh(chunks)
    assert got.steps.tolist() == steps
    assert [event.kind for event in got.events] == kinds
    assert fresh(chunks).n_rows == 0


def test_a_new_series_is_handed_out(path: Path) -> None:
    write(path, START)
    chunks = find(path)[0].follow()
    fresh(chunks)
    write(path, {**START, "val_loss": [4.0, 3.0]})
    got = fresh(chunks)
    assert got.columns["val_loss"].values.tolist() == [4.0, 3.0]
    assert set(got.columns) == {"val_loss"}


def test_each_version_is_parsed_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parses: list[int] = []
    document_of = columns.document_of

    def counted(data: bytes, name: str) -> object:
        parses.append(len(data))
        return document_of(data, name)

    write(path, START)
    chunks = find(path)[0].follow()
    monkeypatch.setattr(columns, "document_of", counted)
    fresh(chunks)
    for content in (START, {**START, "lr": [1.0, 1.0]}):
        write(path, content)
        n = len(parses)
        for _ in range(5):
            fresh(chunks)
        assert len(parses) == n + 1
    path.write_text('{"step": [0, 1')
    n = len(parses)
    for _ in range(5):
        fresh(chunks)
    assert len(parses) == n + 1
    path.unlink()
    assert fresh(chunks).n_rows == 0
    write(path, {"step": [0, 1, 2], "loss": [3.0, 2.0, 1.0]})
    assert fresh(chunks).steps.tolist() == [2]
