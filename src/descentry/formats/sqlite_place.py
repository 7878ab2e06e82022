"""How an SQLite file may be opened without leaving a trace: no lock file, no journal, no write-ahead log.

A plain database is opened read-only where it lies, under SQLite's own locks.  SQLite would create two files
beside one in write-ahead mode and would repair one that a dead writer left in the middle of a transaction;
those are copied to a temporary folder with the file beside them, and so is one that comes packed.
"""

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from descentry.formats.blocks import blocks, opened, read_some
from descentry.record.errors import DamagedError, UnreadableError

MAGIC = b"SQLite format 3\0"
HEADER = 100
MAX_COPY = 4 << 30
"""Bytes that are copied at most; twice as much must be free in the temporary folder."""
MAX_INFLATED = 1 << 30
"""Bytes of a packed database."""
N_TRIES = 5
SETTLED_S = 0.05
"""A file changed less than this ago may change again without its time telling."""

Version = tuple[tuple[int, int, int] | None, ...]


def is_sqlite(head: bytes) -> bool:
    """Whether the first bytes are those of an SQLite database."""
    return head.startswith(MAGIC) and len(head) >= HEADER


def is_packed(path: Path) -> bool:
    """Whether the file, a database when unpacked, is packed.  Raises UnreadableError."""
    with opened(path) as handle:
        return not read_some(handle, HEADER, path).startswith(MAGIC)


class SqlitePlace:
    """A database file, its copy where one is needed, and whether it has changed.  `close` removes the copy."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._copied: Version = ()
        self.is_unlocked = False
        """Whether the URI last given opens the file itself without locks: a change goes unnoticed."""

    def uri(self) -> str:
        """What to give to sqlite3.connect.  Raises UnreadableError and DamagedError."""
        self.is_unlocked = False
        with opened(self.path) as handle:
            header = read_some(handle, HEADER, self.path)
        if not header.startswith(MAGIC):
            return self._inflated()
        if header[18:20] == b"\1\1":
            return _uri(self.path, "mode=ro")
        if not _size(_beside(self.path, "-wal")):
            self.is_unlocked = True
            return _uri(self.path, "mode=ro&immutable=1")
        return self.repaired("-wal")

    def version(self) -> Version:
        """A value that changes when the file or what lies beside it does."""
        return tuple(_status(path) for path in (self.path, _beside(self.path, "-wal")))

    def repaired(self, ending: str) -> str:
        """The URI of a copy in which SQLite may take up or roll back what lies beside the file."""
        copy = self._copy()
        for _ in range(N_TRIES):
            before = _settled(self.path)
            if before != self._copied[:1]:
                self._copied = ()
                _copy_file(self.path, copy)
            start = _start(_beside(self.path, ending))
            _beside(copy, ending).unlink(missing_ok=True)
            if start:
                _copy_file(_beside(self.path, ending), _beside(copy, ending))
            if _settled(self.path) == before and start == _start(_beside(self.path, ending)):
                self._copied = before
                return _uri(copy, "mode=ro" if ending == "-wal" else "mode=rw")
        raise UnreadableError(str(self.path), "changes all the time", "try again, or stop its writer")

    def _inflated(self) -> str:
        """The URI of the unpacked copy."""
        copy, version = self._copy(), _settled(self.path)
        if version != self._copied[:1]:
            try:
                with copy.open("wb") as target:
                    _inflate(self.path, target)
            except OSError as error:
                raise _no_copy(self.path, error) from error
            self._copied = version
        return _uri(copy, "mode=ro&immutable=1")

    def _copy(self) -> Path:
        if self._folder is None:
            try:
                self._folder = tempfile.TemporaryDirectory(prefix="descentry-")
            except OSError as error:
                raise _no_copy(self.path, error) from error
        return Path(self._folder.name) / "copy.db"

    def close(self) -> None:
        """Removes the copy."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder, self._copied = None, ()


def is_settled(version: Version) -> bool:
    """Whether the last change lies so far back that another one would show in the version."""
    now = time.time()
    return all(status is None or abs(now - status[0] / 1e9) > SETTLED_S for status in version)


def _inflate(path: Path, target: BinaryIO) -> None:
    source = blocks(path)
    n_bytes = 0
    for block in source:
        n_bytes += len(block)
        if n_bytes > MAX_INFLATED:
            problem = f"holds more than {MAX_INFLATED >> 20} MiB when unpacked"
            raise DamagedError(str(path), problem, "unpack it yourself")
        if n_bytes == len(block) and not is_sqlite(block):
            raise DamagedError(str(path), "is no database", "expected an SQLite file, plain or packed")
        target.write(block)


def _copy_file(source: Path, target: Path) -> None:
    """Copies the bytes, if they are few enough and there is room.  Raises UnreadableError."""
    with opened(source) as data:
        n_bytes = os.fstat(data.fileno()).st_size
        if n_bytes > min(MAX_COPY, shutil.disk_usage(target.parent).free // 2):
            problem = f"is in use and holds {n_bytes} bytes, too many to copy to {target.parent.parent}"
            raise UnreadableError(str(source), problem, "stop its writer, or set TMPDIR to a larger disk")
        try:
            with target.open("wb") as copy:
                shutil.copyfileobj(data, copy, 1 << 20)
        except OSError as error:
            raise _no_copy(source, error) from error


def _no_copy(path: Path, error: OSError) -> UnreadableError:
    problem = f"cannot be copied to a temporary folder ({error.strerror})"
    return UnreadableError(str(path), problem, "check the disk, or set TMPDIR to another")


def _settled(path: Path) -> Version:
    """The file's version, once its last change lies so far back that the next would show."""
    for _ in range(N_TRIES):
        version = (_status(path),)
        if is_settled(version):
            break
        time.sleep(SETTLED_S / 2)
    return version


def _status(path: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _start(path: Path) -> bytes:
    """The header of a journal, which names its generation; b"" when there is none."""
    try:
        with opened(path) as handle:
            return read_some(handle, 32, path)
    except UnreadableError:
        return b""


def _size(path: Path) -> int:
    status = _status(path)
    return 0 if status is None else status[1]


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _uri(path: Path, options: str) -> str:
    return f"file:{quote(os.fsencode(path.absolute()))}?{options}"
