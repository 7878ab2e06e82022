"""Long tables: a row is a point, and a column says of which series; gathered whole, then merged by step."""

from typing import Any

import numpy as np

from descentry.record.chunk import Chunk, Column, Floats, Ints
from descentry.sources.merge import Points, merged_by_step
from descentry.sources.notes import Notes
from descentry.sources.numbers import number
from descentry.sources.rows import MAX_SERIES
from descentry.sources.tables.arrow_columns import Bools, Numbers, Texts, moments, numbers, texts
from descentry.sources.tables.label_parts import Parts
from descentry.sources.tables.table_plan import Plan
from descentry.sources.tables.table_steps import TableSteps

MAX_SETTINGS = 1000


class LongTable:
    """Batches of one run to points; `finish` gives them all as rows."""

    def __init__(self, plan: Plan, notes: Notes) -> None:
        self._plan = plan
        self._notes = notes
        self._steps = TableSteps(plan.step, notes, plan.count)
        self._parts: dict[str, list[Points]] = {}
        self._config: dict[str, object] = {}

    def rows(self, columns: dict[str, Any], n: int, parts: Parts | None) -> Chunk:
        """Takes the points of a batch of `n` rows, those of `parts`; their rows come at the end."""
        for prefix, its in [("", np.arange(n))] if parts is None else parts:
            mine = np.zeros(n, np.bool_)
            mine[its] = True
            self._take(columns, n, mine, prefix)
        return Chunk(np.empty(0, np.int64), {}, None, self._notes.take())

    def _take(self, columns: dict[str, Any], n: int, kept: Bools, prefix: str) -> None:
        names = texts(columns[self._plan.name or ""])
        value = self._values(columns, n)
        step = numbers(columns[self._plan.step]) if self._plan.step in columns else None
        if self._plan.setting is not None and step is not None:
            self._settings(names, value, columns[self._plan.setting], kept & ~step.is_valid)
            kept = kept & step.is_valid
        nameless = kept & value.is_valid & (names.codes < 0)
        if nameless.any():
            message = "a row names no series and was left out"
            self._notes.add("bad_line", message, count=int(nameless.sum()))
        rows = np.flatnonzero(kept & value.is_valid & (names.codes >= 0))
        steps = self._steps.of(None if step is None else step.take(rows), len(rows))
        walls = moments(columns[self._plan.wall]) if self._plan.wall in columns else np.full(n, np.nan)
        words = [prefix + word for word in names.words] if prefix else names.words
        self._sort_in(names.codes[rows], words, Points(steps, value.values[rows], walls[rows]))

    def _values(self, columns: dict[str, Any], n: int) -> Numbers:
        """The value of each row: that of the first column of values which has one."""
        values, is_valid = np.full(n, np.nan), np.zeros(n, np.bool_)
        for name in self._plan.series:
            its = numbers(columns[name])
            fresh = its.is_valid & ~is_valid
            values[fresh] = its.values[fresh]
            is_valid |= fresh
        return Numbers(values, is_valid)

    def _sort_in(self, codes: Ints, words: list[str], its: Points) -> None:
        """Adds points to their series."""
        order = np.argsort(codes, kind="stable")
        found, starts = np.unique(codes[order], return_index=True)
        for code, rows in zip(found.tolist(), np.split(order, starts[1:]), strict=False):
            name = words[code]
            if name not in self._parts and len(self._parts) >= MAX_SERIES:
                message = f"more than {MAX_SERIES} series: further names are left out"
                self._notes.add("too_many_series", message, count=len(rows))
                continue
            part = Points(its.steps[rows], its.values[rows], its.walls[rows])
            self._parts.setdefault(name, []).append(part)

    def _settings(self, names: Texts, value: Numbers, column: Any, which: Bools) -> None:
        """Rows without a step are settings: numbers, or texts."""
        rows = np.flatnonzero(which & (names.codes >= 0))[:MAX_SETTINGS]
        if not len(rows):
            return
        words = texts(column)
        for row in rows.tolist():
            text = words.words[words.codes[row]] if words.codes[row] >= 0 else None
            setting = float(value.values[row]) if value.is_valid[row] else text
            if setting is not None and len(self._config) < MAX_SETTINGS:
                as_number = number(setting) if isinstance(setting, str) else setting
                self._config[names.words[names.codes[row]]] = setting if as_number is None else as_number

    def finish(self) -> Chunk:
        """All rows, one a step; where a series goes back, what follows comes after."""
        series = {name: _whole(self._parts.pop(name)) for name in list(self._parts)}
        rows = _rising(series) or merged_by_step(series)
        return Chunk(rows.steps, rows.columns, rows.wall_times, self._notes.take(), self._config)


def _whole(parts: list[Points]) -> Points:
    if len(parts) == 1:
        return parts[0]
    return Points(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _rising(series: dict[str, Points]) -> Chunk | None:
    """What `merged_by_step` gives where the steps of every series rise, in a fraction of its time; else None."""
    if not series or any((np.diff(its.steps) <= 0).any() for its in series.values()):
        return None
    steps = _union([its.steps for its in series.values()])
    rows = {name: np.searchsorted(steps, its.steps) for name, its in series.items()}
    walls: Floats = np.full(len(steps), np.nan)
    for name, its in series.items():
        walls[rows[name]] = np.fmin(walls[rows[name]], its.walls)
    columns = {name: Column(rows[name], its.values) for name, its in series.items()}
    return Chunk(steps, columns, None if np.isnan(walls).all() else walls)


def _union(parts: list[Ints]) -> Ints:
    """The different steps, rising; equal arrays, the usual case, are looked at once."""
    different = parts[:1]
    for part in parts[1:]:
        if not any(np.array_equal(part, known) for known in different[:4]):
            different.append(part)
    return different[0] if len(different) == 1 else np.unique(np.concatenate(different))
