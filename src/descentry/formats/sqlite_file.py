"""Rows of an SQLite database that nobody vouches for: read-only, bounded in time and memory, never a trace.

Texts come as bytes: a name that is no UTF-8 must not end the reading.  Views, triggers, virtual tables and
functions of the schema are never used: only tables that were created as tables are told of.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from descentry.formats.sqlite_place import SqlitePlace
from descentry.record.errors import DamagedError, InputError, UnreadableError

Row = tuple[object, ...]
NDType = np.dtype[np.void]
Taken = TypeVar("Taken")

MAX_CPU_S = 5.0
"""For one page of rows; a schema that is made to hurt needs for ever."""
MAX_VALUE = 64 << 10
"""Bytes of one text; a reader of longer ones says so, and asks for fewer rows at a time."""
MAX_TABLES = 10_000
BUSY_S = 1.0
"""For a lock of another process; a log is looked at twice before it is given up."""
N_OPS = 20000
"""Steps of SQLite's machine between two looks at the clock."""

N_TRIES = 5
FAULTS = (sqlite3.Error, MemoryError, OverflowError, ValueError)

_FIRST = "SELECT count(*) FROM (SELECT 1 FROM sqlite_master LIMIT 1)"
_SETTINGS = (
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA writable_schema = ON",
)
"""The last one lets SQLite open a file that was cut off; nothing can be written all the same."""
_NAMES = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE TABLE%' LIMIT ?"
"""SQLite writes these two words just so, whatever its user wrote; other tables are virtual."""
_LIMITS = {
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 1 << 20,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 100_000,
}


