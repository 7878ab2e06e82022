"""Runs of an MLflow tracking store in PostgreSQL: `postgresql://[user[:password]@]host[:port]/database`.

Written by MLflow 1.x to 3.x with such an address as tracking store; needs the extra `postgres` (psycopg 3).  The
session is read-only.  Runs that are marked deleted are left out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from descentry.record.chunk import Chunk
from descentry.record.errors import UnknownFormatError, UnreadableError
from descentry.sources.merge import Points
from descentry.sources.mlflow.points import follow_metrics, read_metrics
from descentry.sources.mlflow.rows import NAMED_POINT, Gathered
from descentry.sources.notes import Notes, quoted
from descentry.sources.protocol import Log
from descentry.sources.store import MAX_SETTINGS, run_names, settings

format = "mlflow_postgres"

TIMEOUT_S = 30
PAGE = 50_000
MAX_RUNS = 100_000
LATE_MS = 60_000
"""Points may arrive so much later than others with a later time: so far back each visit looks again."""

RUNS = (
    "SELECT run_uuid, name FROM runs WHERE lifecycle_stage IS DISTINCT FROM 'deleted' "
    f"ORDER BY start_time, run_uuid LIMIT {MAX_RUNS}"
)
PARAMS = f"SELECT key, value FROM params WHERE run_uuid = %s LIMIT {MAX_SETTINGS}"
KEYS = "SELECT key FROM latest_metrics WHERE run_uuid = %s ORDER BY key"
POINTS = (
    "SELECT step, timestamp, CASE WHEN is_nan THEN NULL ELSE value END, key FROM metrics "
    "WHERE key = ANY(%s) AND run_uuid = %s AND timestamp >= %s ORDER BY timestamp, step"
)


def logs(address: str) -> list[Log]:
    """The runs of a store, in the order in which they were started.

    Raises UnreadableError when it cannot be reached, UnknownFormatError when it is no tracking store.
    """
    store = Store(address)
    found = store.rows(RUNS)
    names = run_names([str(run) for run, _ in found], [str(name or "") for _, name in found])
    reached = zip(found, names, strict=True)
    return [
        Log(name, format, Path(f"{store.where}/{name}"), StoreRun(store, str(run)), f"{store.where}#{name}")
        for (run, _), name in reached
    ]


class Store:
    """A PostgreSQL database, asked over a connection of its own for each visit."""

    def __init__(self, address: str) -> None:
        self._address = re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", address)
        try:
            parts = urlsplit(self._address)
            host = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
        except ValueError as error:
            expected = "expected postgresql://user@host:port/database"
            raise UnreadableError(quoted(address, 80), f"is no address ({error})", expected) from error
        self.where = f"postgresql://{host}{parts.path}"
        """Without credentials."""
        try:
            self._driver: Any = import_module("psycopg")
        except ImportError as error:
            advice = "pip install 'descentry[postgres]'"
            raise UnreadableError(self.where, "needs an extra", advice) from error

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """All rows of a query that bounds their number."""
        with self._cursor() as cursor:
            cursor.execute(sql, values)
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found

    def pages(self, sql: str, *values: object) -> Iterator[Sequence[tuple[Any, ...]]]:
        """The rows of a query, page by page."""
        with self._cursor("descentry") as cursor:
            cursor.execute(sql, values)
            while page := cursor.fetchmany(PAGE):
                yield page

    @contextmanager
    def _cursor(self, name: str = "") -> Iterator[Any]:
        """A cursor of a read-only session, kept by the server where it has a name."""
        try:
            with (
                self._driver.connect(self._address, connect_timeout=TIMEOUT_S) as connection,
                connection.cursor(**({"name": name} if name else {}), binary=True) as cursor,
            ):
                connection.read_only = True
                yield cursor
        except (self._driver.errors.UndefinedTable, self._driver.errors.UndefinedColumn) as error:
            problem = f"is no MLflow tracking store ({_first_line(error)})"
            raise UnknownFormatError(self.where, problem, "name the database of one") from error
        except (self._driver.Error, UnicodeError) as error:
            problem = f"cannot be read ({_first_line(error)})"
            raise UnreadableError(self.where, problem, "check address, user and password") from error


def _first_line(error: Exception) -> str:
    return quoted((str(error).strip() or type(error).__name__).splitlines()[0], 160)[1:-1]


class StoreRun:
    """One run of a store; the path that `read` and `follow` are given says nothing."""

    def __init__(self, store: Store, run: str) -> None:
        self._store, self._run = store, run

    def read(self, path: Path) -> Iterator[Chunk]:  # noqa: ARG002
        """The whole run.  Raises UnreadableError."""
        return read_metrics(StoreMetrics(self._store, self._run), self._store.where)

    def follow(self, path: Path) -> Iterator[Chunk]:  # noqa: ARG002
        """The run as it grows.  Raises UnreadableError at the start."""
        return follow_metrics(StoreMetrics(self._store, self._run), self._store.where)


class StoreMetrics:
    """The metrics of one run in a store."""

    def __init__(self, store: Store, run: str) -> None:
        self._store = store
        self._run = run
        self.n_restarts = 0
        self._newest: int | None = None
        self._recent: set[tuple[object, ...]] = set()

    def close(self) -> None:
        """Nothing is kept open."""

    def config(self) -> Mapping[str, object]:
        """The run's parameters, numbers as numbers."""
        return settings((str(key), str(value)) for key, value in self._store.rows(PARAMS, self._run))

    def whole(self, notes: Notes) -> Mapping[str, Points]:
        """Every point, in the order of time."""
        gathered = Gathered(notes)
        for page in self._pages(-(1 << 63)):
            gathered.add_mixed(np.fromiter(page, NAMED_POINT, len(page)))
        return gathered.series()

    def fresh(self, notes: Notes) -> Mapping[str, Points]:
        """The points that came since the last call, or a little before."""
        gathered = Gathered(notes)
        since = -(1 << 63) if self._newest is None else self._newest - LATE_MS
        for page in self._pages(since):
            rows = [row for row in page if row not in self._recent]
            if rows:
                gathered.add_mixed(np.fromiter(rows, NAMED_POINT, len(rows)))
                self._remember(rows)
        return gathered.series()

    def _remember(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Keeps the rows that the next visit sees again."""
        newest = self._newest = max(int(rows[-1][1]), self._newest or int(rows[-1][1]))
        kept = (row for row in (*self._recent, *rows) if row[1] >= newest - LATE_MS)
        self._recent = set(kept)

    def _pages(self, since: int) -> Iterator[Sequence[tuple[Any, ...]]]:
        names = [name for (name,) in self._store.rows(KEYS, self._run)]
        return self._store.pages(POINTS, names, self._run, since)
