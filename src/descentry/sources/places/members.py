"""The files in a zip or tar archive, one after the other, within limits; gz, zst, bz2 and xz are seen through.

What an archive may hold beside logs is bounded before it is parsed.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO

from descentry.formats.seekable import seekable
from descentry.record.errors import DamagedError
from descentry.sources.places.member import Member, nothing
from descentry.sources.places.tar_stream import entries

MAX_ENTRIES = 200_000
MAX_RATIO = 200
"""A member of a zip that unfolds to more than this many times its packed size is no log."""
SMALL = 1 << 20
"""Members below this are taken whatever their ratio."""
MAX_LISTING = 16 << 20
"""Bytes of a zip's list of members: some 150,000 names."""
ZIPS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
"""How a zip begins: a member, an empty archive, a part of several."""
TAR, TAR_AT = b"ustar", 257
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    RuntimeError,
    ValueError,
    OSError,
)
"""What is raised for damaged and otherwise odd archives."""
ENCRYPTED = "encrypted"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")


def members(path: Path, start: bytes) -> Iterator[Member]:
    """The files of an archive that starts so; symbolic links, devices and folders are passed over.

    Raises DamagedError, and what `BROKEN` names: at once, or after the files that came before the damage.
    """
    return _of_zip(path) if start.startswith(ZIPS) else _of_tar(path)


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
                if info.file_size and not info.filename.endswith("/") and not is_link:
                    yield from _of_entry(archive, info)


def _of_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[Member]:
    if info.flag_bits & 1:
        yield Member(info.filename, nothing, ENCRYPTED)
    elif info.compress_type not in _METHODS:
        yield Member(info.filename, nothing, "packed in a way that is not read here")
    elif info.file_size > SMALL and info.file_size > MAX_RATIO * info.compress_size:
        what = f"it unfolds to {info.file_size} bytes from {info.compress_size}"
        yield Member(info.filename, nothing, what)
    else:
        try:
            member = archive.open(info)
        except BROKEN:
            yield Member(info.filename, nothing, "damaged")
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


def _of_tar(path: Path) -> Iterator[Member]:
    for n, member in enumerate(entries(path)):
        if n >= MAX_ENTRIES:
            raise _too_many(path)
        if member is not None:
            yield member


def _too_many(path: Path) -> DamagedError:
    return DamagedError(str(path), f"holds more than {MAX_ENTRIES} entries", "unpack it and name a log")
