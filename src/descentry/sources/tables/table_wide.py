"""Wide tables: a column is a series, a row is a row."""

from typing import Any

import numpy as np

from descentry.record.chunk import Chunk, Column, Floats
from descentry.sources.json.values import clean_name
from descentry.sources.notes import Notes
from descentry.sources.tables.arrow_columns import moments, numbers
from descentry.sources.tables.label_parts import Parts, sorted_columns
from descentry.sources.tables.table_plan import Plan
from descentry.sources.tables.table_steps import TableSteps


class WideTable:
    """Batches of one run to chunks."""

    def __init__(self, plan: Plan, notes: Notes) -> None:
        self._plan = plan
        self._notes = notes
        self._steps = TableSteps(plan.step, notes, plan.count)
        self._names = {name: clean_name(name) for name in plan.series}
        self._has_times: bool | None = None

    def rows(self, columns: dict[str, Any], n: int, parts: Parts | None) -> Chunk:
        """The rows of a batch of `n` as a chunk; where they have labels, those of `parts`."""
        plan = self._plan
        walls = self._walls(columns)
        series = self._series(columns, walls)
        kept = np.arange(n)
        if parts is not None:
            series, kept = sorted_columns(series, n, parts)
        step = columns.get(plan.step or "")
        its_steps = None if step is None else numbers(step).take(kept)
        steps = self._steps.of(its_steps, len(kept))
        return Chunk(steps, series, None if walls is None else walls[kept], self._notes.take())

    def _series(self, columns: dict[str, Any], walls: Floats | None) -> dict[str, Column]:
        series = {}
        for name in self._plan.series:
            if name in columns and not (name == self._plan.wall and walls is not None):
                values, is_valid, _ = numbers(columns[name])
                rows = np.flatnonzero(is_valid)
                if len(rows):
                    series[self._names[name]] = Column(rows, values[rows])
        return series

    def finish(self) -> Chunk:
        """What only the whole table tells: nothing."""
        return Chunk(np.empty(0, np.int64), {}, None, self._notes.take())

    def _walls(self, columns: dict[str, Any]) -> Floats | None:
        """The wall times; None where the column is none, or its first value no moment but a duration."""
        wall = columns.get(self._plan.wall or "")
        if wall is None or self._has_times is False:
            return None
        walls = moments(wall)
        if self._has_times is None:
            is_known = ~np.isnan(walls)
            if not is_known.any() and wall.null_count == len(wall):
                return None
            self._has_times = bool(is_known.any())
        return walls if self._has_times else None
