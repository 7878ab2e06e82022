"""trackio's SQLite project (`<project>.db`, table `metrics`, one JSON object per call): each run of it.

Written by trackio 0.1 to 0.43.  Non-finite numbers are the texts "NaN", "Infinity", "-Infinity".  A resumed run goes
on under its name, so its steps go back.  A call's time is that of the batch it was written with.  What the hardware
did (`system_metrics`) has no step and is not read.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from descentry.formats.sqlite_file import Database, Row, text
from descentry.formats.sqlite_look import holds_tables, require_whole
from descentry.record.chunk import Chunk, empty
from descentry.record.errors import DamagedError
from descentry.sources.json.rows import JsonRows
from descentry.sources.json.scattered import scattered
from descentry.sources.json.table import as_table
from descentry.sources.json.values import BadJson, clean_name, parsed
from descentry.sources.notes import Notes
from descentry.sources.rows import with_events
from descentry.sources.sqlite_part import follow_part, read_part
from descentry.sources.sqlite_rows import NewRows
from descentry.sources.store import DATABASES, MAX_SETTINGS, only_run, run_names

format = "trackio"

COLUMNS = frozenset({"id", "timestamp", "run_name", "step", "metrics"})
PAGE = 512
FEW = 20_000
"""Calls of a run that are sorted anew for each page, where its index is used."""
SHARE = 8
"""A run with one call in so many is read fastest by going through all."""
MAX_ROW = 1 << 20
"""Bytes of one call; a longer one holds tables or pictures."""
MAX_NESTED = 10_000
"""Lists and objects in one call."""
MAX_BATCH = 4 << 20
"""Bytes of calls that are parsed together."""
MAX_RUNS = 100_000
NEWEST = "SELECT max(id) FROM metrics"
STEP, WALL = "\tstep", "_timestamp"
"""Fields that are added to a row: no metric has the name of the first, nor is the second a number."""

TEXT = "CAST(? AS TEXT)"


def matches(path: Path, head: bytes) -> bool:
    """True for an SQLite database with trackio's tables."""
    return holds_tables(path, head, DATABASES["trackio"]) and not holds_tables(
        path, head, frozenset({"runs"})
    )


def read(path: Path) -> Iterator[Chunk]:
    """The only run.  Raises UnreadableError, DamagedError; UsageError when there are several."""
    return only_run(path, runs(path)).read(path)


def follow(path: Path) -> Iterator[Chunk]:
    """The only run as it grows.  Raises as `read` does."""
    return only_run(path, runs(path)).follow(path)


def runs(path: Path) -> "Sequence[tuple[str, TrackioRun]]":
    """The runs by name, in the order of their first call.  Raises UnreadableError, DamagedError."""
    with Database(path) as database:
        key = _key(database)
        found = database.rows(
            f"SELECT {key}, run_name FROM metrics GROUP BY {key} ORDER BY min(id) LIMIT ?", MAX_RUNS
        )
    if not found:
        require_whole(path)
    names = run_names([text(id) for id, _ in found], [text(name) for _, name in found])
    return [(name, TrackioRun(id)) for name, (id, _) in zip(names, found, strict=True)]


def _key(database: Database) -> str:
    """The column that tells runs apart; before version 0.20 that was the name.  Raises DamagedError."""
    there = database.tables().get("metrics", [])
    missing = sorted(COLUMNS - set(there))
    if missing:
        problem = f"has no column {', '.join(missing)}, expected trackio's table `metrics`"
        raise DamagedError(str(database.path), problem, "open it once with trackio, which mends old files")
    return "run_id" if "run_id" in there else "run_name"


