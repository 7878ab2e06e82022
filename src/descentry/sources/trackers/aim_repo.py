"""Aim's repository, a folder with `.aim`: recognised, and refused with the way out.

Its RocksDB files are Aim's own, and Aim 3.29's own library gave no metric back from a repository that it had
just written, so that nothing here could be checked.
"""

from collections.abc import Iterator
from pathlib import Path

from descentry.record.chunk import Chunk
from descentry.record.errors import UnknownFormatError

format = "aim"

FOLDER = ".aim"


def matches(path: Path, head: bytes) -> bool:
    """True for the folder `.aim`, and for one that holds it."""
    try:
        return not head and _repository(path).is_dir() and (_repository(path) / "meta").is_dir()
    except OSError:
        return False


def _repository(path: Path) -> Path:
    return path if path.name == FOLDER else path / FOLDER


def read(path: Path) -> Iterator[Chunk]:
    """Nothing.  Raises UnknownFormatError that says what to do."""
    raise UnknownFormatError(
        str(path),
        "is a repository of Aim, whose database only Aim reads",
        "export the metrics as CSV with Aim (`Repo.query_metrics(...).dataframe()`), then name that file",
    )


def follow(path: Path) -> Iterator[Chunk]:
    """Nothing.  Raises as `read`."""
    return read(path)
