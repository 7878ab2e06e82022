"""Whole lines of a log that grows: reading always stops at the end of a line.

So the repair of a torn tail, which cuts the last half line off, goes unnoticed, as does a deleted file that its
writer wrote again: both hold what was read before.  A file that holds something else is read from its start.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from descentry.formats.blocks import opened, read_some
from descentry.formats.run_folder import MAX_LINE
from descentry.record.errors import UnreadableError
from descentry.record.event import Event

BLOCK = 1 << 20
WITNESS = 64
"""So many bytes before the reading position are compared on each visit."""


class WholeLines:
    """An endless iterator over whole lines; b"" says that none has come since.

    `n_restarts` has grown by one when the next lines are from the start of other content; `events` says why.
    `line`: the number of the first line that comes next.  Raises UnreadableError at once.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[Event] = []
        self.n_restarts = 0
        self._handle = opened(path)
        self._at = 0
        self._witness = b""

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        data = self._whole()
        if data:
            return data
        self._look_for_other()
        return self._whole()

    def close(self) -> None:
        """Lets the file go."""
        self._handle.close()

    def _whole(self) -> bytes:
        """The lines from the reading position on that are whole, about a block of them."""
        if not self._remembers(self._handle):
            self._restart("rewritten")
        self._handle.seek(self._at)
        data = read_some(self._handle, BLOCK, self.path)
        cut = data.rfind(b"\n") + 1
        while not cut and BLOCK <= len(data) <= MAX_LINE:
            more = read_some(self._handle, BLOCK, self.path)
            if not more:
                break
            data += more
            cut = data.rfind(b"\n") + 1
        if not cut and len(data) > MAX_LINE:
            cut = len(data)
        self._at += cut
        self._witness = (self._witness + data[max(0, cut - WITNESS) : cut])[-WITNESS:]
        return data[:cut]

    def _remembers(self, handle: BinaryIO) -> bool:
        """Whether the bytes before the reading position are those that were read."""
        if not self._witness:
            return True
        handle.seek(self._at - len(self._witness))
        return read_some(handle, len(self._witness), self.path) == self._witness

    def _may_become_the_same(self, fresh: BinaryIO) -> bool:
        """Whether a shorter file is one that its writer is just writing again: it begins as the known one."""
        start = read_some(fresh, BLOCK, self.path)
        self._handle.seek(0)
        return start == read_some(self._handle, len(start), self.path)

    def _restart(self, how: str) -> None:
        self.n_restarts += 1
        message = f"the file was {how}: read again from its start"
        self.events.append(Event("restart", message, self.path.name))
        self._at = 0
        self._witness = b""

    def _look_for_other(self) -> None:
        """Takes up another file of that name, once there is one."""
        try:
            named, known = os.stat(self.path), os.fstat(self._handle.fileno())
            if (named.st_dev, named.st_ino) == (known.st_dev, known.st_ino):
                return
            fresh = opened(self.path)
        except (OSError, UnreadableError):
            return
        if named.st_size < self._at and self._may_become_the_same(fresh):
            fresh.close()
            return
        self._handle.close()
        self._handle = fresh
        if not self._remembers(fresh):
            self._restart("replaced")
