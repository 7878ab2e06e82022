"""Which file of a run folder a writer appends to, and the repair of a tail that was torn.

The first writer has `metrics.jsonl`.  While it lives, others take `metrics.2.jsonl` and so on; so does a writer
that finds a file there which is no log of ours.
"""

import os
import secrets
import stat
from pathlib import Path
from time import time

from descentry.formats.run_folder import (
    MAX_LINE,
    file_name,
    is_log,
    is_whole,
    may_be_taken,
    session_line,
    told_line,
)
from descentry.log.appender import Opened
from descentry.log.descriptors import read_at
from descentry.log.lock import locked
from descentry.log.values import clean
from descentry.log.wall import Told
from descentry.record.errors import UsageError

MAX_WRITERS = 10_000
BLOCK = 1 << 20
N_START = 64
N_SHOWN = 120
_FLAGS = (
    os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)  # fmt: skip


class Place:
    """A run folder, as a writer sees it.  `path`: the file that is written."""

    def __init__(self, folder: Path, told: Told, *, resume: bool) -> None:
        self.folder = folder
        self.path = folder / file_name(1)
        self.is_child = False
        self._session = secrets.token_hex(4)
        self._told = told
        self.must_be_new = not resume

    def renew(self) -> None:
        """In a forked child: a writer of its own."""
        self.is_child = True
        self._session = secrets.token_hex(4)

    def open_file(self) -> Opened:
        """The first file of the folder that is free, its torn tail repaired.

        Raises OSError, and UsageError when the log exists and resuming was not asked for.
        """
        self._refuse_existing()
        self.folder.mkdir(parents=True, exist_ok=True)
        why = ""
        for n in range(1, MAX_WRITERS):
            path = self.folder / file_name(n)
            fd = os.open(path, _FLAGS, 0o666)
            try:
                reason, is_sole = self._taken(fd)
                if not reason:
                    self.path = path
                    return self._opened(fd, is_sole, why)
            except OSError:
                os.close(fd)
                raise
            os.close(fd)
            why = why or f"{path.name} {reason}"
        raise OSError(f"{MAX_WRITERS} logs are there already")

    def _refuse_existing(self) -> None:
        path = self.folder / file_name(1)
        if self.must_be_new and path.exists() and path.stat().st_size:
            raise UsageError(
                f"{path}: holds a log of {path.stat().st_size} bytes, expected none with resume=False; "
                "use resume=True to append to it, or name another folder"
            )

    def _taken(self, fd: int) -> tuple[str, bool]:
        """Why a file cannot be had ("" when it can), and whether its lock is ours."""
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return "is no regular file", False
        is_ours = locked(fd)
        if is_ours is False:
            return "is being written by another" + (", the parent" if self.is_child else ""), False
        if not _is_ours(fd):
            return "is no log of descentry", False
        return "", is_ours is True

    def _opened(self, fd: int, is_sole: bool, why: str) -> Opened:
        if why:
            self._told("second_writer", f"{why}: this one writes {self.path.name}, a run of its own")
        session = session_line(self._session, time(), why)
        said, mended = repaired(fd, is_sole)
        if not said:
            return Opened(fd, (session,))
        self._told("repair", said)
        notice = told_line("notice", "repair", f"{self.path.name}: {said}", None, time())
        return Opened(fd, (*mended, session, notice))


def _is_ours(fd: int) -> bool:
    """Whether the file is a log, or nothing but a torn first line."""
    start = read_at(fd, N_START, 0)
    return is_log(start) or (may_be_taken(start) and last_line(fd, os.fstat(fd).st_size) == 0)


def repaired(fd: int, may_cut: bool) -> tuple[str, tuple[bytes, ...]]:
    """What was done about a last line without newline ("" for nothing), and what is to be written for it.

    A line that is whole but for its newline is kept.  Else it is cut off, or, where others may be writing, ended
    by a newline: then readers tell it as damaged.
    """
    size = os.fstat(fd).st_size
    start = last_line(fd, size)
    if start == size:
        return "", ()
    kept = read_at(fd, MAX_LINE, start).rstrip(b"\0")
    end = start + len(kept)
    if is_whole(kept):
        if end < size and may_cut:
            os.ftruncate(fd, end)
        return f"the last line, at byte {start}, lacked its end of line", (b"\n",)
    shown = clean(kept[:N_SHOWN].decode("utf-8", "backslashreplace"), N_SHOWN)
    what = f"a torn tail of {size - start} bytes at byte {start}"
    if not may_cut:
        return f"{what} was ended by a newline: {shown!r}", (b"\n",)
    os.ftruncate(fd, start)
    return f"{what} was cut off: {shown!r}", ()


def last_line(fd: int, size: int) -> int:
    """The byte at which the last line starts; `size` when it ends in a newline."""
    end = size
    while end > 0:
        begin = max(0, end - BLOCK)
        at = read_at(fd, end - begin, begin).rfind(b"\n")
        if at >= 0:
            return begin + at + 1
        end = begin
    return 0
