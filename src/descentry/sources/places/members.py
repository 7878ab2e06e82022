"""The files in a zip or tar archive, one after the other, within limits; gz, zst, bz2 and xz are seen through.

What an archive may hold beside logs is bounded before it is parsed: its list of members, long headers of a tar.
"""

import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from io import RawIOBase
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple

from descentry.formats.blocks import Blocks
from descentry.formats.seekable import seekable
from descentry.record.errors import DamagedError

MAX_ENTRIES = 200_000
MAX_RATIO = 200
"""A member of a zip that unfolds to more than this many times its packed size is no log."""
SMALL = 1 << 20
"""Members below this are taken whatever their ratio."""
MAX_LISTING = 16 << 20
"""Bytes of a zip's list of members: some 150,000 names."""
MAX_HEADER = 1 << 20
"""Bytes of a long name or of extended headers in a tar; both are held in memory."""
ZIPS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
"""How a zip begins: a member, an empty archive, a part of several."""
TAR, TAR_AT = b"ustar", 257
BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    struct.error,
    EOFError,
    RuntimeError,
    ValueError,
    OSError,
)
"""What Python's libraries raise for damaged and otherwise odd archives."""
ENCRYPTED = "encrypted"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_BLOCK = tarfile.BLOCKSIZE


class Member(NamedTuple):
    """A file in an archive: what reads it, or why it is left out."""

    name: str
    read: Callable[[int], bytes]
    left_out: str = ""


def members(path: Path, start: bytes) -> Iterator[Member]:
    """The files of an archive that starts so; links, devices and folders are passed over.

    Raises DamagedError, and what `BROKEN` names: at once, or after the files that came before the damage.
    """
    return _of_zip(path) if start.startswith(ZIPS) else _of_tar(path)


def _nothing(_n: int) -> bytes:
    return b""


def _of_zip(path: Path) -> Iterator[Member]:
    with seekable(path) as file:
        _require_short_listing(file)
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES:
                raise _too_many(path)
            for info in entries:
                is_link = (info.external_attr >> 16) & 0o170000 == 0o120000
                # Not `is_dir`: Python 3.11 fails for an empty name.
                if not info.filename.endswith("/") and not is_link:
                    yield from _of_entry(archive, info)


def _of_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[Member]:
    if info.flag_bits & 1:
        yield Member(info.filename, _nothing, ENCRYPTED)
    elif info.compress_type not in _METHODS:
        yield Member(info.filename, _nothing, "packed in a way that is not read here")
    elif info.file_size > SMALL and info.file_size > MAX_RATIO * info.compress_size:
        what = f"it unfolds to {info.file_size} bytes from {info.compress_size}"
        yield Member(info.filename, _nothing, what)
    else:
        try:
            member = archive.open(info)
        except BROKEN:
            yield Member(info.filename, _nothing, "damaged")
            return
        with member:
            yield Member(info.filename, partial(_at_most, member, [info.file_size]))


def _at_most(member: IO[bytes], left: list[int], n: int) -> bytes:
    """Up to `n` bytes, and in all no more than the member's header promises."""
    data = member.read(min(n, left[0]))
    left[0] -= len(data)
    return data


def _require_short_listing(file: BinaryIO) -> None:
    """Raises BadZipFile where the archive has no end, or a list of members that would fill the memory."""
    size = file.seek(0, 2)
    n = min(size, _END.size + 0xFFFF)
    file.seek(size - n)
    tail = file.read(n)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise zipfile.BadZipFile("its end is missing: it is cut off")
    n_listed = _END.unpack_from(tail, at)[5]
    locator = tail[max(0, at - _LOCATOR.size) : at]
    if len(locator) == _LOCATOR.size and locator.startswith(b"PK\x06\x07"):
        n_listed = _listed_64(file, _LOCATOR.unpack(locator)[2])
    if n_listed > MAX_LISTING:
        raise zipfile.BadZipFile(f"its list of members takes {n_listed} bytes")
    file.seek(0)


def _listed_64(file: BinaryIO, at: int) -> int:
    """The size of the list of members as a large zip tells it at byte `at`."""
    file.seek(at)
    end = file.read(_END_64.size)
    return int(_END_64.unpack(end)[8]) if len(end) == _END_64.size else 0


class _Info(tarfile.TarInfo):
    """A tar's header.  Those that tarfile would read into memory whole are bounded."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Info":
        """The header in a block.  Raises TarError for one that announces too long a one after it."""
        info = super().frombuf(buf, encoding, errors)
        if info.size > MAX_HEADER and info.type in _HEADERS:
            raise tarfile.ReadError(f"a header of {info.size} bytes")
        return info


def _of_tar(path: Path) -> Iterator[Member]:
    content = _Content(path)
    with tarfile.open(fileobj=content, mode="r|", tarinfo=_Info) as archive:
        for n, info in enumerate(archive):
            if n >= MAX_ENTRIES:
                raise _too_many(path)
            member = archive.extractfile(info) if info.isreg() else None
            if member is not None:
                yield Member(info.name, member.read)
        content.read(MAX_HEADER)
    if content.problem:
        raise tarfile.ReadError(content.problem)
    if content.tail.strip(b"\0"):
        raise tarfile.ReadError("its end is missing, or other data stand behind it")


def _too_many(path: Path) -> DamagedError:
    return DamagedError(str(path), f"holds more than {MAX_ENTRIES} entries", "unpack it and name a log")


class _Content(RawIOBase):
    """The decompressed content of a file, for tarfile.  `tail`: the last block that was read."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._blocks = Blocks(path)
        self._rest = b""
        self.tail = b""

    @property
    def problem(self) -> str:
        """What was wrong with the packing, in words; "" while all is well."""
        events = self._blocks.events
        return events[0].message.partition(";")[0] if events else ""

    def readable(self) -> bool:
        return True

    def read(self, n: int = -1) -> bytes:
        """Exactly `n` bytes, fewer at the end only."""
        parts, missing = [], n
        while missing:
            if not self._rest:
                self._rest = next(self._blocks, b"")
                if not self._rest:
                    break
            piece = self._rest[:missing]
            self._rest = self._rest[len(piece) :]
            parts.append(piece)
            missing -= len(piece)
        data = b"".join(parts)
        self.tail = (self.tail + data[-_BLOCK:])[-_BLOCK:]
        return data
