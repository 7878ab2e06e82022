"""What an SQLite file is, before it is read: which tables it has, and whether it is whole."""

import re
from functools import lru_cache
from pathlib import Path

from descentry.formats.blocks import head as start_of
from descentry.formats.sqlite_file import Database
from descentry.formats.sqlite_place import HEADER, SqlitePlace, is_packed, is_sqlite
from descentry.record.errors import DamagedError, InputError

_NAMED = re.compile(rb"""CREATE TABLE (?:IF NOT EXISTS )?["`\[']?(\w+)""", re.IGNORECASE)


def holds_tables(path: Path, head: bytes, names: frozenset[str]) -> bool:
    """Whether the file is an SQLite database with tables of all these names.

    A packed one is judged by `head`, its first bytes unpacked, where they tell enough.
    """
    if not is_sqlite(head):
        return False
    try:
        if is_packed(path) and names <= {name.decode() for name in _NAMED.findall(head) if name.isascii()}:
            return True
        return names <= _tables_of(path, SqlitePlace(path).version())
    except InputError:
        return False


@lru_cache(maxsize=16)
def _tables_of(path: Path, version: object) -> frozenset[str]:
    """The names of the tables, none of a file that cannot be read; remembered until the file changes, or until
    `look_anew`: one reader after the other asks, and none shall wait for the same lock again."""
    del version
    try:
        with Database(path) as database:
            return frozenset(database.tables())
    except InputError:
        return frozenset()


def look_anew() -> None:
    """Forgets which tables files have: one that was locked may be free by now."""
    _tables_of.cache_clear()


def require_whole(path: Path) -> None:
    """Raises DamagedError where a plain database has fewer bytes than its header says."""
    header = start_of(path, HEADER)
    size = int.from_bytes(header[16:18])
    n_bytes = (1 << 16 if size == 1 else size) * int.from_bytes(header[28:32])
    there = path.stat().st_size
    # SQLite 3.7 and later keep the number of pages, and mark it as theirs by the counter of changes.
    if header[24:28] == header[92:96] and n_bytes > there and not is_packed(path):
        problem = f"is a database that was cut off ({there} of {n_bytes} bytes)"
        raise DamagedError(str(path), problem, "copy it here once more")
