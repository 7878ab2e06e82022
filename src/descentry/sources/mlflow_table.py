"""The table `metrics` of MLflow's SQLite store: one run's points, whole or what is new.

A page of rows at a time, so that the writer of the database never waits for long.  A page that cannot be read is
taken in smaller pieces from both ends: what lies in a lost part of the file is all that is missing.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from descentry.formats.sqlite_file import Database, Row, text
from descentry.formats.sqlite_place import SqlitePlace, is_settled
from descentry.record.errors import DamagedError
from descentry.sources.merge import Points
from descentry.sources.mlflow_rows import Gathered, columns
from descentry.sources.notes import Notes
from descentry.sources.store import MAX_SETTINGS, settings

COLUMNS = frozenset({"key", "value", "timestamp", "run_uuid", "step"})
PAGE = 8192
SMALLER = (256, 16, 1)
LEAST = -(1 << 63)
MOST = (1 << 63) - 1
LEAST_ROW = 16
"""Bytes; a database of so many rows that each has fewer repeats itself on purpose."""

TEXT = "CAST(? AS TEXT)"
"""Names go in as the bytes that came out, whether or not they are UTF-8."""
MIXED = (
    "SELECT step, timestamp, {value}, substr(key, 1, 400), rowid FROM metrics {how} "
    f"WHERE run_uuid = {TEXT} AND rowid > ? AND rowid < ? ORDER BY rowid {{order}} LIMIT ?"
)
ONE_SERIES = (
    f"SELECT step, timestamp, {{value}}, rowid FROM metrics WHERE run_uuid = {TEXT} AND key = {TEXT} "
    "AND (step, rowid) > (?, ?) ORDER BY step, rowid LIMIT ?"
)
PARAMS = f"SELECT substr(key, 1, 400), substr(value, 1, 4096) FROM params WHERE run_uuid = {TEXT} LIMIT {MAX_SETTINGS}"


def require(database: Database) -> None:
    """Raises DamagedError when a column is missing that reading needs."""
    tables = database.tables()
    missing = sorted(COLUMNS - set(tables.get("metrics", ()))) or sorted(
        {"run_uuid"} - set(tables.get("runs", ()))
    )
    if missing:
        problem = f"has no column {', '.join(missing)}, expected MLflow's tables"
        raise DamagedError(str(database.path), problem, "run `mlflow db upgrade` on a copy of it")


class SqliteMetrics:
    """The metrics of one run in an SQLite file.  Each visit opens the file anew."""

    def __init__(self, path: Path, run: object) -> None:
        self._path = path
        self._run = run
        self._place = SqlitePlace(path)
        self._version: object = None
        self._last = LEAST
        self._n_rows = 0

    def close(self) -> None:
        """Removes a copy that was made."""
        self._place.close()

    def config(self) -> Mapping[str, object]:
        """The run's parameters, numbers as numbers."""
        try:
            with Database(self._path, self._place) as database:
                found = database.rows(PARAMS, self._run)
        except DamagedError:
            return {}
        return settings((text(key), text(value)) for key, value in found)

    def whole(self, notes: Notes) -> Mapping[str, Points]:
        """Every point: series by series where an index helps, else row after row.  Raises InputError."""
        try:
            with Database(self._path, self._place) as database:
                require(database)
                return self._by_series(database, notes) or self._by_rows(database, notes)
        except DamagedError as error:
            return self._salvaged(error, notes)

    def fresh(self, notes: Notes) -> Mapping[str, Points]:
        """The points in rows that were not there at the last call.  Raises InputError."""
        version = self._place.version()
        if version == self._version:
            return {}
        with Database(self._path, self._place) as database:
            require(database)
            self._start_anew_if_rewritten(database, notes)
            found = self._by_rows(database, notes)
        self._version = version if is_settled(version) else None
        return found

    def _start_anew_if_rewritten(self, database: Database, notes: Notes) -> None:
        ((newest,),) = database.rows("SELECT max(rowid) FROM metrics")
        if isinstance(newest, int) and newest < self._last:
            self._last, self._n_rows = LEAST, 0
            notes.add("restart", "the database was rewritten: read again from its start")

    def _by_series(self, database: Database, notes: Notes) -> dict[str, Points]:
        """Every point, found by the index of (run, key, step); {} where the database has none."""
        if ["run_uuid", "key", "step"] not in database.indexes("metrics"):
            return {}
        gathered = Gathered(notes)
        query = _query(database, ONE_SERIES)
        key = b""
        while found := database.rows(
            f"SELECT min(key) FROM metrics WHERE run_uuid = {TEXT} AND key > {TEXT} HAVING min(key) NOT NULL",
            self._run,
            key,
        ):
            key = _advanced(self._path, key, found[0][0])
            self._one_series(database, query, key, gathered)
        return gathered.series()

    def _one_series(self, database: Database, query: str, key: bytes, gathered: Gathered) -> None:
        last: tuple[object, ...] = (LEAST, LEAST)
        while rows := database.rows(query, self._run, key, *last, PAGE):
            steps, timestamps, values, rowids = columns(rows)
            last = _advanced(self._path, last, (steps[-1], rowids[-1]))
            self._count(database, len(rows))
            gathered.add(key, steps, timestamps, values)

    def _by_rows(self, database: Database, notes: Notes) -> dict[str, Points]:
        """Every point after the last one that was seen, in the order of the rows."""
        gathered = Gathered(notes)
        query = _query(database, MIXED, order="ASC")
        while rows := database.rows(query, self._run, self._last, MOST, PAGE):
            self._take(database, rows, gathered)
        return gathered.series()

    def _take(self, database: Database, rows: list[Row], gathered: Gathered) -> None:
        steps, timestamps, values, names, rowids = columns(rows)
        self._last = _advanced(self._path, self._last, rowids[-1])
        self._count(database, len(rows))
        gathered.add_mixed(names, steps, timestamps, values)

    def _count(self, database: Database, n: int) -> None:
        self._n_rows += n
        if self._n_rows * LEAST_ROW > database.n_bytes():
            raise DamagedError(str(self._path), "holds rows that repeat without end", "write it anew")

    def _salvaged(self, error: DamagedError, notes: Notes) -> dict[str, Points]:
        """What can be read from both ends of the table.  Raises `error` when that is nothing."""
        gathered = Gathered(notes)
        self._last, self._n_rows = LEAST, 0
        with Database(self._path, self._place) as database:
            require(database)
            for rows in self._forwards(database):
                self._take(database, rows, gathered)
            pages = list(self._backwards(database))
            for rows in reversed(pages):
                self._take(database, rows[::-1], gathered)
        if not self._n_rows:
            raise error
        message = f"{error.problem}: {self._n_rows} points of the run could be read"
        notes.add("bad_record", message)
        return gathered.series()

    def _forwards(self, database: Database) -> Iterator[list[Row]]:
        query = _query(database, MIXED, order="ASC", how="NOT INDEXED")
        for size in (PAGE, *SMALLER):
            while rows := _tried(database, query, self._run, self._last, MOST, size):
                yield rows

    def _backwards(self, database: Database) -> Iterator[list[Row]]:
        query = _query(database, MIXED, order="DESC", how="NOT INDEXED")
        first = MOST
        for size in (PAGE, *SMALLER):
            while rows := _tried(database, query, self._run, self._last, first, size):
                first = -_advanced(self._path, -first, -_whole(rows[-1][-1]))
                self._count(database, len(rows))
                yield rows


def _tried(database: Database, query: str, *values: object) -> list[Row]:
    """The rows, none where the file is damaged."""
    try:
        return database.rows(query, *values)
    except DamagedError:
        return []


def _query(database: Database, template: str, order: str = "", how: str = "") -> str:
    """The query, with what this version of the table has to tell NaN."""
    has_flag = "is_nan" in database.tables()["metrics"]
    value = "CASE is_nan WHEN 0 THEN value END" if has_flag else "value"
    return template.format(value=value, order=order, how=how)


Key = TypeVar("Key", bytes, int, tuple[object, ...])


def _advanced(path: Path, last: Key, now: object) -> Key:
    """`now`, which must lie after `last`: pages of a damaged file may lead in a circle.  Raises DamagedError."""
    try:
        if isinstance(now, type(last)) and now > last:
            return now
    except TypeError:
        pass
    raise DamagedError(str(path), "holds rows out of their order", "mend it with `sqlite3 FILE .recover`")


def _whole(value: object) -> int:
    return value if isinstance(value, int) else MOST
