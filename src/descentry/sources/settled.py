"""Follows logs that are written in one go (archives, tables with an index at the end): read anew when they change."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from descentry.record.chunk import Chunk, Ints, empty
from descentry.record.errors import InputError
from descentry.record.event import Event
from descentry.sources.rows import bounded, joined, with_events

Read = Callable[[], Iterator[Chunk]]
"""All chunks of the log as it is now.  Raises InputError."""


def follow_settled(paths: Callable[[], Sequence[Path]], read: Read) -> Iterator[Chunk]:
    """All rows, then those that each new version adds, for ever; an empty chunk when there is none.

    `paths`: the files of the log now.  A version that cannot be read is being written: it is waited for.  One
    that does not begin with the rows of the last is told as `restart` and handed out whole.  Raises InputError
    at the start.
    """
    version = _version(paths())
    steps: list[Ints] = []
    for chunk in read():
        steps.append(chunk.steps)
        yield chunk
    known = np.concatenate(steps) if steps else np.empty(0, np.int64)
    while True:
        now = _version(paths())
        fresh = _read_again(read) if now and now != version else None
        if fresh is None:
            yield empty()
            continue
        version = now
        yield from added(known, fresh, paths()[0].name)
        known = fresh.steps


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


def added(known: Ints, fresh: Chunk, name: str) -> Iterator[Chunk]:
    """What `fresh` adds to the rows with the steps `known`; all of it, told, where it does not begin with them."""
    n = len(known)
    if n and not np.array_equal(fresh.steps[:n], known):
        restart = Event("restart", "the log was rewritten with other rows: read again from its start", name)
        yield from bounded(with_events(fresh, [restart]))
    elif fresh.n_rows > n:
        yield from bounded(fresh.take(n, fresh.n_rows))
