"""The runs of a table, or of the files of one export: which there are, and how each is read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from descentry.record.chunk import Chunk, Ints, empty
from descentry.record.errors import DamagedError, UnknownFormatError
from descentry.record.event import Event
from descentry.sources.epoch_steps import EpochSteps
from descentry.sources.json.values import clean_name
from descentry.sources.labels import Cells, Labels, Sorter, run_and_split, spelled
from descentry.sources.notes import Notes
from descentry.sources.rows import bounded
from descentry.sources.settled import follow_settled
from descentry.sources.survey import Survey
from descentry.sources.tables.arrow_columns import columns_of, is_number, is_text, numbers, texts
from descentry.sources.tables.arrow_file import ArrowFile
from descentry.sources.tables.label_parts import Parts
from descentry.sources.tables.table_best_step import with_best_step
from descentry.sources.tables.table_long import LongTable
from descentry.sources.tables.table_plan import Plan, plan_of
from descentry.sources.tables.table_wide import WideTable

MAX_SEEN = 200_000
"""Different labels in all row groups together."""
UNLABELLED = Labels()
Groups = dict[Path, list[int] | None]


@dataclass(frozen=True, slots=True)
class TableRun:
    """One run.  `name`: what it is called, "" where no column says so; `groups`: per file the row groups that hold
    rows of it, None for all."""

    name: str
    groups: Groups
    labels: Labels = UNLABELLED

    def read(self, path: Path) -> Iterator[Chunk]:
        """The run as chunks of bounded size.  Raises InputError."""
        yield from map(EpochSteps(path.name).feed, self._rows())

    def _rows(self) -> Iterator[Chunk]:
        """The rows as they stand in the table."""
        reader: _RunReader | None = None
        for file, groups in self.groups.items():
            with ArrowFile(file) as table:
                plan = plan_for(table, self.labels.names, self.labels.step)
                if reader is None or reader.plan != plan:
                    yield from () if reader is None else bounded(reader.table.finish())
                    reader = _RunReader(plan, Notes(file.name), self.labels)
                yield from reader.rows(table, range(table.n_groups) if groups is None else groups)
        yield from () if reader is None else bounded(reader.table.finish())

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The run, read again when a file was written again.  Raises InputError."""
        anew = replace(self, groups=dict.fromkeys(self.groups))
        return follow_settled(lambda: list(self.groups), lambda: anew.read(path))


def plan_for(table: ArrowFile, labels: Sequence[str] = (), step: str | None = None) -> Plan:
    """What the columns are for.  Raises UnknownFormatError for a table without numbers."""
    plan = plan_of(table.leaves, table.schema.metadata or {}, labels, step)
    if not plan.series:
        names = ", ".join(map(clean_name, table.names[:6]))
        problem = f"is a table without a series of numbers (columns: {names})"
        raise UnknownFormatError(str(table.path), problem, "name a table with a step and a loss")
    return plan


def runs_of(paths: Sequence[Path]) -> list[TableRun]:
    """The runs of the files together, in the order in which they are first seen.  Raises InputError."""
    names: dict[str, None] = {}
    for path in paths:
        with ArrowFile(path) as table:
            names.update(dict.fromkeys(map(str, _candidates(table))))
    survey = Survey(list(names), has_rivals=False)
    if not survey.labels:
        return [TableRun("", dict.fromkeys(paths), with_best_step(paths, list(names)))]
    seen: dict[Path, list[dict[Cells, str]]] = {}
    for path in paths:
        with ArrowFile(path) as table:
            seen[path] = _seen(table, survey)
    found = survey.runs(str(paths[0]))
    if len(found) < 2:
        return [TableRun(name, dict.fromkeys(paths), labels) for name, labels in found]
    return [TableRun(name, _groups(seen, survey.labels, labels), labels) for name, labels in found]


def _candidates(table: ArrowFile) -> list[str]:
    """The columns that may be labels or steps, for the survey."""
    plan = plan_for(table)
    kinds = dict(table.leaves)
    fit = [name for name, kind in kinds.items() if is_text(kind) or is_number(kind)]
    return [name for name in fit if name not in (plan.wall, plan.name)]


def _seen(table: ArrowFile, survey: Survey) -> list[dict[Cells, str]]:
    """Per row group the labels in it, each with its first step; the survey is told."""
    names = survey.labels
    groups: list[dict[Cells, str]] = [{} for _ in range(table.n_groups)]
    wanted = [*names, *([] if survey.step is None else [survey.step])]
    tops = list(dict.fromkeys([*wanted, *(name.split("/")[0] for name in wanted)]))
    for group, batch in table.batches(tops, range(table.n_groups)):
        columns = columns_of(batch)
        cells, firsts, _ = _distinct(columns, names, batch.num_rows)
        labels = {name: [cell[i] for cell in cells] for i, name in enumerate(names)}
        survey.add({**_first_steps(columns, survey.step, firsts), **labels}, batch.num_rows)
        for cell in cells:
            groups[group].setdefault(cell, "")
        if sum(map(len, groups)) > MAX_SEEN:
            problem = f"holds more than {MAX_SEEN} different labels ({', '.join(map(clean_name, names))})"
            raise DamagedError(str(table.path), problem, "export fewer runs at once")
    return groups


