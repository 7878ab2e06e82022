"""What is known of the runs from the last time, in one file per set of roots below a cache folder.

A journal of JSON lines, the last line of a run counts.  It is no store: whatever is wrong with it, it is thrown away,
that is told, and the logs are read again.  So it needs no database; what users write (annotations) is not kept here.
"""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import orjson

from descentry.record.errors import UnreadableError
from descentry.report.jsonable import Json
from descentry.web.places import Place

SCHEMA = "descentry/rows/1"
MOST_BYTES = 1 << 30
"""A journal larger than this is not read."""
SECRET_BYTES = 32


def default_folder() -> Path:
    """The user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "descentry"


class Kept:
    """Rows by place and state.  `tell` takes a line where something was thrown away.

    A second server on the same roots reads the journal and writes nothing.
    """

    def __init__(self, folder: Path, roots: Sequence[str], version: str, tell: Callable[[str], None]) -> None:
        """Raises UnreadableError where the folder cannot be made."""
        self._head = {"schema": SCHEMA, "version": version}
        self._tell = tell
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            name = sha256("\0".join(roots).encode(errors="replace")).hexdigest()[:24]
            self._path = folder / f"rows-{name}.jsonl"
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise UnreadableError(
                str(folder), f"cannot be used as a cache ({error.strerror})", "name one with --cache"
            ) from error
        self._is_writer = _locked(self._file)

    def secret(self) -> bytes:
        """Random bytes of this cache folder, from which ids are made: the same at the next start."""
        path = self._folder / "secret"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            kept = path.read_bytes()
            return kept if len(kept) == SECRET_BYTES else secrets.token_bytes(SECRET_BYTES)
        fresh = secrets.token_bytes(SECRET_BYTES)
        with os.fdopen(descriptor, "wb") as file:
            file.write(fresh)
        return fresh

    def rows(self) -> dict[Place, tuple[str, Json]]:
        """State and row of each place that is known; the journal is written anew where half of it is old."""
        try:
            known, n_lines = self._read()
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            self._tell("the cache was damaged or of another version: thrown away, the logs are read again")
            known, n_lines = {}, -1
        if self._is_writer and (n_lines < 0 or n_lines > 2 * len(known) + 100):
            self._write_anew(known)
        return known

    def add(self, place: Place, state: str, row: Json) -> None:
        """Remember the row of a place; a full disk costs the memory, not the server."""
        self._append([_line(place, state, row)])

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def _read(self) -> tuple[dict[Place, tuple[str, Json]], int]:
        if os.fstat(self._file).st_size == 0:
            return {}, -1
        known: dict[Place, tuple[str, Json]] = {}
        n_lines = 0
        for line in self._lines():
            if n_lines == 0 and orjson.loads(line) != self._head:
                raise ValueError("another head")
            if n_lines:
                entry = orjson.loads(line)
                known[Place(*map(_path, entry["place"]))] = str(entry["state"]), dict(entry["row"])
            n_lines += 1
        return known, n_lines if self._is_whole() else -1

    def _is_whole(self) -> bool:
        """Whether the last line has its end: where it has none, it was being written when the server died."""
        return self._path.read_bytes().endswith(b"\n")

    def _lines(self) -> Iterator[bytes]:
        """Whole lines."""
        if os.fstat(self._file).st_size > MOST_BYTES:
            raise ValueError("too large")
        data = self._path.read_bytes()
        yield from data[: data.rfind(b"\n") + 1].split(b"\n")[:-1]

    def _write_anew(self, known: dict[Place, tuple[str, Json]]) -> None:
        try:
            os.ftruncate(self._file, 0)
        except OSError:
            return
        lines = [_line(place, state, row) for place, (state, row) in known.items()]
        self._append([orjson.dumps(self._head) + b"\n", *lines])

    def _append(self, lines: Sequence[bytes]) -> None:
        if not self._is_writer:
            return
        try:
            data = b"".join(lines)
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            self._is_writer = False
            self._tell(f"the cache cannot be written ({error.strerror}); going on without")


def _line(place: Place, state: str, row: Json) -> bytes:
    names = [
        os.fsencode(text).decode("latin-1") for text in (place.path, place.run, place.format, place.root)
    ]
    return orjson.dumps({"place": names, "state": state, "row": row}) + b"\n"


def _path(text: str) -> str:
    """A name as the file system spells it, whatever bytes are in it."""
    return os.fsdecode(text.encode("latin-1"))


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