class Database:
    """A database, opened for one visit.  Raises UnreadableError and DamagedError wherever it is used.

    `place` keeps a copy from visit to visit; without one, the copy ends with the visit.  A query that meets a
    text of more than `max_value` bytes fails.
    """

    def __init__(self, path: Path, place: SqlitePlace | None = None, max_value: int = MAX_VALUE) -> None:
        self.path = path
        self._own_place = SqlitePlace(path) if place is None else None
        self._place = place or self._own_place or SqlitePlace(path)
        self._max_value = max_value
        self._until = 0.0
        self._tables: Mapping[str, list[str]] | None = None
        self._version: object = None
        self._connection: sqlite3.Connection | None = None
        try:
            self._connect()
        except InputError:
            self.close()
            raise

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets the file go."""
        if self._connection is not None:
            self._connection.close()
        if self._own_place is not None:
            self._own_place.close()

    def tables(self) -> Mapping[str, list[str]]:
        """The columns of each table by its name, both as they stand in the schema; asked for when looked up."""
        if self._tables is None:
            self._tables = _Tables([text(name) for (name,) in self.rows(_NAMES, MAX_TABLES)], self._columns)
        return self._tables

    @cached_property
    def n_bytes(self) -> int:
        """How large the database is."""
        ((n_pages,),), ((size,),) = self.rows("PRAGMA page_count"), self.rows("PRAGMA page_size")
        return int(str(n_pages)) * int(str(size))

    def indexes(self, table: str) -> list[list[str]]:
        """The columns of each index of a table."""
        names = [text(name) for (name,) in self.rows("SELECT name FROM pragma_index_list(?)", table)]
        return [
            [text(name) for (name,) in self.rows("SELECT name FROM pragma_index_info(?)", index)]
            for index in names
        ]

    def _columns(self, table: str) -> list[str]:
        return [text(name) for (name,) in self.rows("SELECT name FROM pragma_table_info(?)", table)]

    def rows(self, sql: str, *values: object) -> list[Row]:
        """All rows of a query, which must bound their number.  A text comes as bytes."""
        return self._asked(_all_rows, sql, values)

    def table(self, dtype: NDType, sql: str, *values: object) -> NDArray[np.void] | None:
        """All rows of a query as a structured array, or None where a value does not fit its type."""
        return self._asked(lambda cursor: _table(cursor, dtype), sql, values)

    def _asked(self, take: Callable[[sqlite3.Cursor], Taken], sql: str, values: Sequence[object]) -> Taken:
        """What `take` makes of the answer.

        SQLite does not look whether a file without locks changes; a query during which it did is asked anew.
        """
        for _ in range(N_TRIES):
            version = self._place.version() if self._place.is_unlocked else None
            try:
                found = take(self._cursor(sql, values))
            except FAULTS as error:
                if not self._place.is_unlocked or version == self._place.version():
                    raise self._error(error) from error
            else:
                if not self._place.is_unlocked or version == self._place.version() == self._version:
                    return found
            self._connect()
        raise UnreadableError(str(self.path), "changes all the time", "try again, or stop its writer")

    def _connect(self) -> None:
        """Opens the file anew and reads its first page."""
        if self._connection is not None:
            self._connection.close()
        self._version = self._place.version()
        try:
            self._connection = _connected(self._place.uri(), self._is_late, self._max_value)
            self._cursor(_FIRST, ()).fetchall()
        except FAULTS as error:
            if getattr(error, "sqlite_errorname", "") != "SQLITE_READONLY_ROLLBACK":
                raise self._error(error) from error
            self._roll_back()

    def _roll_back(self) -> None:
        """Opens a copy in which the transaction of a dead writer is undone."""
        try:
            uri = self._place.repaired("-journal")
            self._connection = _connected(uri, self._is_late, self._max_value)
            self._cursor(_FIRST, ()).fetchall()
        except FAULTS as error:
            raise self._error(error) from error

    def _cursor(self, sql: str, values: Sequence[object]) -> sqlite3.Cursor:
        if self._connection is None:
            raise UnreadableError(str(self.path), "is closed", "open it again")
        self._until = time.thread_time() + MAX_CPU_S
        return self._connection.execute(sql, values)

    def _is_late(self) -> bool:
        return time.thread_time() > self._until

    def _error(self, error: Exception) -> InputError:
        """What SQLite says, in our words."""
        name = getattr(error, "sqlite_errorname", "")
        where = str(self.path)
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            advice = "wait until that has committed, or read a copy made with `sqlite3 FILE .backup`"
            return UnreadableError(where, "is a database that another process keeps locked", advice)
        if name.startswith(("SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_PERM", "SQLITE_AUTH")):
            return UnreadableError(
                where, f"cannot be opened as a database ({error})", "check its permissions"
            )
        if name.startswith("SQLITE_INTERRUPT"):
            return UnreadableError(
                where, f"needs more than {MAX_CPU_S:g} s for one query", "export it as CSV"
            )
        what = str(error) or "it asks for too much memory"
        return DamagedError(where, f"is a damaged database ({what})", "mend it with `sqlite3 FILE .recover`")


class _Tables(Mapping[str, list[str]]):
    """The columns of tables by name, each asked for once."""

    def __init__(self, names: Sequence[str], columns: Callable[[str], list[str]]) -> None:
        self._names = dict.fromkeys(names)
        self._columns = cache(columns)

    def __getitem__(self, name: str) -> list[str]:
        if name not in self._names:
            raise KeyError(name)
        return self._columns(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _connected(uri: str, is_late: Callable[[], bool], max_value: int) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        connection.text_factory = bytes
        for limit, most in {**_LIMITS, sqlite3.SQLITE_LIMIT_LENGTH: max_value}.items():
            connection.setlimit(limit, most)
        connection.set_progress_handler(is_late, N_OPS)
        for command in _SETTINGS:
            connection.execute(command)
    except FAULTS:
        connection.close()
        raise
    return connection


def _all_rows(cursor: sqlite3.Cursor) -> list[Row]:
    return cursor.fetchall()


def _table(cursor: sqlite3.Cursor, dtype: NDType) -> NDArray[np.void] | None:
    try:
        return np.fromiter(cursor, dtype)
    except (TypeError, ValueError, OverflowError):
        return None


def text(value: object) -> str:
    """The text of a value: of bytes as UTF-8, "" for none."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)
