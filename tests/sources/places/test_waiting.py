"""Files in which hardly anything stands yet: told when read, waited for when followed."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from descentry.record.chunk import Chunk
from descentry.record.errors import UnknownFormatError
from descentry.sources.places.find import find
from descentry.sources.places.targets import logs_at
from descentry.sources.rows import is_empty, joined

LOGS = {
    "text": ("a.log", b"step 1 loss 2.5\nstep 2 loss 2.25\nstep 3 loss 2.0\n"),
    "preamble": ("a.log", b"loading\nmodel ready\nstep 1 loss 2.5\nstep 2 loss 2.25\nstep 3 loss 2.0\n"),
    "jsonl": ("a.jsonl", b"".join(b'{"step": %d, "loss": %g}\n' % (i, 2.75 - i / 4) for i in (1, 2, 3))),
    "csv": ("a.dat", b"step,loss\n1,2.5\n2,2.25\n3,2.0\n"),
    "windows": ("a.log", "step 1 loss 2.5\nstep 2 loss 2.25\nstep 3 loss 2.0\n".encode("utf-16")),
}


def points(chunks: list[Chunk]) -> list[tuple[int, float]]:
    chunk = joined(chunks)
    column = chunk.columns.get("loss")
    return [] if column is None else [
        (int(chunk.steps[row]), float(value)) for row, value in zip(column.rows, column.values, strict=True)
    ]  # fmt: skip


def until_quiet(chunks: Iterator[Chunk]) -> list[Chunk]:
    """What comes until nothing has come three times."""
    found: list[Chunk] = []
    while len(found) < 3 or not all(map(is_empty, found[-3:])):
        found.append(next(chunks))
    return found


@pytest.mark.parametrize("name", sorted(LOGS))
@pytest.mark.parametrize("cut", [0, 1, 2, 7, 11, 17])
def test_a_file_with_too_little_is_waited_for(name: str, cut: int, tmp_path: Path) -> None:
    file, content = LOGS[name]
    path = tmp_path / file
    path.write_bytes(content[:cut])
    (log,) = logs_at(str(path), live=True)
    chunks = log.follow()
    found = until_quiet(chunks)
    for end in sorted({cut + 3, max(cut, len(content) // 2), len(content)}):
        path.write_bytes(content[:end])
        found += until_quiet(chunks)
    assert points(found)[:2] == [(1, 2.5), (2, 2.25)]


def test_waiting_costs_a_look_at_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.log"
    path.write_text("step 1 los")
    (log,) = logs_at(str(path), live=True)
    chunks = log.follow()
    next(chunks)
    monkeypatch.setattr("descentry.sources.places.waiting.head", None)
    assert all(map(is_empty, islice(chunks, 50)))


def test_a_file_that_vanishes_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("step 1 los")
    (log,) = logs_at(str(path), live=True)
    chunks = log.follow()
    assert is_empty(next(chunks))
    path.unlink()
    assert is_empty(next(chunks))
    path.write_bytes(LOGS["text"][1])
    assert points(until_quiet(chunks))[:2] == [(1, 2.5), (2, 2.25)]


def test_a_waiting_log_that_is_read_says_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("step 1 los")
    (log,) = logs_at(str(path), live=True)
    with pytest.raises(UnknownFormatError, match="no whole line yet"):
        list(log.chunks())
    path.write_text("loading\n")
    with pytest.raises(UnknownFormatError, match="no logged row yet"):
        list(log.chunks())


def test_binary_data_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(UnknownFormatError, match="binary"):
        find(path, live=True)
