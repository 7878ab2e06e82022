"""SQLite databases that no reader of a tracker takes: refused, with what was found in them and the way out.

Locked by another process, empty, without its write-ahead log, encrypted, or of some other program.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from descentry.formats.blocks import head as start_of
from descentry.formats.sqlite_file import Database
from descentry.formats.sqlite_look import look_anew, require_whole
from descentry.formats.sqlite_place import MAGIC
from descentry.record.chunk import Chunk
from descentry.record.errors import DamagedError, InputError, UnknownFormatError, UnreadableError
from descentry.sources.notes import quoted
from descentry.sources.protocol import OneRun
from descentry.sources.store import DATABASES

format = "sqlite"

ENDINGS = frozenset({".db", ".db3", ".sqlite", ".sqlite3"})
MIN_DISTINCT = 220
"""Different bytes among the first ones, from which on these are taken for random: all 256 occur in most such."""
N_LOOKED_AT = 4096
N_SHOWN = 5


def matches(path: Path, head: bytes) -> bool:
    """True for every SQLite database, and for a file named as one whose bytes are random."""
    return head.startswith(MAGIC) or _is_encrypted(path, head)


def _is_encrypted(path: Path, head: bytes) -> bool:
    if path.suffix.lower() not in ENDINGS or len(head) < N_LOOKED_AT:
        return False
    return len(set(head[:N_LOOKED_AT])) >= MIN_DISTINCT


def runs(path: Path) -> Sequence[tuple[str, OneRun]]:
    """Nothing.  Raises InputError that says what the file is, and what to do."""
    look_anew()
    if not start_of(path, len(MAGIC)).startswith(MAGIC):
        problem = "is an encrypted database, or none: its bytes are random"
        raise UnreadableError(str(path), problem, "decrypt a copy of it, or export the run as CSV")
    try:
        with Database(path) as database:
            names = sorted(database.tables())
    except DamagedError as error:
        advice = (
            "copy it here once more with what lies beside it (-wal, -journal), or mend it with `.recover`"
        )
        raise DamagedError(str(path), error.problem, advice) from error
    if not names:
        require_whole(path)
    raise _without_runs(path, names)


def _without_runs(path: Path, names: Sequence[str]) -> InputError:
    """What to say of a database with such tables."""
    if any(tables <= set(names) for tables in DATABASES.values()):
        return UnreadableError(str(path), "was locked by another process a moment ago", "try again")
    if names:
        some = ", ".join(quoted(name)[1:-1] for name in names[:N_SHOWN]) + (
            ", …" if len(names) > N_SHOWN else ""
        )
        problem = f"is a database of no known tracker (tables: {some})"
        return UnknownFormatError(
            str(path), problem, f"expected those of {', '.join(DATABASES)}; export the run as CSV"
        )
    if start_of(path, 20)[18:20] == b"\2\2":
        problem = "is a database without tables, and its write-ahead log is not beside it"
        return UnreadableError(str(path), problem, f"copy {path.name}-wal too, or wait until its writer ends")
    return UnknownFormatError(str(path), "is a database without tables", "wait until the run has logged")


def read(path: Path) -> Iterator[Chunk]:
    """Nothing.  Raises as `runs`."""
    runs(path)
    return iter(())


def follow(path: Path) -> Iterator[Chunk]:
    """Nothing.  Raises as `runs`."""
    return read(path)
