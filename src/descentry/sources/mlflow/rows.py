"""Rows of MLflow's table `metrics` to points, as columns where every value is what it should be."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from descentry.sources.json.leaves import as_number
from descentry.sources.json.values import clean_name
from descentry.sources.merge import Points
from descentry.sources.mlflow.points import joined_points, tell_flagged
from descentry.sources.notes import Notes, quoted
from descentry.sources.numbers import MAX_STEP, seconds_of, whole_step
from descentry.sources.rows import MAX_SERIES

POINT = np.dtype([("step", "i8"), ("time", "i8"), ("value", "f8")])
"""A row of one series, NaN where the value is NULL."""
NAMED_POINT = np.dtype([*((name, POINT[name]) for name in POINT.names or ()), ("name", "O")])
"""A row of any series."""

NUMBERED_POINT = np.dtype([*((name, NAMED_POINT[name]) for name in NAMED_POINT.names or ()), ("row", "i8")])
"""A row of any series, with its number in the table."""

Table = NDArray[np.void]
Row = Sequence[object]


class Gathered:
    """Points of many series, page by page."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._pieces: dict[str, list[Points]] = {}
        self._n_refused = 0

    def add(self, name: object, table: Table) -> None:
        """Rows of one series as POINT."""
        if ((table["step"] > MAX_STEP) | (table["step"] < -MAX_STEP)).any():
            self.add_odd((*row, name) for row in table.tolist())
            return
        tell_flagged(self._notes, int(np.isnan(table["value"]).sum()))
        walls = seconds_of(table["time"].astype(np.float64))
        self._put(name, Points(table["step"].copy(), table["value"].copy(), walls))

    def add_mixed(self, table: Table) -> None:
        """Rows of several series in any order, as NAMED_POINT."""
        indices: dict[object, int] = {}
        series = np.array(
            [indices.setdefault(name, len(indices)) for name in table["name"].tolist()], np.int64
        )
        order = np.argsort(series, kind="stable")
        bounds = np.searchsorted(series[order], np.arange(len(indices) + 1)).tolist()
        for name, start, stop in zip(indices, bounds, bounds[1:], strict=False):
            self.add(name, table[order[start:stop]])

    def add_odd(self, rows: Iterable[Row]) -> None:
        """Rows of step, time, value, name and whatever follows, in which any value may stand in any place.

        Those whose step or value is no number are left out and told.
        """
        found: dict[object, list[tuple[int, float, float]]] = {}
        for row in rows:
            point = self._point(row)
            if point is not None:
                found.setdefault(row[3], []).append(point)
        for name, its in found.items():
            steps, values, times = zip(*its, strict=True)
            walls = seconds_of(np.array(times, np.float64))
            self._put(name, Points(np.array(steps, np.int64), np.array(values, np.float64), walls))

    def _point(self, row: Row) -> tuple[int, float, float] | None:
        step, when = whole_step(_plain(row[0])), as_number(_plain(row[1]))
        value = math.nan if row[2] is None else as_number(_plain(row[2]))
        tell_flagged(self._notes, int(row[2] is None))
        if step is not None and value is not None:
            return step, value, math.nan if when is None else when
        what, odd = ("step", row[0]) if step is None else ("value", row[2])
        message = f"a {what} is {quoted(str(_plain(odd)))}, expected a number; the point was left out"
        self._notes.add("bad_value", message)
        return None

    def _put(self, name: object, its: Points) -> None:
        text = clean_name(str(_plain(name)))
        if text not in self._pieces and len(self._pieces) >= MAX_SERIES:
            self._n_refused += len(its.steps)
        else:
            self._pieces.setdefault(text, []).append(its)

    def series(self) -> dict[str, Points]:
        """What was gathered, by name."""
        if self._n_refused:
            message = f"more than {MAX_SERIES} series: further names are left out"
            self._notes.add("too_many_series", message, count=self._n_refused)
        return {name: joined_points(pieces) for name, pieces in self._pieces.items()}


def _plain(raw: object) -> object:
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
