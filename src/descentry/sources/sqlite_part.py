"""One run's part of an SQLite database, read once or followed: visits when the file has changed, and no longer."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from descentry.formats.sqlite_file import Database
from descentry.formats.sqlite_place import SqlitePlace, is_settled
from descentry.record.chunk import Chunk, empty
from descentry.record.errors import DamagedError, InputError
from descentry.record.event import Event
from descentry.sources.rows import bounded, is_empty


class Part(Protocol):
    """What knows the rows of one run, and which of them it has read."""

    max_value: int
    """Bytes of the longest text that is read."""

    def config(self, database: Database) -> Mapping[str, object]:
        """The run's settings."""

    def fresh(self, database: Database) -> Iterator[Chunk]:
        """The rows that were not read before, page by page."""

    def pause(self) -> Chunk:
        """What need not wait any longer for rows that may come before it."""

    def end(self, problem: str) -> Chunk | None:
        """What only the whole can tell; None when a problem left nothing that could be told."""


def read_part(path: Path, part: Part) -> Iterator[Chunk]:
    """The whole run.  A damaged file gives what stands before the damage.

    Raises UnreadableError, and DamagedError when nothing does.
    """
    with Database(path, max_value=part.max_value) as database:
        yield from bounded(empty(config=_config(part, database)))
        problem = None
        try:
            for chunk in part.fresh(database):
                yield from bounded(chunk)
        except DamagedError as error:
            problem = error
        last = part.end(problem.problem if problem else "")
        if last is None and problem is not None:
            raise problem
        yield from bounded(last or empty())


def _config(part: Part, database: Database) -> Mapping[str, object]:
    try:
        return part.config(database)
    except DamagedError:
        return {}


def follow_part(path: Path, part: Part) -> Iterator[Chunk]:
    """The run as it grows, for ever; an empty chunk when nothing new has come.  A file that cannot be read for
    the moment is looked at again.  Raises UnreadableError, DamagedError at the start."""
    place = SqlitePlace(path)
    try:
        with Database(path, place, part.max_value) as database:
            yield from bounded(empty(config=_config(part, database)))
        visits = _Visits(path, place, part)
        while True:
            some = False
            for chunk in visits.news():
                some = some or not is_empty(chunk)
                yield from bounded(chunk)
            if not some:
                yield empty()
    finally:
        place.close()


class _Visits:
    """Visits to a file, each time that it has changed."""

    def __init__(self, path: Path, place: SqlitePlace, part: Part) -> None:
        self._path, self._place, self._part = path, place, part
        self._read: object = None
        self._told = ""

    def news(self) -> Iterator[Chunk]:
        """The rows that are new, and an event where they cannot be read, once while that lasts."""
        version = self._place.version()
        if version == self._read:
            yield self._part.pause()
            return
        try:
            with Database(self._path, self._place, self._part.max_value) as database:
                yield from self._part.fresh(database)
        except InputError as error:
            if self._read is None:
                raise
            if error.problem != self._told:
                message = f"{error.problem}: asked again until it can be read"
                yield empty((Event("unreadable", message, self._path.name),))
            self._told, self._read = error.problem, ()
        else:
            self._told, self._read = "", version if is_settled(version) else ()
