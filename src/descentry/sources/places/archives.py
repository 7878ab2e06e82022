"""Logs inside zip and tar files, read as if the archive were a folder; an archive in an archive is one more folder.

What could be a log is copied to a temporary folder, within limits; what is left out is told.  A followed archive is
looked into again whenever it has changed.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

from descentry.formats.blocks import head
from descentry.record.chunk import Chunk, empty
from descentry.record.errors import InputError
from descentry.record.event import Event
from descentry.sources.places.find import find
from descentry.sources.places.run_ids import file_id
from descentry.sources.places.spool import Kept, Spool, make_alike, renamed
from descentry.sources.places.unpack import Unpacking, is_archive
from descentry.sources.protocol import Log, OneRun
from descentry.sources.rows import with_events


def looked_for(path: Path, skipped: list[InputError] | None = None) -> list[Log]:
    """The logs in a file, be it an archive, or a folder; `skipped` as in `find`.  Raises InputError."""
    start = head(path) if path.is_file() else b""
    return archived(path, start, skipped) if is_archive(path, start) else find(path, skipped)


def archived(path: Path, start: bytes, skipped: list[InputError] | None = None) -> list[Log]:
    """The logs in an archive that starts so, as if it were a folder; `skipped` as in `find`.  Raises InputError."""
    spool = Spool()
    copies = Copies(path, spool.folder / (file_id(path) or "archive"))
    events = copies.made(start)
    names = str(copies.folder), str(path)
    problems: list[InputError] = []
    try:
        logs = find(copies.folder, problems)
    except InputError as error:
        raise renamed(error, *names) from error
    if skipped is not None:
        skipped += [renamed(error, *names) for error in problems]
    return [
        replace(
            log,
            reader=Kept(Renewed(log.reader, copies, events), spool, *names),
            where=log.place.replace(*names),
        )
        for log in logs
    ]


class Copies:
    """What could be a log in an archive, copied to `folder`.  Several followers may share it."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.folder = folder
        self._path = path
        self._version = _version(path)
        self._lock = Lock()

    def made(self, start: bytes) -> tuple[Event, ...]:
        """What was left out, once all is copied.  Raises InputError where nothing could be."""
        unpacking = Unpacking(self._path)
        unpacking.into(self.folder, start)
        return tuple(unpacking.events())

    def renew(self) -> None:
        """Brings the copies up to date where the archive has changed.  One that is being written is waited for."""
        with self._lock:
            now = _version(self._path)
            if now is None or now == self._version:
                return
            self._version = now
            fresh = self.folder.parent / "fresh"
            try:
                unpacking = Unpacking(self._path)
                unpacking.into(fresh, head(self._path))
                self._take_over(fresh, is_torn=bool(unpacking.damage))
            except (InputError, OSError):
                return
            finally:
                shutil.rmtree(fresh, ignore_errors=True)

    def _take_over(self, fresh: Path, *, is_torn: bool) -> None:
        for path in sorted(path for path in fresh.rglob("*") if path.is_file()):
            make_alike(self.folder / path.relative_to(fresh), path, only_longer=is_torn)


def _version(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


@dataclass(frozen=True, slots=True)
class Renewed:
    """A reader of a copy out of an archive; `events` tell what the archive holds and is not read."""

    inner: OneRun
    copies: Copies
    events: tuple[Event, ...]

    @property
    def can_verify(self) -> bool:
        """Whether the reader can check every checksum."""
        return bool(getattr(self.inner, "can_verify", False))

    def read(self, path: Path, **options: bool) -> Iterator[Chunk]:
        """The reader's own chunks, what the archive lacks told in the first."""
        yield from self._told(self.inner.read(path, **options))

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The log as it grows; the archive is looked at whenever nothing new was here."""
        for chunk in self._told(self.inner.follow(path)):
            if not chunk.n_rows:
                self.copies.renew()
            yield chunk

    def _told(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        if self.events:
            yield with_events(next(chunks, empty()), self.events)
        yield from chunks
