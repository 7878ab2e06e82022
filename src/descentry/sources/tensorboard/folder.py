"""The event files right inside one folder: read in the order of their times, followed at the cost of what is new.

A second file is mostly a resumed run's; where it was written at the same time as the first, that is told.
"""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

from descentry.formats.blocks import Growing, blocks, growing
from descentry.record.chunk import Chunk, empty
from descentry.record.errors import InputError, UnreadableError
from descentry.sources.rows import bounded, is_empty, with_events
from descentry.sources.tensorboard.event_file import Attempts, EventFile
from descentry.sources.tensorboard.writers import Writers

MARK = ".tfevents."
BLOCK = 2 << 20
"""Bytes that are read at once: enough to make much of a pattern, and all of it stays near the processor."""
SETTLED_NS = 2 * 10**9
"""A folder that was changed this short a while ago may change again within the same tick of its clock."""
_PARTS = re.compile(r"([0-9]{1,18})")


def event_files(folder: Path) -> list[Path]:
    """The event files right inside a folder, in the order of their names; [] when it is none."""
    try:
        with os.scandir(folder) as entries:
            found = [
                Path(entry.path)
                for entry in entries
                if MARK in entry.name and entry.is_file(follow_symlinks=False)
            ]
    except OSError:
        return []
    return sorted(found, key=_in_time)


def _in_time(path: Path) -> list[tuple[int, str]]:
    """Sort key: the name with its numbers as numbers (time, process, counter)."""
    return [
        (int(part), "") if part.isascii() and part.isdigit() else (-1, part)
        for part in _PARTS.split(path.name)
    ]


def read_folder(path: Path, *, verify: bool = False) -> Iterator[Chunk]:
    """The files of a folder, or the one file, as chunks.  Raises UnreadableError."""
    attempts, writers = Attempts(), Writers()
    files = event_files(path) or [path]
    hear = writers.heard if len(files) > 1 else _unheard
    for file in files:
        source = blocks(file, BLOCK)
        decoder = EventFile(file.name, verify=verify, attempts=attempts)
        for block in source:
            yield from bounded(hear(file.name, decoder.feed(block)))
        yield from bounded(with_events(hear(file.name, decoder.end()), source.events))


def _unheard(file: str, chunk: Chunk) -> Chunk:
    del file
    return chunk


def follow_folder(path: Path) -> Iterator[Chunk]:
    """The log as it grows; files that come later are taken up.  Raises UnreadableError."""
    followed = _Followed(path)
    try:
        while True:
            n_told = 0
            for chunk in followed.news():
                n_told += 1
                yield chunk
            if not n_told:
                yield empty()
    finally:
        followed.close()


class _Followed:
    """The open files of a folder.  What has not changed since the last visit costs one look at its status."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_folder = path.is_dir()
        self._files: dict[Path, _File] = {}
        self._attempts = Attempts()
        self._writers = Writers()
        self._listed: object = None
        self._take_up(event_files(path) if self._is_folder else [path], is_first=True)

    def news(self) -> Iterator[Chunk]:
        """What came since the last visit, in the order of the files."""
        if self._is_folder and self._may_have_more():
            self._take_up(event_files(self._path), is_first=False)
        for file in self._files.values():
            if file.may_have_more():
                yield from file.news(self._writers)

    def _may_have_more(self) -> bool:
        """Whether a file may have come: a folder's time of change says so, once its tick is over."""
        try:
            changed = os.stat(self._path).st_mtime_ns
        except OSError:
            return False
        is_same = changed == self._listed
        self._listed = changed if time.time_ns() - changed > SETTLED_NS else None
        return not is_same

    def _take_up(self, files: list[Path], *, is_first: bool) -> None:
        for path in files:
            if path not in self._files:
                try:
                    self._files[path] = _File(path, self._attempts)
                except InputError:
                    if is_first and len(files) == 1:
                        raise
        if is_first and not files:
            raise UnreadableError(str(self._path), "holds no event files any more", "check the path")

    def close(self) -> None:
        """Lets the files go."""
        for file in self._files.values():
            file.source.close()


class _File:
    """One file that grows."""

    def __init__(self, path: Path, attempts: Attempts) -> None:
        self._path = path
        self.source: Growing = growing(path)
        self._decoder = EventFile(path.name, attempts=attempts)
        self._version: object = None
        self._is_idle = False

    def may_have_more(self) -> bool:
        """False where the file is as it was when nothing more came."""
        try:
            status = os.stat(self._path)
        except OSError:
            return False
        version = status.st_ino, status.st_size, status.st_mtime_ns
        is_same = self._is_idle and version == self._version
        self._version = version
        return not is_same

    def news(self, writers: Writers) -> Iterator[Chunk]:
        """What the file has had since the last visit."""
        self._is_idle = False
        for block in self.source:
            if self.source.n_restarts != self._decoder.n_restarts:
                self._decoder.restart(self.source.n_restarts)
            fed = writers.heard(self._path.name, self._decoder.feed(block))
            chunk = with_events(fed, self.source.events)
            self.source.events.clear()
            if not is_empty(chunk):
                yield from bounded(chunk)
            if not block:
                self._is_idle = True
                return
