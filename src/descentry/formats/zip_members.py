"""The members of a zip archive, read in place: nothing is ever written out, so a member's path is but a name.

The list of members is bounded before it is parsed, and a member stops where no log would unfold to so much.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from descentry.formats.blocks import BLOCK
from descentry.formats.gunzip import DENSE_BYTES, DENSE_RATIO, MAX_BYTES, MAX_RATIO
from descentry.formats.seekable import seekable
from descentry.record.errors import DamagedError
from descentry.record.event import Event

HEAD = b"PK\x03\x04"
MAX_LISTING = 8 << 20
"""Bytes of an archive's list of members: some 50,000 names."""
_END = struct.Struct("<4s4H2LH")
_END_MARK = b"PK\x05\x06"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_AGAIN = "copy it here once more, or log the run anew"
_LOCATOR = struct.Struct("<4s16x")
_LOCATOR_MARK = b"PK\x06\x07"
_ERRORS = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError)
"""What zipfile raises for damaged and otherwise odd archives."""


class Archive:
    """An open zip archive; a context.  `events` grows while members are read.  Raises UnreadableError,
    DamagedError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[Event] = []
        self._file = seekable(path)
        try:
            _require_short_listing(self._file)
            self._zip = zipfile.ZipFile(self._file)
        except _ERRORS as error:
            self._file.close()
            raise self._damaged(f"is a zip archive that cannot be opened ({_reason(error)})") from error

    def __enter__(self) -> "Archive":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets the file go."""
        self._zip.close()
        self._file.close()

    @property
    def names(self) -> frozenset[str]:
        """The names of the members."""
        return frozenset(self._zip.namelist())

    def whole(self, name: str, limit: int = 1 << 20) -> bytes:
        """A small member's content, at most `limit` bytes of it.  Raises DamagedError."""
        content = b""
        for block in self.blocks(name):
            content += block
            if len(content) >= limit:
                break
        return content[:limit]

    def blocks(self, name: str) -> Iterator[bytes]:
        """A member's content in blocks; damage ends it, told in `events`.  Raises DamagedError at once."""
        info = self._zip.getinfo(name)
        if info.flag_bits & 1 or info.compress_type not in _METHODS:
            how = "is encrypted" if info.flag_bits & 1 else "is packed in a way that is not known here"
            raise self._damaged(f"holds {name}, which {how}")
        n_out = 0
        try:
            with self._zip.open(info) as member:
                while block := member.read(BLOCK):
                    n_out += len(block)
                    if _is_bomb(n_out, info.compress_size):
                        self._stopped(name, f"unfolds to more than {n_out} bytes from {info.compress_size}")
                        return
                    yield block
        except _ERRORS as error:
            if not n_out:
                raise self._damaged(f"holds {name}, which cannot be read ({_reason(error)})") from error
            self._stopped(name, f"is damaged after {n_out} bytes ({_reason(error)})")

    def _stopped(self, name: str, problem: str) -> None:
        message = f"{name} {problem}; what came before was read"
        self.events.append(Event("torn_tail", message, f"{self.path.name}/{name}"))

    def _damaged(self, problem: str) -> DamagedError:
        return DamagedError(str(self.path), problem, _AGAIN)


def members_of(path: Path, head: bytes) -> frozenset[str]:
    """The names in a zip archive that starts with `head`; none where it is no sound archive."""
    if not head.startswith(HEAD):
        return frozenset()
    try:
        with Archive(path) as archive:
            return archive.names
    except DamagedError:
        return frozenset()


def _is_bomb(n_out: int, n_in: int) -> bool:
    is_dense = n_out > DENSE_BYTES and n_out > DENSE_RATIO * n_in
    return is_dense or n_out > max(MAX_BYTES, MAX_RATIO * n_in)


def _require_short_listing(file: BinaryIO) -> None:
    """Raises BadZipFile where the archive has no end, or says that its list of members is very long."""
    size = file.seek(0, 2)
    n = min(size, _END.size + 0xFFFF)
    file.seek(size - n)
    tail = file.read(n)
    at = tail.rfind(_END_MARK)
    if at < 0 or len(tail) - at < _END.size:
        raise zipfile.BadZipFile("its end is missing: it is cut off")
    is_zip64 = tail[max(0, at - _LOCATOR.size) : at].startswith(_LOCATOR_MARK)
    if is_zip64 or _END.unpack_from(tail, at)[5] > MAX_LISTING:
        raise zipfile.BadZipFile("its list of members is too long")
    file.seek(0)


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
