"""The runs of a table, or of the files of one export: which there are, and how each is read."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from descentry.record.chunk import Chunk, empty
from descentry.record.errors import DamagedError, UnknownFormatError
from descentry.record.event import Event
from descentry.sources.json.values import clean_name
from descentry.sources.notes import Notes
from descentry.sources.rows import bounded
from descentry.sources.settled import follow_settled
from descentry.sources.tables.arrow_columns import Bools, columns_of, is_text, numbers, texts
from descentry.sources.tables.arrow_file import ArrowFile
from descentry.sources.tables.table_long import LongTable
from descentry.sources.tables.table_plan import Plan, plan_of
from descentry.sources.tables.table_wide import WideTable

MAX_RUNS = 20_000
Groups = dict[Path, list[int] | None]


@dataclass(frozen=True, slots=True)
class TableRun:
    """One run.  `name` is the value of the run column, "" where there is none; `groups`: per file the row groups
    that hold rows of it, None for all."""

    name: str
    groups: Groups
    is_only: bool

    def read(self, path: Path) -> Iterator[Chunk]:  # noqa: ARG002
        """The run as chunks of bounded size.  Raises InputError."""
        run = None if self.is_only else self.name
        reader: _RunReader | None = None
        for file, groups in self.groups.items():
            with ArrowFile(file) as table:
                plan = plan_for(table)
                if reader is None or reader.plan != plan:
                    yield from () if reader is None else bounded(reader.table.finish())
                    reader = _RunReader(plan, Notes(file.name), run)
                yield from reader.rows(table, range(table.n_groups) if groups is None else groups)
        yield from () if reader is None else bounded(reader.table.finish())

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The run, read again when a file was written again.  Raises InputError."""
        anew = replace(self, groups=dict.fromkeys(self.groups))
        return follow_settled(lambda: list(self.groups), lambda: anew.read(path))


def plan_for(table: ArrowFile) -> Plan:
    """What the columns are for.  Raises UnknownFormatError for a table without numbers."""
    plan = plan_of(table.leaves, table.schema.metadata or {})
    if not plan.series:
        names = ", ".join(map(clean_name, table.names[:6]))
        problem = f"is a table without a series of numbers (columns: {names})"
        raise UnknownFormatError(str(table.path), problem, "name a table with a step and a loss")
    return plan


def runs_of(paths: Sequence[Path]) -> list[TableRun]:
    """The runs of the files together, in the order in which they are first seen.  Raises InputError."""
    found: dict[str, Groups] = {}
    for path in paths:
        with ArrowFile(path) as table:
            plan = plan_for(table)
            if plan.run is None:
                found.setdefault("", {})[path] = None
                continue
            for group, name in _seen(table, plan.run):
                groups = found.setdefault(name, {}).setdefault(path, [])
                if groups is not None and (not groups or groups[-1] != group):
                    groups.append(group)
            if len(found) > MAX_RUNS:
                problem = f"holds more than {MAX_RUNS} runs by its column `{plan.run}`"
                raise DamagedError(str(path), problem, "export fewer runs at once")
    return [TableRun(name, groups, len(found) == 1) for name, groups in found.items()]


def _seen(table: ArrowFile, run: str) -> Iterator[tuple[int, str]]:
    """(row group, run) of all runs of each batch, group after group."""
    told: set[tuple[int, str]] = set()
    for group, batch in table.batches([run, run.split("/")[0]], range(table.n_groups)):
        for name in _names(columns_of(batch)[run]):
            if (group, name) not in told:
                told.add((group, name))
                yield group, name


def _names(column: Any) -> list[str]:
    """The different runs of a column, in the order of first sight."""
    if is_text(column.type):
        codes, words = texts(column)
        firsts = np.unique(codes, return_index=True)
        order = np.argsort(firsts[1])
        return [words[code] if code >= 0 else "" for code in firsts[0][order].tolist()]
    return list(dict.fromkeys(map(_spelled, numbers(column).values.tolist())))


def _spelled(value: float) -> str:
    if value != value:
        return ""
    return str(int(value)) if abs(value) < 2**53 and value == int(value) else str(value)


def _mine(column: Any, name: str) -> Bools:
    """Which rows belong to the run."""
    if is_text(column.type):
        codes, words = texts(column)
        wanted = [code for code, word in enumerate(words) if word == name] + ([-1] if not name else [])
        return np.isin(codes, wanted)
    return np.array([_spelled(value) == name for value in numbers(column).values.tolist()], np.bool_)


class _RunReader:
    """Reads the rows of one run out of tables with one plan; of all rows where `run` is None."""

    def __init__(self, plan: Plan, notes: Notes, run: str | None) -> None:
        self.plan = plan
        self.table = LongTable(plan, notes) if plan.is_long else WideTable(plan, notes)
        self._notes = notes
        self._run = run if plan.run is not None else None
        self._is_first = True

    def rows(self, table: ArrowFile, groups: Iterable[int]) -> Iterator[Chunk]:
        """The rows of one file, as far as they can be told before all files are read."""
        plan, n_null = self.plan, 0
        ignored = sorted(map(clean_name, plan.ignored))
        yield from bounded(empty(config={"ignored": ignored} if ignored and self._is_first else {}))
        self._is_first = False
        for _, batch in table.batches(plan.top_level(), groups):
            columns = columns_of(batch)
            mine = None if self._run is None or plan.run is None else _mine(columns[plan.run], self._run)
            n_null += sum(columns[name].null_count for name in plan.series)
            yield from bounded(self.table.rows(columns, batch.num_rows, mine))
        for event in table.events:
            self._notes.put(event)
        if n_null and b"pandas" in (table.schema.metadata or {}) and not plan.is_long:
            self._notes.put(_null_or_nan(table.path.name, n_null))


def _null_or_nan(name: str, count: int) -> Event:
    message = "pandas stores NaN as an empty cell: a value that is missing here may have been NaN"
    return Event("empty_or_nan", message, name, count, warning=False)
