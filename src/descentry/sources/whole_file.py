"""Formats that are one document: read whole, read again when the file has changed."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from descentry.formats.blocks import blocks
from descentry.formats.lines import plain_head
from descentry.record.chunk import Chunk, empty
from descentry.record.errors import DamagedError, InputError
from descentry.record.event import Event
from descentry.sources.rows import bounded, with_events
from descentry.sources.settled import Known, added

MAX_BYTES = 256 << 20
"""A document larger than this is no training log that fits into memory."""
MAX_MEMORY = 400 << 20
COSTS = {b"[": 90, b"{": 240, b":": 90, b",": 32}
"""Bytes that a parsed value takes at least, by the sign that announces it: a document of a few MiB may hold
millions of empty lists."""

Parse = Callable[[bytes, str], Chunk]
"""From the content and the file's name to all of its rows.  Raises DamagedError."""


def read_whole(path: Path, parse: Parse) -> Iterator[Chunk]:
    """All rows, in bounded chunks.  Raises UnreadableError and DamagedError."""
    content, events = _content(path)
    try:
        chunk = parse(content, path.name)
    except DamagedError as error:
        raise DamagedError(str(path), error.problem, error.advice) from error
    yield from bounded(with_events(chunk, events))


def follow_whole(path: Path, parse: Parse) -> Iterator[Chunk]:
    """The rows that each new version of the file adds, for ever; an empty chunk when there is none.

    A version that cannot be parsed is being written: it is waited for.  One that does not begin with the
    rows of the last is told as `restart` and handed out whole; see `settled.added` for changes in rows that were
    read before.  Raises UnreadableError at the start.

    A document ends what it began long before, and its writers write it anew: the only way to know a new version is
    to parse it, once.  One with the same size, time and inode as the last that was looked at costs nothing, be it
    whole or torn.
    """
    known = Known.of(empty())
    version: object = None
    is_first = True
    while True:
        now = _version(path)
        if now == version and not is_first:
            yield empty()
            continue
        fresh = _parsed(path, parse, is_first=is_first)
        version, is_first = now, False
        if fresh is None:
            yield empty()
            continue
        yield from added(known, fresh, path.name)
        known = Known.of(fresh)


def _parsed(path: Path, parse: Parse, *, is_first: bool) -> Chunk | None:
    try:
        content, events = _content(path)
        chunk = parse(content, path.name)
    except DamagedError:
        return None
    except InputError:
        if is_first:
            raise
        return None
    torn = any(event.kind == "torn_tail" for event in (*events, *chunk.events))
    return None if torn else with_events(chunk, events)


def _version(path: Path) -> object:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def content_of(path: Path) -> bytes:
    """The file's content as UTF-8.  Raises UnreadableError, DamagedError."""
    return _content(path)[0]


def _content(path: Path) -> tuple[bytes, list[Event]]:
    """The file's content as UTF-8 without a byte-order mark, and what was odd about the bytes."""
    source = blocks(path)
    parts: list[bytes] = []
    n_bytes = 0
    for block in source:
        parts.append(block)
        n_bytes += len(block)
        if n_bytes > MAX_BYTES:
            raise DamagedError(str(path), f"is one document of more than {n_bytes} bytes", "export it as CSV")
    content = b"".join(parts)
    n_bytes = sum(content.count(sign) * cost for sign, cost in COSTS.items())
    if n_bytes > MAX_MEMORY:
        problem = f"is one document that would take about {n_bytes >> 20} MiB of memory"
        raise DamagedError(str(path), problem, "export it as CSV or JSON lines")
    return (plain_head(content) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else content), source.events