class TrackioRun:
    """One run of a project, by its id."""

    def __init__(self, run: object) -> None:
        self._run = run

    def read(self, path: Path) -> Iterator[Chunk]:
        """The whole run, in the order of the calls.  Raises UnreadableError, DamagedError."""
        return read_part(path, Calls(path, self._run))

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The run as it grows.  Raises UnreadableError, DamagedError at the start."""
        return follow_part(path, Calls(path, self._run))


class Calls:
    """The calls of one run, from the first on or from the last that was seen."""

    max_value = MAX_ROW

    def __init__(self, path: Path, run: object) -> None:
        self._run = run
        self._notes = Notes(path.name)
        self._news = NewRows(path, run, self._notes, self._forget)
        self._forget()

    def _forget(self) -> None:
        self._rows = JsonRows(self._notes, STEP)

    def config(self, database: Database) -> Mapping[str, object]:
        """The run's settings, without trackio's own (`_Username`, …)."""
        key = _key(database)
        if key not in database.tables().get("configs", ()):
            return {}
        found = database.rows(f"SELECT config FROM configs WHERE {key} = {TEXT} LIMIT 1", self._run)
        settings = _object(found[0][0]) if found else None
        own = [(name, value) for name, value in (settings or {}).items() if not name.startswith("_")]
        return {clean_name(name): value for name, value in own[:MAX_SETTINGS]}

    def fresh(self, database: Database) -> Iterator[Chunk]:
        """The calls after the last one that was seen."""
        key = _key(database)
        how = "" if self._is_small_part(database, key) else "NOT INDEXED"
        query = (
            f"SELECT id, step, timestamp, CASE WHEN length(metrics) < {MAX_ROW // 4} THEN metrics END "
            f"FROM metrics {{how}} WHERE {key} = {TEXT} AND id > ? AND id <= ? ORDER BY id LIMIT {PAGE}"
        )
        again = query.format(how="NOT INDEXED")
        for page in self._news.pages(database, query.format(how=how), NEWEST, again):
            for calls in _batches(page):
                yield self._chunk(calls)
        yield empty(self._notes.take())

    def _is_small_part(self, database: Database, key: str) -> bool:
        """Whether an index of the run's calls leads to them faster than going through all that are new.

        With an index every page costs a look at each call of the run.
        """
        if self._news.has_begun:
            return False
        few = f"SELECT 1 FROM metrics WHERE {key} = {TEXT} LIMIT {FEW + 1}"
        ((n_own, newest),) = database.rows(
            f"SELECT (SELECT count(*) FROM ({few})), (SELECT max(id) FROM metrics)", self._run
        )
        return isinstance(n_own, int) and isinstance(newest, int) and n_own <= FEW and SHARE * n_own < newest

    def pause(self) -> Chunk:
        """Nothing waits."""
        return empty()

    def end(self, problem: str) -> Chunk | None:
        """What is told of all rows together."""
        told = self._news.end(problem)
        if told is None:
            return None
        self._rows.finish()
        return with_events(self._rows.chunk(), told.events)

    def _chunk(self, page: Sequence[Row]) -> Chunk:
        """The calls as rows: as a table where they are alike."""
        rows = [row for call in page if (row := self._row(call)) is not None]
        chunk = as_table(rows, self._rows) if rows else None
        if chunk is not None:
            return with_events(chunk, self._notes.take())
        return scattered(rows, None, self._rows)

    def _row(self, call: Row) -> dict[str, Any] | None:
        """The metrics of one call with its step and time, or None."""
        id, step, when, content = call
        metrics = _object(content)
        if metrics is None:
            where = f"row {id} of `metrics`"
            what = "is too long" if content is None else "is no JSON object, or nested too much,"
            self._notes.add("bad_line", f"{where} {what} and was left out")
            return None
        # A picture, table or histogram is an object that names its type.
        numbers = {name: value for name, value in metrics.items() if not _is_media(value)}
        return {STEP: step, WALL: text(when), **numbers}


def _batches(page: Sequence[Row]) -> Iterator[list[Row]]:
    """The calls of a page in pieces, that what they hold may not fill the memory when it is parsed."""
    calls: list[Row] = []
    n_bytes = 0
    for call in page:
        n_bytes += len(call[-1]) if isinstance(call[-1], bytes) else 0
        if calls and n_bytes > MAX_BATCH:
            yield calls
            calls, n_bytes = [], 0
        calls.append(call)
    yield calls


def _is_media(value: object) -> bool:
    return isinstance(value, dict) and "_type" in value


def _object(content: object) -> dict[str, Any] | None:
    try:
        is_fit = isinstance(content, bytes) and content.count(b"[") + content.count(b"{") <= MAX_NESTED
        found = parsed(content) if is_fit and isinstance(content, bytes) else None
    except BadJson:
        return None
    return found if isinstance(found, dict) else None
