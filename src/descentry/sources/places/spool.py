"""Local copies of logs that are no files here: a folder that lives as long as what refers to it."""

import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from descentry.record.chunk import Chunk
from descentry.record.errors import InputError, UnreadableError
from descentry.sources.protocol import OneRun

MAX_BYTES = 4 * 2**30
"""A source without end must not fill the disk: more than this is refused."""
_BLOCK = 2**20


class Spool:
    """A temporary folder, removed when nothing refers to it any more, at the latest when Python ends."""

    def __init__(self) -> None:
        try:
            self.folder = Path(tempfile.mkdtemp(prefix="descentry-"))
        except OSError as error:
            raise UnreadableError(
                tempfile.gettempdir(),
                f"cannot hold a copy ({error.strerror})",
                "set TMPDIR to another folder",
            ) from error
        self._done = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def close(self) -> None:
        """Removes the folder now."""
        self._done()


def copied(read: Callable[[int], bytes], target: Path, where: str, max_bytes: int = MAX_BYTES) -> int:
    """How many bytes `read` gave, now in the file `target`.  Raises UnreadableError: too much, or no room."""
    n_bytes = 0
    try:
        with target.open("wb") as file:
            while block := read(_BLOCK):
                n_bytes += len(block)
                if n_bytes > max_bytes:
                    advice = "save it to a file and name that file"
                    raise UnreadableError(where, f"holds more than {max_bytes} bytes", advice)
                file.write(block)
                file.flush()
    except OSError as error:
        problem = f"cannot be copied: {error.strerror or error}"
        raise UnreadableError(where, problem, "check the space in TMPDIR") from error
    return n_bytes


def make_alike(copy: Path, fresh: Path, *, only_longer: bool = False) -> None:
    """Makes `copy` what `fresh` is: where that begins with it, by appending the rest, so that a follower goes on.

    Else `fresh` takes its place, and is gone where it stood; with `only_longer` then nothing is done.
    """
    n_same = _n_same(copy, fresh)
    if copy.exists() and n_same == copy.stat().st_size:
        with fresh.open("rb") as source, copy.open("ab") as target:
            source.seek(n_same)
            shutil.copyfileobj(source, target, _BLOCK)
    elif not (only_longer and copy.exists()):
        copy.parent.mkdir(parents=True, exist_ok=True)
        os.replace(fresh, copy)


def _n_same(copy: Path, fresh: Path) -> int:
    """How many bytes, about, are the same at the start of both files; the copy's size where all of it is."""
    n_bytes = 0
    if copy.exists():
        with copy.open("rb") as old, fresh.open("rb") as new:
            while (block := old.read(_BLOCK)) and block == new.read(len(block)):
                n_bytes += len(block)
    return n_bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A reader of a copy: keeps the copy alive, and tells errors under the name that the user knows."""

    inner: OneRun
    spool: Spool
    copy: str
    where: str

    @property
    def can_verify(self) -> bool:
        """Whether the reader can check every checksum."""
        return bool(getattr(self.inner, "can_verify", False))

    def read(self, path: Path, **options: bool) -> Iterator[Chunk]:
        """The reader's own chunks."""
        return self._renamed(self.inner.read(path, **options))

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The reader's own."""
        return self._renamed(self.inner.follow(path))

    def _renamed(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        try:
            yield from chunks
        except InputError as error:
            raise renamed(error, self.copy, self.where) from error


def renamed(error: InputError, copy: str, where: str) -> InputError:
    """The same error, with `where` instead of the path of the copy."""
    parts = (error.where, error.problem, error.advice)
    return type(error)(*(part.replace(copy, where) for part in parts))
