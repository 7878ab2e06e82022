"""What tests of the writer share: rows of a folder read back, and warnings that are told."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import descentry
from descentry.log.wall import LogWarning
from descentry.sources.places.find import find
from descentry.sources.rows import joined

Rows = list[tuple[int, dict[str, float]]]


def rows(path: Path) -> Rows:
    """The rows of the one log at `path`, as they stand in it."""
    (log,) = find(path)
    assert log.format == "descentry"
    chunk = joined(log.chunks())
    found: Rows = [(step, {}) for step in chunk.steps.tolist()]
    for name, column in chunk.columns.items():
        for row, value in zip(column.rows.tolist(), column.values.tolist(), strict=True):
            found[row][1][name] = value
    return found


def kinds(path: Path) -> list[str]:
    """The kinds of the events in the one log at `path`."""
    return [event.kind for event in descentry.read(path).events]


@contextmanager
def telling(*words: str) -> Iterator[None]:
    """Each of these words is in one warning, in this order, and there is no other."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    told = [str(one.message) for one in caught if issubclass(one.category, LogWarning)]
    assert len(told) == len(words), told
    assert all(word in text for word, text in zip(words, told, strict=True)), told
