"""Bytes of a file in blocks: gz, zst, bz2 and xz are seen through, a growing file is followed, devices are refused.

`head` for recognising, `blocks` for reading, `growing` for following.  What is odd about the bytes
themselves (a torn tail, a replaced file) stands in `.events` of the iterator.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from descentry.formats.gunzip import Unpacker
from descentry.formats.packed import MAGICS, damaged, unpacker_for
from descentry.record.errors import DamagedError, UnreadableError
from descentry.record.event import Event

BLOCK = 1 << 19
HEAD = 1 << 16
WITNESS = 64
"""So many bytes before the reading position are compared on each visit: a file rewritten in place differs."""


def opened(path: Path) -> BinaryIO:
    """The regular file at `path`, unbuffered.  Raises UnreadableError for anything else."""
    flags = (
        os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)
    )
    try:
        _require_regular(path, os.stat(path).st_mode)
        handle = os.fdopen(os.open(path, flags), "rb", buffering=0)
        _require_regular(path, os.fstat(handle.fileno()).st_mode)
    except FileNotFoundError as error:
        raise UnreadableError(str(path), "no such file", "check the path") from error
    except ValueError as error:
        raise UnreadableError(repr(str(path))[1:-1], "is no valid path", "check the path") from error
    except OSError as error:
        problem = error.strerror or str(error)
        raise UnreadableError(str(path), f"cannot be opened ({problem})", "check its permissions") from error
    return handle


def _require_regular(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise UnreadableError(str(path), "is a folder, expected a file", "name a log inside it")
    if not stat.S_ISREG(mode):
        raise UnreadableError(str(path), "is no regular file", "copy its content to a file first")


def read_some(handle: BinaryIO, size: int, path: Path) -> bytes:
    """Up to `size` bytes, b"" at the end.  Raises UnreadableError when the disk refuses."""
    try:
        return handle.read(size) or b""
    except OSError as error:
        raise UnreadableError(str(path), f"cannot be read ({error.strerror})", "check the disk") from error


def head(path: Path, n: int = HEAD) -> bytes:
    """The first `n` bytes, decompressed; fewer when the file is shorter.

    Raises UnreadableError, and DamagedError for a packed file of which nothing can be unpacked.
    """
    parts: list[bytes] = []
    missing = n
    source = Blocks(path, n)
    for block in source:
        parts.append(block[:missing])
        missing -= len(parts[-1])
        if missing <= 0:
            break
    if source.events and not parts:
        problem = source.events[0].message.partition(";")[0]
        raise DamagedError(str(path), problem, "wait until it is written, or copy it here once more")
    return b"".join(parts)


def blocks(path: Path, size: int = BLOCK) -> "Blocks":
    """The content, decompressed (gz, zst, bz2, xz), in blocks of at most `size` bytes.  Raises UnreadableError."""
    return Blocks(path, size)


class Blocks:
    """An iterator over the content of a file.  `events` grows while it runs."""

    def __init__(self, path: Path, size: int = BLOCK) -> None:
        self.path = path
        self.events: list[Event] = []
        self._size = size
        self._blocks = self._run()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._blocks)

    def _run(self) -> Iterator[bytes]:
        with opened(self.path) as handle:
            first = read_some(handle, self._size, self.path)
            unpacker = unpacker_for(first, self._size, self.path)
            if unpacker is not None:
                yield from self._unpacked(unpacker, handle, first)
                return
            while first:
                yield first
                first = read_some(handle, self._size, self.path)

    def _unpacked(self, unpacker: Unpacker, handle: BinaryIO, data: bytes) -> Iterator[bytes]:
        while data and not unpacker.problem:
            yield from unpacker.feed(data)
            data = read_some(handle, self._size, self.path)
        rest = unpacker.flush()
        if rest:
            yield rest
        if unpacker.end():
            self.events.append(damaged(self.path, unpacker))


def growing(path: Path, size: int = BLOCK) -> "Growing":
    """The content as it grows: a block, or b"" when nothing was added.  Raises UnreadableError at once."""
    return Growing(path, size)


class Growing:
    """An endless iterator over a file that another process appends to.

    b"" says that nothing has come since; the caller decides when to ask again.  When the file was replaced,
    truncated or rewritten, reading starts anew: `n_restarts` has grown by one, `events` says so, and the
    block that comes with it is the first of the new content (or b"").  A file that is gone for the moment
    is waited for.
    """

    def __init__(self, path: Path, size: int = BLOCK) -> None:
        self.path = path
        self.events: list[Event] = []
        self.n_restarts = 0
        self._size = size
        self._handle = opened(path)
        self._pending: Iterator[bytes] | None = None
        self._unpacker: Unpacker | None = None
        self._changed_ns = 0
        self._reset()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._pending is not None:
            piece = next(self._pending, None)
            if piece is not None:
                return piece
            self._pending = None
        self._restart_if_replaced()
        return self._plain(read_some(self._handle, self._size, self.path))

    def close(self) -> None:
        """Lets the file go."""
        self._handle.close()

    def _reset(self) -> None:
        self._offset = 0
        self._witness = b""
        self._start = b""
        self._unpacker = None
        self._is_plain = False
        self._pending = None

    def _plain(self, data: bytes) -> bytes:
        """`data` decompressed where the file is packed.  A first byte or two tell nothing: they wait."""
        self._offset += len(data)
        self._witness = (self._witness + data)[-WITNESS:]
        if self._unpacker is None and not self._is_plain:
            data = self._start + data
            if any(magic.startswith(data) and magic != data for magic in MAGICS):
                self._start = data
                return b""
            self._start = b""
            self._unpacker = unpacker_for(data, self._size, self.path)
            self._is_plain = self._unpacker is None
        if self._unpacker is None or not data:
            return data
        self._pending = self._unpacked(self._unpacker, data)
        return next(self._pending, b"")

    def _unpacked(self, unpacker: Unpacker, data: bytes) -> Iterator[bytes]:
        was_well = not unpacker.problem
        yield from unpacker.feed(data)
        if was_well and unpacker.problem:
            self.events.append(damaged(self.path, unpacker))

    def _restart_if_replaced(self) -> None:
        reason = self._replaced()
        if not reason:
            return
        self.n_restarts += 1
        self.events.append(
            Event("restart", f"the file was {reason}: read again from its start", self.path.name)
        )
        self._reset()

    def _replaced(self) -> str:
        """What happened to the file since the last visit, as a participle; "" when it only grew."""
        try:
            named = os.stat(self.path)
            known = os.fstat(self._handle.fileno())
        except OSError:
            return ""
        if stat.S_ISREG(named.st_mode) and (named.st_dev, named.st_ino) != (known.st_dev, known.st_ino):
            return self._reopened()
        if known.st_size < self._offset:
            self._handle.seek(0)
            return "truncated"
        is_changed = known.st_size > self._offset or known.st_mtime_ns != self._changed_ns
        self._changed_ns = known.st_mtime_ns
        if is_changed and not self._remembers():
            self._handle.seek(0)
            return "rewritten"
        return ""

    def _reopened(self) -> str:
        """Takes up the new file, once the old one is read to its end."""
        if os.fstat(self._handle.fileno()).st_size > self._offset:
            return ""
        try:
            fresh = opened(self.path)
        except UnreadableError:
            return ""
        self._handle.close()
        self._handle = fresh
        return "replaced"

    def _remembers(self) -> bool:
        """Whether the bytes before the reading position are still those that were read."""
        self._handle.seek(self._offset - len(self._witness))
        same = read_some(self._handle, len(self._witness), self.path) == self._witness
        self._handle.seek(self._offset)
        return same
