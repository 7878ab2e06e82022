"""Follows logs that are written in one go (archives, tables with an index at the end): read anew when they change."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np

from descentry.record.chunk import Chunk, Column, Ints, empty
from descentry.record.errors import InputError
from descentry.record.event import Event
from descentry.sources.rows import bounded, joined, with_events

Read = Callable[[], Iterator[Chunk]]
"""All chunks of the log as it is now.  Raises InputError."""


def follow_settled(paths: Callable[[], Sequence[Path]], read: Read) -> Iterator[Chunk]:
    """All rows, then those that each new version adds, for ever; an empty chunk when there is none.

    `paths`: the files of the log now.  A version that cannot be read is being written: it is waited for.  One
    that does not begin with the rows of the last is told as `restart` and handed out whole; values that it changes
    or adds in them are told, series that are new are handed out whole.  An index at the end of the file says where
    things are, so that no piece can be read without it: a version that is new costs one reading, and one that is
    not (same size, time and inode) none.  Raises InputError at the start.
    """
    version = _version(paths())
    chunks: list[Chunk] = []
    for chunk in read():
        chunks.append(chunk)
        yield chunk
    known = Known.of(joined(chunks))
    del chunks
    while True:
        now = _version(paths())
        fresh = _read_again(read) if now and now != version else None
        version = now or version
        if fresh is None:
            yield empty()
            continue
        yield from added(known, fresh, paths()[0].name)
        known = Known.of(fresh)


def _version(paths: Sequence[Path]) -> list[tuple[str, int, int, int]]:
    """What tells one version of the files from another; [] while one is missing."""
    try:
        stats = [(path, os.stat(path)) for path in paths]
    except (OSError, ValueError):
        return []
    return [(str(path), its.st_mtime_ns, its.st_size, its.st_ino) for path, its in stats]


def _read_again(read: Read) -> Chunk | None:
    try:
        whole = joined(read())
    except InputError:
        return None
    return None if any(event.kind == "torn_tail" for event in whole.events) else whole


class Known(NamedTuple):
    """What was handed out: int64[n] steps, of each series how many points and a digest of them, what was told."""

    steps: Ints
    series: Mapping[str, tuple[int, bytes]]
    events: tuple[Event, ...]
    config: Mapping[str, object]

    @staticmethod
    def of(chunk: Chunk) -> "Known":
        """What is known once a log has been handed out."""
        series = {name: _digest(column) for name, column in chunk.columns.items()}
        return Known(chunk.steps, series, chunk.events, chunk.config)


def _digest(column: Column) -> tuple[int, bytes]:
    digest = blake2b(column.rows.astype(np.int64).tobytes(), digest_size=16)
    digest.update(column.values.astype(np.float64).tobytes())
    return len(column.rows), digest.digest()


def added(known: Known, fresh: Chunk, name: str) -> Iterator[Chunk]:
    """What `fresh` adds to the `known` rows; all of it, told, where it does not begin with their steps.

    Series that are new in those rows come as rows of their own; values that have changed there are told.
    """
    n = len(known.steps)
    if not n:
        if fresh.n_rows or fresh.events != known.events or fresh.config != known.config:
            yield from bounded(fresh)
        return
    if not np.array_equal(fresh.steps[:n], known.steps):
        restart = Event("restart", "the log was rewritten with other rows: read again from its start", name)
        yield from bounded(with_events(fresh, [restart]))
        return
    before = fresh.take(0, n)
    events = [event for event in fresh.events if event not in known.events]
    events += _changed(known, before, name)
    if fresh.config != known.config:
        yield empty(config=fresh.config)
    new = {series: column for series, column in before.columns.items() if series not in known.series}
    if new:
        message = f"series came into rows that were read before ({_some(new)}): handed out behind them"
        events.append(Event("late_series", message, name, len(new)))
        yield from bounded(with_events(_rows_with(before, new), events))
    elif events:
        yield empty(tuple(events))
    if fresh.n_rows > n:
        yield from bounded(fresh.take(n, fresh.n_rows))


def _changed(known: Known, before: Chunk, name: str) -> Iterator[Event]:
    """An event for the series whose points in the rows that were read before are others now."""
    changed = [
        series
        for series, digest in known.series.items()
        if series not in before.columns or _digest(before.columns[series]) != digest
    ]
    if changed:
        message = (
            f"values that were read before have changed ({_some(changed)}): read the log anew to see them"
        )
        yield Event("rewritten", message, name, len(changed))


def _rows_with(chunk: Chunk, columns: Mapping[str, Column]) -> Chunk:
    """The rows in which the columns have a value."""
    kept = np.unique(np.concatenate([column.rows for column in columns.values()]))
    placed = {
        series: Column(np.searchsorted(kept, column.rows), column.values)
        for series, column in columns.items()
    }
    walls = None if chunk.wall_times is None else chunk.wall_times[kept]
    return Chunk(chunk.steps[kept], placed, walls)


def _some(names: Iterable[str]) -> str:
    listed = sorted(names)
    return ", ".join(f"`{name[:60]}`" for name in listed[:4]) + (", …" if len(listed) > 4 else "")
