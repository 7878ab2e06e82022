"""MLflow's SQLite store (`mlflow.db`, tables `metrics`, `runs`, `params`): each run of it.

Written by MLflow 1.x to 3.x with `sqlite:///…` as tracking store.  Runs that are marked deleted are left out, which the
first of the others tells.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from descentry.formats.sqlite_file import Database, text
from descentry.formats.sqlite_look import holds_tables, require_whole
from descentry.record.chunk import Chunk, empty
from descentry.record.errors import DamagedError
from descentry.record.event import Event
from descentry.sources.mlflow.points import follow_metrics, read_metrics
from descentry.sources.mlflow.table import SqliteMetrics, require
from descentry.sources.store import DATABASES, only_run, run_names

format = "mlflow_sql"

MAX_RUNS = 100_000

HAS_METRICS = "EXISTS (SELECT 1 FROM metrics WHERE metrics.run_uuid = runs.run_uuid)"


def matches(path: Path, head: bytes) -> bool:
    """True for an SQLite database with MLflow's tables."""
    return holds_tables(path, head, DATABASES["MLflow"])


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
        n_deleted = _n_deleted(database)
    if n_deleted and not found:
        problem = f"holds only runs that are marked as deleted ({n_deleted})"
        raise DamagedError(str(path), problem, "bring one back with `mlflow runs restore --run-id ID`")
    if not found:
        require_whole(path)
    listed = [row for row in found if row[2]] or found
    names = run_names([text(row[0]) for row in listed], [text(row[1]) for row in listed])
    told = [n_deleted] + [0] * len(listed)
    return [(name, MlflowRun(row[0], n)) for name, row, n in zip(names, listed, told, strict=False)]


def _n_deleted(database: Database) -> int:
    """How many runs are marked as deleted; 0 where that cannot be told."""
    if "lifecycle_stage" not in database.tables()["runs"]:
        return 0
    try:
        ((n,),) = database.rows("SELECT count(*) FROM runs WHERE lifecycle_stage = 'deleted'")
    except DamagedError:
        return 0
    return n if isinstance(n, int) else 0


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
    """One run of a store, by its id.  The first tells how many were left out."""

    def __init__(self, run: object, n_deleted: int = 0) -> None:
        self._run = run
        self._n_deleted = n_deleted

    def read(self, path: Path) -> Iterator[Chunk]:
        """The whole run.  Raises UnreadableError, DamagedError."""
        yield from self._told(path)
        yield from read_metrics(SqliteMetrics(path, self._run), path.name)

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The run as it grows.  Raises UnreadableError, DamagedError at the start."""
        yield from self._told(path)
        yield from follow_metrics(SqliteMetrics(path, self._run), path.name)

    def _told(self, path: Path) -> Iterator[Chunk]:
        if self._n_deleted:
            message = "runs of this store are marked as deleted and left out"
            yield empty((Event("deleted_run", message, path.name, self._n_deleted, warning=False),))
