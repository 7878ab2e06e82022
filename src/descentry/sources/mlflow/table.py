"""The table `metrics` of MLflow's SQLite store: one run's points, whole or what is new.

A page of rows at a time, so that the writer of the database never waits for long.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from descentry.formats.sqlite_file import Database, Row, text
from descentry.formats.sqlite_place import SqlitePlace, is_settled
from descentry.record.errors import DamagedError, InputError
from descentry.sources.merge import Points
from descentry.sources.mlflow.rows import NUMBERED_POINT, POINT, Gathered, Table
from descentry.sources.mlflow.salvage import salvaged
from descentry.sources.notes import Notes
from descentry.sources.sqlite_rows import REWRITTEN, Witnesses, spread
from descentry.sources.store import MAX_SETTINGS, settings

COLUMNS = frozenset({"key", "value", "timestamp", "run_uuid", "step"})
PRIMARY_KEY = ["key", "timestamp", "step", "run_uuid", "value", "is_nan"]
PAGE = 4096
LEAST = -(1 << 63)
SHARE = 8
"""A run with one row in so many is read fastest from the index that holds all columns, of every run."""
LEAST_ROW = 16
"""Bytes; a database of so many rows that each has fewer repeats itself on purpose."""

TEXT = "CAST(? AS TEXT)"
"""Names go in as the bytes that came out, whether or not they are UTF-8."""
PAGE_END = (
    "SELECT max(rowid), count(*) FROM (SELECT rowid FROM metrics "
    f"WHERE run_uuid = {TEXT} AND rowid > ? ORDER BY rowid LIMIT {PAGE})"
)
BY_ROW = (
    "SELECT step, timestamp, {value}, key, rowid FROM metrics "
    f"WHERE run_uuid = {TEXT} AND rowid > ? AND rowid <= ? ORDER BY rowid"
)
ONE_SERIES = (
    "SELECT step, timestamp, {value} FROM metrics "
    f"WHERE key = {TEXT} AND run_uuid = {TEXT} AND timestamp >= ? ORDER BY timestamp, step LIMIT {PAGE}"
)
NEXT_KEY = f"SELECT min(key) FROM metrics WHERE key > {TEXT}"
SHARES = f"SELECT (SELECT count(*) FROM metrics WHERE run_uuid = {TEXT}), (SELECT max(rowid) FROM metrics)"
PARAMS = f"SELECT key, value FROM params WHERE run_uuid = {TEXT} LIMIT {MAX_SETTINGS}"


def require(database: Database) -> None:
    """Raises DamagedError when a column is missing that reading needs."""
    tables = database.tables()
    missing = sorted(COLUMNS - set(tables.get("metrics", ())))
    missing += sorted({"run_uuid"} - set(tables.get("runs", ())))
    if missing:
        problem = f"has no column {', '.join(missing)}, expected MLflow's tables"
        raise DamagedError(str(database.path), problem, "run `mlflow db upgrade` on a copy of it")


def values_of(database: Database) -> str:
    """What to select for the value: NULL for NaN, where this version of the table has a flag for it."""
    has_flag = "is_nan" in database.tables()["metrics"]
    return "CASE is_nan WHEN 0 THEN value END" if has_flag else "value"


class SqliteMetrics:
    """The metrics of one run in an SQLite file.  Each visit opens the file anew, but the first, which takes what
    the look at the settings has opened."""

    def __init__(self, path: Path, run: object) -> None:
        self._path = path
        self._run = run
        self._place = SqlitePlace(path)
        self._opened: Database | None = None
        self._version: object = None
        self.n_restarts = 0
        self._begin()

    def _begin(self) -> None:
        self._last = LEAST
        self._witnesses = Witnesses()
        self._chosen: list[int] = []
        self._n_rows = 0

    def close(self) -> None:
        """Removes a copy that was made."""
        if self._opened is not None:
            self._opened.close()
        self._place.close()

    def _visit(self) -> Database:
        opened, self._opened = self._opened, None
        return opened or Database(self._path, self._place)

    def config(self) -> Mapping[str, object]:
        """The run's parameters, numbers as numbers."""
        try:
            self._opened = self._visit()
            found = self._opened.rows(PARAMS, self._run)
        except DamagedError:
            return {}
        return settings((text(key), text(value)) for key, value in found)

    def whole(self, notes: Notes) -> Mapping[str, Points]:
        """Every point: series by series where an index helps, else row after row.  Raises InputError."""
        try:
            with self._visit() as database:
                require(database)
                return self._by_series(database, notes) or self._by_rows(database, notes)
        except DamagedError as error:
            with Database(self._path, self._place) as database:
                require(database)
                return salvaged(database, self._run, values_of(database), error, notes)

    def fresh(self, notes: Notes) -> Mapping[str, Points]:
        """The points in rows that were not there at the last call.  Raises InputError."""
        version = self._place.version()
        if version == self._version:
            return {}
        with self._visit() as database:
            require(database)
            self._start_anew_if_rewritten(database, notes)
            found = self._all_or_none(database, notes)
            self._keep_witnesses(database)
        self._version = version if is_settled(version) else None
        return found

    def _start_anew_if_rewritten(self, database: Database, notes: Notes) -> None:
        if not self._witnesses.are_there(lambda row: self._rows_at(database, row)):
            self._begin()
            self.n_restarts += 1
            notes.add("restart", REWRITTEN)

    def _all_or_none(self, database: Database, notes: Notes) -> dict[str, Points]:
        """The points after the last one that was seen; where one page cannot be read, all come at the next call."""
        last, n_rows = self._last, self._n_rows
        try:
            return self._by_rows(database, notes)
        except InputError:
            self._last, self._n_rows, self._chosen = last, n_rows, []
            raise

    def _keep_witnesses(self, database: Database) -> None:
        chosen, self._chosen = self._chosen, []
        self._witnesses.add((id, row) for id in chosen for row in self._rows_at(database, id))

    def _rows_at(self, database: Database, id: int) -> list[Row]:
        """The row of that number, as it is now; [] where it is gone."""
        return database.rows(BY_ROW.format(value=values_of(database)), self._run, id - 1, id)

    def _by_series(self, database: Database, notes: Notes) -> dict[str, Points]:
        """Every point, series by series; {} where no index serves for that, or too many points share one place."""
        if not self._has_a_share(database) or PRIMARY_KEY not in database.indexes("metrics"):
            return {}
        query = ONE_SERIES.format(value=values_of(database))
        own_notes = Notes(notes.name)
        gathered = Gathered(own_notes)
        key = b""
        while (following := database.rows(NEXT_KEY, key)[0][0]) is not None:
            key = self._later(key, following)
            if not self._one_series(database, query, key, gathered):
                return {}
        for event in own_notes.take():
            notes.put(event)
        return gathered.series()

    def _has_a_share(self, database: Database) -> bool:
        ((n_own, newest),) = database.rows(SHARES, self._run)
        return isinstance(n_own, int) and isinstance(newest, int) and SHARE * n_own >= newest

    def _one_series(self, database: Database, query: str, key: bytes, gathered: Gathered) -> bool:
        """Takes all points of a series, in the order of time; False when more have the same than fit on a page, or
        a value is no number."""
        first = LEAST
        while (table := database.table(POINT, query, key, self._run, first)) is not None:
            if len(table) < PAGE:
                self._take(database, key, table, gathered)
                return True
            table = table[table["time"] != table["time"][-1]]
            if not len(table):
                return False
            first = self._later(first, int(table["time"][-1]) + 1)
            self._take(database, key, table, gathered)
        return False

    def _take(self, database: Database, key: bytes, table: Table, gathered: Gathered) -> None:
        self._count(database, len(table))
        gathered.add(key, table)

    def _by_rows(self, database: Database, notes: Notes) -> dict[str, Points]:
        """Every point after the last one that was seen, in the order of the rows."""
        gathered = Gathered(notes)
        query = BY_ROW.format(value=values_of(database))
        n: object = PAGE
        while n == PAGE:
            ((end, n),) = database.rows(PAGE_END, self._run, self._last)
            if end is None:
                break
            page = self._run, self._last, self._later(self._last, end)
            table = database.table(NUMBERED_POINT, query, *page)
            if table is None:
                rows = database.rows(query, *page)
                gathered.add_odd(rows)
                numbers = [row[-1] for row in rows if isinstance(row[-1], int)]
            else:
                gathered.add_mixed(table)
                numbers = table["row"].tolist()
            self._chosen += [numbers[at] for at in spread(len(numbers))]
            self._last = page[2]
            self._count(database, len(numbers))
        return gathered.series()

    def _count(self, database: Database, n: int) -> None:
        self._n_rows += n
        if self._n_rows * LEAST_ROW > database.n_bytes:
            raise DamagedError(str(self._path), "holds rows that repeat without end", "write it anew")

    def _later(self, last: "Key", now: object) -> "Key":
        """`now`, which must lie after `last`: pages of a damaged file may lead in a circle."""
        if isinstance(now, type(last)) and now > last:
            return now
        raise DamagedError(
            str(self._path), "holds rows out of their order", "mend it with `sqlite3 FILE .recover`"
        )


Key = TypeVar("Key", bytes, int)