def _first_steps(columns: Mapping[str, Any], step: str | None, rows: Ints) -> dict[str, list[str]]:
    """The step of each of the rows as text, "" where it is no number."""
    if step is None:
        return {}
    column = columns.get(step)
    if column is None or not is_number(column.type):
        return {step: [""] * len(rows)}
    return {step: [spelled(x) for x in numbers(column).values[rows].tolist()]}


def _groups(seen: Mapping[Path, list[dict[Cells, str]]], names: Sequence[str], labels: Labels) -> Groups:
    """Per file the row groups that hold a row of the run."""
    at = [names.index(name) for name in labels.runs]
    found: Groups = {}
    for path, groups in seen.items():
        its = [
            group
            for group, labelled in enumerate(groups)
            if any(
                run_and_split(tuple(cells[i] for i in at), is_literal=labels.is_literal)[0] == labels.only
                for cells in labelled
            )
        ]
        if its:
            found[path] = list(its)
    return found


def _distinct(columns: Mapping[str, Any], names: Sequence[str], n: int) -> tuple[list[Cells], Ints, Ints]:
    """The different labels of a batch, the first row of each, and for each row which it has."""
    codes = np.zeros((len(names), n), np.int64)
    words: list[list[str]] = []
    for i, name in enumerate(names):
        codes[i], its = _coded(columns[name], n) if name in columns else (np.zeros(n, np.int64), [""])
        words.append(its)
    _, firsts, which = np.unique(codes, axis=1, return_index=True, return_inverse=True)
    order = np.argsort(firsts)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    firsts = firsts[order]
    cells = [
        tuple(its[code] for its, code in zip(words, codes[:, row].tolist(), strict=True)) for row in firsts
    ]
    return cells, firsts, place[which.ravel()]


def _coded(column: Any, n: int) -> tuple[Ints, list[str]]:
    """Each cell of a column as an index into the different labels in it."""
    if is_text(column.type):
        codes, words = texts(column)
        return np.where(codes < 0, len(words), codes), [*map(spelled, words), ""]
    found, which = np.unique(numbers(column).values, return_inverse=True)
    return which.reshape(n).astype(np.int64), ["" if x != x else spelled(x) for x in found.tolist()]


class _RunReader:
    """Reads the rows of one run out of tables with one plan."""

    def __init__(self, plan: Plan, notes: Notes, labels: Labels) -> None:
        self.plan = plan
        self.table = LongTable(plan, notes) if plan.is_long else WideTable(plan, notes)
        self._notes = notes
        self._sorter = Sorter(labels, notes)
        self._is_first = True
        if labels.step is not None and plan.step == labels.step:
            notes.add("derived", labels.step_event)

    def rows(self, table: ArrowFile, groups: Iterable[int]) -> Iterator[Chunk]:
        """The rows of one file, as far as they can be told before all files are read."""
        plan, n_null = self.plan, 0
        for _, batch in table.batches(plan.top_level(), groups):
            columns = columns_of(batch)
            parts = self._parts(columns, batch.num_rows)
            n_null += sum(columns[name].null_count for name in plan.series)
            yield from bounded(self.table.rows(columns, batch.num_rows, parts))
        yield from bounded(empty(config=self._config()))
        self._is_first = False
        for event in table.events:
            self._notes.put(event)
        if n_null and b"pandas" in (table.schema.metadata or {}) and not plan.is_long:
            self._notes.put(_null_or_nan(table.path.name, n_null))

    def _config(self) -> dict[str, object]:
        ignored = sorted(map(clean_name, self.plan.ignored)) if self._is_first else []
        return {**self._sorter.config(), **({"ignored": ignored} if ignored else {})}

    def _parts(self, columns: Mapping[str, Any], n: int) -> Parts | None:
        """The rows of this run by what goes in front of their names; None for all rows as they are."""
        if not self._sorter.names:
            return None
        cells, _, which = _distinct(columns, self._sorter.names, n)
        rows: dict[str, list[Ints]] = {}
        for at, labels in enumerate(cells):
            prefix = self._sorter.prefix(labels, None)
            its = np.flatnonzero(which == at)
            if prefix is None:
                self._sorter.tell_others(None, len(its))
            else:
                rows.setdefault(prefix, []).append(its)
        return [(prefix, np.sort(np.concatenate(its))) for prefix, its in rows.items()]


def _null_or_nan(name: str, count: int) -> Event:
    message = "pandas stores NaN as an empty cell: a value that is missing here may have been NaN"
    return Event("empty_or_nan", message, name, count, warning=False)
