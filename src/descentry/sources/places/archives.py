"""Logs inside zip and tar files, read as if the archive were a folder; gz and zst around a tar are seen through.

What could be a log is copied to a temporary folder, within limits; nothing else of the archive is looked at.
"""

import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from io import RawIOBase
from pathlib import Path, PurePosixPath
from typing import IO

from descentry.formats.blocks import Blocks
from descentry.record.errors import DamagedError, InputError
from descentry.sources.places.find import NO_LOGS
from descentry.sources.places.spool import MAX_BYTES, copied

MAX_FILES = 100_000
MAX_RATIO = 200
"""A member of a zip that unfolds to more than this many times its packed size is no log."""
SMALL = 1 << 20
"""Members below this are taken whatever their ratio."""
_ZIP, _TAR, _TAR_AT = b"PK\x03\x04", b"ustar", 257
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    RuntimeError,
    OSError,
)


def is_archive(start: bytes) -> bool:
    """Whether a file whose first (decompressed) bytes these are is a zip or tar file."""
    return start.startswith(_ZIP) or start[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR


def unpack(path: Path, start: bytes, folder: Path) -> int:
    """How many members of the archive could be logs; they are in `folder` now, at their own relative paths.

    Links, devices, encrypted members and names that lead out of the archive are passed over.  Raises
    DamagedError for an archive that cannot be read, UnreadableError for one that is too large.
    """
    members = _zip_members(path) if start.startswith(_ZIP) else _tar_members(path)
    n_taken, n_left = 0, MAX_BYTES
    try:
        for name, read in members:
            if n_taken >= MAX_FILES:
                raise DamagedError(str(path), f"holds more than {MAX_FILES} files", "name one log inside it")
            target = _inside(folder, name)
            if target is not None and _could_be_log(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                n_left -= copied(read, target, f"{path}/{name}", n_left)
                n_taken += 1
    except InputError:
        raise
    except _BROKEN as error:
        raise DamagedError(
            str(path), f"is a damaged archive ({error})", "unpack what can be saved"
        ) from error
    return n_taken


def _could_be_log(path: Path) -> bool:
    # The name of an event file ends in a host's, which may look like any ending.
    return ".tfevents." in path.name or (
        not NO_LOGS.fullmatch(path.suffix.lower()) and not path.name.startswith(".")
    )


def _inside(folder: Path, name: str) -> Path | None:
    """Where a member goes; None for a name that leads elsewhere or is odd."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    odd = any(part in ("..", "/") or ":" in part or "\0" in part or len(part) > 200 for part in parts)
    if odd or not parts or len(parts) > 50 or "__MACOSX" in parts:
        return None
    target = folder.joinpath(*parts)
    return None if target.exists() else target


def _zip_members(path: Path) -> Iterator[tuple[str, Callable[[int], bytes]]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            is_link = (info.external_attr >> 16) & 0o170000 == 0o120000
            if info.is_dir() or is_link or info.flag_bits & 1:
                continue
            if info.file_size > SMALL and info.file_size > MAX_RATIO * info.compress_size:
                raise DamagedError(
                    f"{path}/{info.filename}",
                    f"unfolds to {info.file_size} bytes from {info.compress_size}",
                    "this is no log; remove it from the archive",
                )
            with archive.open(info) as member:
                yield info.filename, partial(_at_most, member, [info.file_size])


def _at_most(member: IO[bytes], left: list[int], n: int) -> bytes:
    """Up to `n` bytes, and in all no more than the member's header promises."""
    data = member.read(min(n, left[0]))
    left[0] -= len(data)
    return data


def _tar_members(path: Path) -> Iterator[tuple[str, Callable[[int], bytes]]]:
    with tarfile.open(fileobj=_Stream(path), mode="r|") as archive:
        for info in archive:
            member = archive.extractfile(info) if info.isreg() else None
            if member is not None:
                yield info.name, member.read


class _Stream(RawIOBase):
    """The decompressed content of a file, for tarfile."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._blocks = Blocks(path)
        self._rest = b""

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
        return b"".join(parts)
