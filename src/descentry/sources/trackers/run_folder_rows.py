"""Rows of a run folder to points: as columns where all rows of a stretch are plain, else one by one."""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from descentry.formats.run_folder import MAX_STEP, SPELLINGS
from descentry.record.chunk import Chunk, Column, Floats
from descentry.sources.json.values import clean_name
from descentry.sources.notes import Notes, quoted
from descentry.sources.rows import MAX_SERIES, Rows, in_order

MAX_SHAPES = 64
_NUMBERS = frozenset({int, float})
_VALUES = frozenset({int, float, str})
_OWN = frozenset({"step", "wall_time"})


class FolderRows:
    """Collects rows; `chunk` hands out those that came one by one.

    `resumed_at`: the line of a resume, until the first row after it tells its step.
    """

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._rows = Rows()
        self._names: set[str] = set()
        self._step = 0
        self._highest: int | None = None
        self.resumed_at: int | None = None

    def chunk(self) -> Chunk:
        """The rows that were added one by one since the last call."""
        return self._rows.chunk()

    def table(self, rows: Sequence[dict[str, Any]]) -> Chunk | None:
        """The rows as columns; None, and nothing known, where one is odd."""
        groups: dict[tuple[str, ...], list[int]] = {}
        for i, row in enumerate(rows):
            groups.setdefault(tuple(row), []).append(i)
        if len(groups) > MAX_SHAPES:
            return None
        steps = list(map(itemgetter("step"), rows))
        if set(map(type, steps)) != {int} or not -MAX_STEP < min(steps) <= max(steps) < MAX_STEP:
            return None
        if not self._has_room(name for names in groups for name in names if name not in _OWN):
            return None
        walls = np.full(len(rows), np.nan)
        parts: dict[str, list[Column]] = {}
        for names, indices in groups.items():
            its = rows if len(groups) == 1 else [rows[i] for i in indices]
            where = np.array(indices, np.int64)
            for name in names:
                values = None if name == "step" else _floats(list(map(itemgetter(name), its)))
                if name == "wall_time" and values is not None:
                    walls[where] = values
                elif values is not None:
                    parts.setdefault(name, []).append(Column(where, values))
                elif name != "step":
                    return None
        self._saw(steps[0], steps[-1], max(steps))
        columns = {name: in_order(pieces) for name, pieces in parts.items()}
        return Chunk(np.array(steps, np.int64), columns, walls)

    def _has_room(self, names: Any) -> bool:
        """Takes the names in, if the log is not too wide with them, and they can be shown."""
        fresh = set(names) - self._names
        if len(self._names) + len(fresh) > MAX_SERIES or any(name != clean_name(name) for name in fresh):
            return False
        self._names |= fresh
        return True

    def add(self, row: Mapping[str, Any], line: int) -> None:
        """One row, whatever stands in it."""
        step = self._step_of(row["step"], line)
        wall = row.get("wall_time")
        seconds = float(wall) if wall is not None and type(wall) in _NUMBERS else None
        points = []
        for name, raw in row.items():
            if name in _OWN:
                continue
            if name == "odd" and isinstance(raw, dict):
                self._tell_odd(raw, line, step)
                continue
            value = _float(raw)
            if value is None:
                self._odd(name, raw, line, step)
            elif self._takes(clean_name(name), line):
                points.append((clean_name(name), value))
        self._saw(step, step, step)
        if points:
            self._rows.add(step, points, seconds)

    def _takes(self, name: str, line: int) -> bool:
        if name not in self._names:
            if len(self._names) >= MAX_SERIES:
                message = f"more than {MAX_SERIES} series: further names are left out"
                self._notes.add("too_many_series", message, line)
                return False
            self._names.add(name)
        return True

    def _step_of(self, raw: object, line: int) -> int:
        if type(raw) is int and -MAX_STEP < raw < MAX_STEP:
            return raw
        message = "a row has no step and is kept under the one before it"
        self._notes.add("missing_step", message, line, self._step)
        return self._step

    def _tell_odd(self, odd: Mapping[str, Any], line: int, step: int) -> None:
        for name, raw in odd.items():
            if name == "step":
                message = f"the step was given as {quoted(str(raw))}, expected a whole number"
                self._notes.add("bad_step", message, line, step)
            else:
                self._odd(name, raw, line, step)

    def _odd(self, name: str, raw: object, line: int, step: int) -> None:
        shown = quoted(str(raw)[:80]) if isinstance(raw, str | int | float) else type(raw).__name__
        message = f"{quoted(clean_name(name))} is {shown}, expected a number; left out"
        self._notes.add("bad_value", message, line, step)

    def _saw(self, first: int, last: int, highest: int) -> None:
        """Remembers the steps of new rows; tells the resume before them, and what it logs again."""
        if self.resumed_at is not None:
            again = self._highest is not None and first <= self._highest
            more = f"; steps {first} to {self._highest} stand twice" if again else ""
            message = f"the log was resumed at step {first}{more}"
            self._notes.add("resume", message, self.resumed_at, first, warning=False)
            self.resumed_at = None
        self._step = last
        self._highest = highest if self._highest is None else max(highest, self._highest)


def _floats(raw: list[Any]) -> Floats | None:
    """The values of a column, None where one is no number."""
    kinds = set(map(type, raw))
    if kinds <= _NUMBERS:
        return np.array(raw, np.float64)
    if not kinds <= _VALUES:
        return None
    values = [SPELLINGS.get(x) if isinstance(x, str) else x for x in raw]
    return None if None in values else np.array(values, np.float64)


def _float(raw: object) -> float | None:
    """The number that a value stands for; truth values are 0 and 1."""
    if isinstance(raw, int | float):
        return float(raw)
    return SPELLINGS.get(raw) if isinstance(raw, str) else None
