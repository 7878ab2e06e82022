"""MLflow's SQLite store (`mlflow.db`, tables `metrics`, `runs`, `params`): each run of it.

Written by MLflow 1.x to 3.x with `sqlite:///…` as tracking store.  Runs that are marked deleted are left out.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from descentry.formats.sqlite_file import Database, holds_tables, text
from descentry.record.chunk import Chunk
from descentry.record.errors import DamagedError
from descentry.sources.mlflow.points import follow_metrics, read_metrics
from descentry.sources.mlflow.table import SqliteMetrics, require
from descentry.sources.store import only_run, run_names

format = "mlflow_sql"

TABLES = frozenset({"metrics", "runs", "params"})
MAX_RUNS = 100_000

HAS_METRICS = "EXISTS (SELECT 1 FROM metrics WHERE metrics.run_uuid = runs.run_uuid)"


def matches(path: Path, head: bytes) -> bool:
    """True for an SQLite database with MLflow's tables."""
    return holds_tables(path, head, TABLES)


def read(path: Path) -> Iterator[Chunk]:
    """The only run.  Raises UnreadableError, DamagedError; UsageError when there are several."""
    return only_run(path, runs(path)).read(path)


def follow(path: Path) -> Iterator[Chunk]:
    """The only run as it grows.  Raises as `read` does."""
    return only_run(path, runs(path)).follow(path)


def runs(path: Path) -> "Sequence[tuple[str, MlflowRun]]":
    """The runs by name, in the order in which they were started; those without metrics only where all are.

    Raises UnreadableError, DamagedError.
    """
    with Database(path) as database:
        require(database)
        try:
            found = _rows(database, HAS_METRICS)
        except DamagedError:
            found = _rows(database, "1")
    listed = [row for row in found if row[2]] or found
    names = run_names([text(row[0]) for row in listed], [text(row[1]) for row in listed])
    return [(name, MlflowRun(row[0])) for name, row in zip(names, listed, strict=True)]


def _rows(database: Database, has_metrics: str) -> list[tuple[object, ...]]:
    """Id, name and whether it has metrics, of each run.  Old stores lack columns."""
    there = database.tables()["runs"]
    name, stage, start = (
        column if column in there else "NULL" for column in ("name", "lifecycle_stage", "start_time")
    )
    return database.rows(
        f"SELECT substr(CAST(run_uuid AS BLOB), 1, 400), substr({name}, 1, 400), {has_metrics} FROM runs "
        f"WHERE {stage} IS NOT 'deleted' ORDER BY {start}, run_uuid LIMIT ?",
        MAX_RUNS,
    )


class MlflowRun:
    """One run of a store, by its id."""

    def __init__(self, run: object) -> None:
        self._run = run

    def read(self, path: Path) -> Iterator[Chunk]:
        """The whole run.  Raises UnreadableError, DamagedError."""
        return read_metrics(SqliteMetrics(path, self._run), path.name)

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The run as it grows.  Raises UnreadableError, DamagedError at the start."""
        return follow_metrics(SqliteMetrics(path, self._run), path.name)
