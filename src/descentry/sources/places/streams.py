"""Logs that come as a stream, by stdin or a named pipe: copied to a file, and read there.

To be read, a stream is copied to its end first.  To be followed (`live`), it is handed out as it comes: a thread
copies it, and the log is recognised by its first whole lines.  Either way memory stays bounded; the copy may take
`spool.MAX_BYTES` of the disk.
"""

import os
import select
import stat
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from descentry.formats.blocks import HEAD, head
from descentry.record.chunk import Chunk, Column
from descentry.record.errors import InputError, UnreadableError
from descentry.record.event import Event
from descentry.sources.places.archives import looked_for
from descentry.sources.places.find import runs_in
from descentry.sources.places.pump import Pump, Read
from descentry.sources.places.run_ids import file_id
from descentry.sources.places.spool import Kept, Spool, copied, renamed
from descentry.sources.places.walk import recognised
from descentry.sources.protocol import Log, OneRun, Reader
from descentry.sources.rows import is_empty, with_events

MIN_LINES = 2
"""Whole lines by which a stream is recognised before its end."""
BINARY = ("tensorboard", "wandb")
"""Formats that are no text and can be read as they come."""
N_QUIET = 3
"""So many times nothing has come from a reader: it has read all that there is."""
_BLOCK = 1 << 16


def stdin_logs(skipped: list[InputError] | None = None, *, live: bool = False) -> list[Log]:
    """The log on stdin; `skipped` as in `find`.  Raises InputError."""
    if sys.stdin is None:
        raise UnreadableError("stdin", "is closed", "pipe a log into it or name a file")
    source: Any = sys.stdin.buffer
    if not live:
        return _read_to_end(source.read, "stdin", skipped)
    try:
        handle = sys.stdin.fileno()
    except (OSError, AttributeError):
        return _live(source.read1, "stdin")
    return _live(lambda n: _some(handle, n), "stdin")


def is_pipe(path: Path) -> bool:
    """Whether a named pipe stands at the path."""
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def pipe_logs(pipe: Path, skipped: list[InputError] | None = None, *, live: bool = False) -> list[Log]:
    """The log that comes through a pipe.  One that nobody writes to is empty; `live`: a writer is waited for."""
    try:
        handle = os.open(pipe, os.O_RDONLY | (0 if live else os.O_NONBLOCK))
    except OSError as error:
        raise UnreadableError(str(pipe), f"cannot be opened: {error.strerror}", "name a file") from error
    if live:
        return _live(lambda n: _some(handle, n), str(pipe), handle)
    with os.fdopen(handle, "rb", buffering=0) as source:
        os.set_blocking(handle, True)
        return _read_to_end(lambda n: source.read(n) or b"", str(pipe), skipped)


def _some(handle: int, n: int) -> bytes:
    """What has come, up to n bytes, waited for; b"" at the end.  Python's own buffer, and its lock, are passed by."""
    while True:
        try:
            return os.read(handle, min(n, _BLOCK))
        except BlockingIOError:
            select.select([handle], [], [])


def _read_to_end(read: Read, where: str, skipped: list[InputError] | None) -> list[Log]:
    spool = Spool()
    copy = spool.folder / "stdin"
    copied(read, copy, where)
    problems: list[InputError] = []
    logs = _found(spool, copy, where, problems)
    if skipped is not None:
        skipped += [renamed(error, str(copy), where) for error in problems]
    return logs


def _found(
    spool: Spool,
    copy: Path,
    where: str,
    problems: list[InputError],
    pump: Pump | None = None,
    reader: Reader | None = None,
) -> list[Log]:
    """The logs in the copy, under the stream's name; `reader`: what takes it, None where that is to be found."""
    try:
        logs = (
            looked_for(copy, problems)
            if reader is None
            else runs_in(Log(file_id(copy), reader.format, copy, reader))
        )
    except InputError as error:
        raise renamed(error, str(copy), where) from error
    return [
        replace(
            log,
            run=log.run.replace("stdin", where, 1),
            reader=Kept(Live(log.reader, pump) if pump else log.reader, spool, str(copy), where),
            where=log.place.replace(str(copy), where),
        )
        for log in logs
    ]


def _live(read: Read, where: str, handle: int = -1) -> list[Log]:
    """The log, as soon as it is recognised.  Raises InputError."""
    spool = Spool()
    pump = Pump(read, spool.folder / "stdin", where, handle)
    n_bytes = 0
    # The copy grows all the time: what takes its whole lines is not asked again, with a torn one behind them.
    while (reader := _reader_of(pump.copy, n_bytes)) is None and n_bytes < HEAD:
        n_known, n_bytes = n_bytes, pump.more_than(n_bytes)
        if n_known == n_bytes:
            break
    if reader is None and n_bytes >= HEAD and _is_binary(pump.copy):
        pump.end()  # A database or an archive is there at its end only.
    pump.check()
    return _found(spool, pump.copy, where, [], pump, reader)


def _reader_of(copy: Path, n_bytes: int) -> Reader | None:
    """What can read the log as it comes: it is known by its first whole lines."""
    if not n_bytes:
        return None
    try:
        start = head(copy)
    except InputError:
        return None
    if b"\0" in start:
        reader = recognised(copy, start)
        return reader if reader is not None and reader.format in BINARY else None
    whole = start[: start.rfind(b"\n") + 1]
    return recognised(copy, whole) if whole.count(b"\n") >= MIN_LINES else None


def _is_binary(copy: Path) -> bool:
    with copy.open("rb") as file:
        return b"\0" in file.read(HEAD)


@dataclass(frozen=True, slots=True)
class Live:
    """A reader of a stream's copy, while the stream goes on."""

    inner: OneRun
    pump: Pump

    @property
    def can_verify(self) -> bool:
        """Whether the reader can check every checksum."""
        return bool(getattr(self.inner, "can_verify", False))

    def read(self, path: Path, **options: bool) -> Iterator[Chunk]:
        """The whole log, once the stream has ended."""
        self.pump.end()
        self.pump.check()
        yield from self.inner.read(path, **options)

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The log as it comes, to the end of the stream: unlike others, this one ends.

        Raises UnreadableError behind the last row where the stream could not be copied to its end.
        """
        n_quiet = 0
        n_points: Counter[str] = Counter()
        told: set[Event] = set()
        chunks = self.inner.follow(path)
        while n_quiet < N_QUIET:
            is_done = self.pump.is_done
            chunk = next(chunks)
            n_quiet = n_quiet + 1 if is_done and is_empty(chunk) else 0
            n_points.update({name: len(column.rows) for name, column in chunk.columns.items()})
            told.update(chunk.events)
            yield chunk
        yield from _rest(self.inner.read(path), n_points, told)
        self.pump.check()


def _rest(chunks: Iterator[Chunk], n_points: Counter[str], told: set[Event]) -> Iterator[Chunk]:
    """What only the end of a log tells: its last line without an end, rows that waited for the next one.

    `n_points`: how many points of each series are known; rows may have been cut differently.
    """
    for chunk in chunks:
        columns = {}
        for name, column in chunk.columns.items():
            n = min(n_points[name], len(column.rows))
            n_points[name] -= n
            if n < len(column.rows):
                columns[name] = Column(column.rows[n:], column.values[n:])
        events = tuple(event for event in chunk.events if event not in told)
        start = min((int(column.rows[0]) for column in columns.values()), default=chunk.n_rows)
        rest = Chunk(chunk.steps, columns, chunk.wall_times).take(start, chunk.n_rows)
        if rest.n_rows or events:
            yield with_events(rest, events)
