"""The labels of rows of JSON: which rows are of a run, what goes in front of their names, and rows of one point."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from descentry.sources.json.leaves import as_number
from descentry.sources.json.mmdetection import is_such
from descentry.sources.json.row_kinds import is_config
from descentry.sources.json.table import Group, Row, grouped
from descentry.sources.labels import Labels, Sorter, all_labelled, present, spelled
from descentry.sources.long import NAMES, VALUES
from descentry.sources.loss_names import loss_name
from descentry.sources.naming import best_step, step_rank
from descentry.sources.notes import Notes
from descentry.sources.numbers import TIME_NAMES, number

UNLABELLED = Labels()


class LongRow(NamedTuple):
    """The fields of a row of one point; `others`: those that must hold no number."""

    name: str
    value: str
    others: tuple[str, ...]


class JsonLabels:
    """Takes rows to what they are without their labels.  `is_long`: a row of one point was seen."""

    def __init__(self, labels: Labels, notes: Notes) -> None:
        self._sorter = Sorter(labels, notes)
        self._shapes: dict[tuple[str, ...], LongRow | None] = {}
        self._others: list[tuple[int | None, int]] = []
        self.is_long = False
        self.config = self._sorter.config

    def rows(self, rows: Sequence[Row], line: int | None) -> tuple[Sequence[Row], Sequence[int] | None]:
        """The rows of the run, the first given in line `line`, with the names of their labels; and their lines.

        Without a line (None) the log has none.
        """
        lines = None if line is None else range(line, line + len(rows))
        if not self._sorter.names and not _may_be_long(frozenset(chain.from_iterable(rows))):
            return rows, lines
        its = [self.row(row, None if lines is None else lines[at]) for at, row in enumerate(rows)]
        kept = [at for at, row in enumerate(its) if row is not None]
        return [row for row in its if row is not None], None if lines is None else [lines[at] for at in kept]

    def row(self, row: Row, line: int | None) -> Row | None:
        """The row with the names of its labels; None for one of another run."""
        names = self._sorter.names
        long = self._long(tuple(row))
        if (not long and not names) or is_such(row):
            return row
        if not long and not any(name in row for name in names) and is_config(row):
            return row
        prefix = self._sorter.prefix(tuple(spelled(row.get(name)) for name in names), line)
        if prefix is None:
            self._sorter.tell_others(line, 1)
            return None
        series = None if long is None else _series(row, long)
        return self._without(row, series, long, prefix)

    def _without(self, row: Row, series: str | None, long: LongRow | None, prefix: str) -> Row:
        kept = {name: value for name, value in row.items() if name not in self._sorter.names}
        if series is None or long is None:
            names = _names(kept, prefix)
            return {names[name]: value for name, value in kept.items()}
        self.is_long = True
        value = kept.pop(long.value)
        del kept[long.name]
        return {**kept, prefix + series: value}

    def sort(self, rows: Sequence[Row], indices: Sequence[int], line: int | None) -> list[Group]:
        """The rows at `indices`, all with the same keys, as groups of those with the same labels."""
        first = rows[indices[0]]
        long = self._long(tuple(first))
        names = self._sorter.names
        has_labels = any(name in first for name in names)
        if not long and not (names if self._sorter.labels.runs else has_labels):
            return [grouped(rows, first, indices)]
        if any(map(is_such, (rows[i] for i in indices)) if "mode" in first else ()):
            return [grouped(rows, first, indices)]
        if not has_labels and not long and any(is_config(rows[i]) for i in indices):
            return [grouped(rows, first, indices)]
        found: dict[tuple[str, ...], list[int]] = {}
        for i in indices:
            row = rows[i]
            series = _series(row, long) if long else None
            key = (*(spelled(row.get(name)) for name in names), "\0" if series is None else series)
            found.setdefault(key, []).append(i)
        parts = (self._part(rows, its, key, long, line) for key, its in found.items())
        return [part for part in parts if part is not None]

    def sorted(self, *, is_taken: bool) -> None:
        """Says whether the groups that `sort` gave were taken, or come again row by row."""
        for line, count in self._others if is_taken else ():
            self._sorter.tell_others(line, count)
        self._others.clear()

    def _part(
        self,
        rows: Sequence[Row],
        its: list[int],
        key: tuple[str, ...],
        long: LongRow | None,
        line: int | None,
    ) -> Group | None:
        at = None if line is None else line + its[0]
        prefix = self._sorter.prefix(key[:-1], at)
        if prefix is None:
            self._others.append((at, len(its)))
            return None
        kept = [name for name in rows[its[0]] if name not in self._sorter.names]
        if key[-1] == "\0" or long is None:
            return _group(rows, its, _names(kept, prefix))
        self.is_long = True
        names = {name: name for name in kept if name not in (long.name, long.value)}
        return _group(rows, its, {**names, long.value: prefix + key[-1]})

    def _long(self, keys: tuple[str, ...]) -> LongRow | None:
        """The fields of rows with those keys that may be points; None where they cannot be."""
        if keys not in self._shapes:
            if len(self._shapes) > 1000:
                return None
            self._shapes[keys] = _long_row(keys, self._sorter.names)
        return self._shapes[keys]


def _may_be_long(names: frozenset[str]) -> bool:
    """Whether a row that has some of the names may be one point."""
    lower = frozenset(map(str.lower, names))
    return not lower.isdisjoint(NAMES) and not lower.isdisjoint(VALUES)


def _long_row(keys: Sequence[str], labels: Sequence[str]) -> LongRow | None:
    name, value = next(iter(present(keys, NAMES)), None), next(iter(present(keys, VALUES)), None)
    if name is None or value is None or best_step(keys) is None or any(map(loss_name, keys)):
        return None
    others = tuple(
        key
        for key in keys
        if key not in (name, value, *labels) and step_rank(key) is None and key.lower() not in TIME_NAMES
    )
    return LongRow(name, value, others)


def _series(row: Mapping[str, Any], long: LongRow) -> str | None:
    """The name of the series whose point a row is; None where it is a row of several values."""
    name, value = row[long.name], row[long.value]
    if type(name) is not str or not name.strip() or number(name) is not None or name in row:
        return None
    if isinstance(value, dict | list):
        return None
    return None if any(as_number(row[other]) is not None for other in long.others) else name


def _names(names: Sequence[str] | Row, prefix: str) -> dict[str, str]:
    """What each field becomes; steps and times stay."""
    placed = [name for name in names if step_rank(name) is None and name.lower() not in TIME_NAMES]
    return {**{name: name for name in names}, **all_labelled(placed, prefix)}


def _group(rows: Sequence[Row], indices: Sequence[int], names: Mapping[str, str]) -> Group:
    its = grouped(rows, names, indices)
    return Group(its.rows, {names[name]: column for name, column in its.columns.items()})
