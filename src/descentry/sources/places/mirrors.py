"""Local copies of remote objects, brought up to date before they are read and while they are followed."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from descentry.formats.blocks import HEAD, WITNESS
from descentry.record.chunk import Chunk
from descentry.record.errors import UnreadableError
from descentry.record.event import Event
from descentry.sources.places.buckets import WHOLE, Bucket, ChangedError, Entry
from descentry.sources.places.spool import make_alike
from descentry.sources.protocol import OneRun
from descentry.sources.rows import with_events

MAX_BYTES = 4 * 2**30
"""An object larger than this is not fetched."""
N_TRIES = 3


class Mirror:
    """One object and its local copy, which holds the object's first bytes.

    `entry`: what the copy is of; `hidden`: a folder for files that are being fetched, which no reader looks into.
    """

    def __init__(self, bucket: Bucket, entry: Entry, copy: Path, hidden: Path) -> None:
        self.bucket = bucket
        self.entry = entry
        self.copy = copy
        self.hidden = hidden
        self._is_changeable = bool(WHOLE.fullmatch(entry.path))
        self._is_whole = bucket.is_web or self._is_changeable

    def sample(self) -> None:
        """Fetches the first bytes; all of what cannot be recognised by them.  Raises UnreadableError."""
        self._require_small(self.entry)
        self.copy.parent.mkdir(parents=True, exist_ok=True)
        n = self.entry.size if self._is_whole else min(HEAD, self.entry.size)
        self.bucket.fetch(self.entry, 0, n, self.copy)

    def sync(self, now: Entry | None = None) -> None:
        """Fetches what the object has grown by, or all of it where it was written anew.  Raises UnreadableError.

        A database or a table changes in its middle: another version of it is always fetched whole.
        """
        now = now or self.bucket.entry(self.entry.path)
        known = self.copy.stat().st_size
        is_same = now == self.entry
        if is_same and known == now.size:
            return
        self._require_small(now)
        if is_same or (now.size > known and not self._is_changeable and self._goes_on(now, known)):
            self.bucket.fetch(now, known, now.size, self.copy)
        else:
            with self._beside() as fresh:
                self.bucket.fetch(now, 0, now.size, fresh)
                make_alike(self.copy, fresh)
        self.entry = now

    def appear(self) -> None:
        """Fetches all of a new object, which readers see when it is whole.  Raises UnreadableError."""
        self._require_small(self.entry)
        with self._beside() as fresh:
            self.bucket.fetch(self.entry, 0, self.entry.size, fresh)
            make_alike(self.copy, fresh)

    def shrink(self) -> None:
        """Keeps the first bytes only, by which the log is recognised."""
        if not self._is_whole and self.copy.stat().st_size > HEAD:
            os.truncate(self.copy, HEAD)

    def _require_small(self, entry: Entry) -> None:
        if entry.size > MAX_BYTES:
            where = f"{self.bucket.address}: {entry.path}"
            raise UnreadableError(where, f"holds {entry.size} bytes", "copy it here")

    def _goes_on(self, now: Entry, known: int) -> bool:
        """Whether the last bytes of the copy still stand in the object where they stood."""
        back = min(known, WITNESS)
        with self.copy.open("rb") as file:
            file.seek(known - back)
            last = file.read(back)
        with self._beside() as probe:
            self.bucket.fetch(now, known - back, known, probe)
            return probe.read_bytes() == last

    @contextmanager
    def _beside(self) -> Iterator[Path]:
        """A place for a new file, gone afterwards."""
        self.hidden.mkdir(exist_ok=True)
        path = self.hidden / f"{id(self)}"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


class Mirrors:
    """The objects of one log.  `folder`: where their copies stand below, None where the log is one object.

    `prefix`: that of the objects in the folder; new ones below it become part of the log.
    """

    def __init__(self, mirrors: Sequence[Mirror], folder: Path | None, prefix: str) -> None:
        self.bucket = mirrors[0].bucket
        self._all = {mirror.entry.path: mirror for mirror in mirrors}
        self.hidden = mirrors[0].hidden
        self._folder = folder
        self._prefix = prefix

    def sync(self) -> None:
        """Brings the copies up to date.  Raises UnreadableError, also for objects that change all the time."""
        for n_left in reversed(range(N_TRIES)):
            try:
                self._sync()
            except ChangedError:
                if not n_left:
                    raise
            else:
                return

    def _sync(self) -> None:
        if self._folder is None:
            for mirror in self._all.values():
                mirror.sync()
            return
        for entry in self.bucket.listing(self._prefix):
            known = self._all.get(entry.path)
            if known is not None:
                known.sync(entry)
                continue
            mirror = Mirror(self.bucket, entry, place(self._folder, entry.path, self._prefix), self.hidden)
            mirror.appear()
            self._all[entry.path] = mirror

    def shrink(self) -> None:
        """Keeps the first bytes of each copy only."""
        for mirror in self._all.values():
            mirror.shrink()


def place(folder: Path, path: str, prefix: str) -> Path:
    """Where the copy of an object goes: below `folder` by its path after the prefix; the object itself is `folder`."""
    rest = path[len(prefix) :].strip("/") if path.startswith(prefix) else path
    parts = [part for part in rest.split("/") if part not in ("", ".", "..")]
    return folder.joinpath(*parts)


@dataclass(frozen=True, slots=True)
class Synced:
    """A reader of copies that are fetched before they are read."""

    inner: OneRun
    mirrors: Mirrors

    @property
    def can_verify(self) -> bool:
        """Whether the reader can check every checksum."""
        return bool(getattr(self.inner, "can_verify", False))

    def read(self, path: Path, **options: bool) -> Iterator[Chunk]:
        """The whole log; its copy is dropped at the end."""
        self.mirrors.sync()
        try:
            yield from self.inner.read(path, **options)
        finally:
            self.mirrors.shrink()

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The log as it grows; asks the store again whenever nothing new was here.

        A store that does not answer for a while, or an object that is gone for the moment, is waited for, and told
        once each time.
        """
        self.mirrors.sync()
        is_away = False
        for chunk in self.inner.follow(path):
            problem = "" if chunk.n_rows else self._synced()
            if problem and not is_away:
                yield with_events(chunk, [Event("unreachable", problem, self.mirrors.bucket.address)])
            else:
                yield chunk
            is_away = bool(problem)

    def _synced(self) -> str:
        """Fetches what is new; what is wrong where that cannot be done now, in words."""
        try:
            self.mirrors.sync()
        except UnreadableError as error:
            return f"{error.problem}: tried again"
        return ""
