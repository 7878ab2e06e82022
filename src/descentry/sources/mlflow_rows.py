"""Rows of MLflow's table `metrics` to points, as columns where every value is what it should be."""

import math
from collections.abc import Iterable, Sequence
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from descentry.record.chunk import Floats
from descentry.sources.json_rows import as_number
from descentry.sources.json_values import clean_name
from descentry.sources.merge import Points
from descentry.sources.mlflow_points import joined_points, tell_flagged
from descentry.sources.notes import Notes, quoted
from descentry.sources.numbers import MAX_STEP, seconds_of, whole_step
from descentry.sources.rows import MAX_SERIES

Cells = Sequence[object]


class Gathered:
    """Points of many series, page by page."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._pieces: dict[object, list[Points]] = {}
        self._n_refused = 0

    def add(self, name: object, steps: Cells, timestamps: Cells, values: Cells) -> None:
        """Rows of one series.  A value that is None was flagged as NaN."""
        pieces = self._pieces.get(name)
        if pieces is None:
            if len(self._pieces) >= MAX_SERIES:
                self._n_refused += len(steps)
                return
            pieces = self._pieces[name] = []
        pieces.append(points_of(steps, timestamps, values, self._notes))

    def add_mixed(self, names: Cells, steps: Cells, timestamps: Cells, values: Cells) -> None:
        """Rows of several series in any order."""
        indices: dict[object, int] = {}
        series = np.array([indices.setdefault(name, len(indices)) for name in names], np.int64)
        order = np.argsort(series, kind="stable")
        bounds = np.searchsorted(series[order], np.arange(len(indices) + 1)).tolist()
        for name, start, stop in zip(indices, bounds, bounds[1:], strict=False):
            at = order[start:stop].tolist()
            self.add(name, *([column[i] for i in at] for column in (steps, timestamps, values)))

    def series(self) -> dict[str, Points]:
        """What was gathered, by name."""
        if self._n_refused:
            message = f"more than {MAX_SERIES} series: further names are left out"
            self._notes.add("too_many_series", message, count=self._n_refused)
        by_name: dict[str, list[Points]] = {}
        for name, pieces in self._pieces.items():
            by_name.setdefault(_shown(name), []).extend(pieces)
        return {name: joined_points(pieces) for name, pieces in by_name.items()}


def _shown(name: object) -> str:
    return clean_name(name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name))


def points_of(steps: Cells, timestamps: Cells, values: Cells, notes: Notes) -> Points:
    """Points of one series.  Rows whose step or value is no number are left out and told."""
    at, when = _column(steps, np.int64), _column(timestamps, np.int64)
    if at is None or when is None or (np.abs(at) > MAX_STEP).any():
        return _one_by_one(steps, timestamps, values, notes)
    numbers = _column(values, np.float64)
    if numbers is None:
        numbers = _with_flags(values, notes)
    if numbers is None:
        return _one_by_one(steps, timestamps, values, notes)
    return Points(at.astype(np.int64), numbers.astype(np.float64), seconds_of(when.astype(np.float64)))


def _column(cells: Cells, dtype: type) -> NDArray[np.generic] | None:
    """The cells as an array, or None where they are not all of that type."""
    try:
        found = np.array(cells)
    except (ValueError, OverflowError):
        return None
    return found if found.dtype == dtype and found.ndim == 1 else None


def _with_flags(values: Cells, notes: Notes) -> Floats | None:
    """Numbers, NaN for None; None when there is anything else."""
    if not set(map(type, values)) <= {float, type(None)}:
        return None
    tell_flagged(notes, sum(map(_is_none, values)))
    return np.array([math.nan if value is None else value for value in values], np.float64)


def _is_none(value: object) -> bool:
    return value is None


def _one_by_one(steps: Cells, timestamps: Cells, values: Cells, notes: Notes) -> Points:
    found = []
    for raw_step, raw_time, raw in zip(steps, timestamps, values, strict=True):
        step, when = whole_step(_plain(raw_step)), as_number(_plain(raw_time))
        value = math.nan if raw is None else as_number(_plain(raw))
        if raw is None:
            tell_flagged(notes, 1)
        if step is None or value is None:
            odd = quoted(str(_plain(raw_step if step is None else raw)))
            what = "step" if step is None else "value"
            notes.add("bad_value", f"a {what} is {odd}, expected a number; the point was left out")
        else:
            found.append((step, value, math.nan if when is None else when))
    columns = zip(*found, strict=True) if found else repeat((), 3)
    at, numbers, whens = columns
    return Points(
        np.array(at, np.int64), np.array(numbers, np.float64), seconds_of(np.array(whens, np.float64))
    )


def _plain(raw: object) -> object:
    return raw.decode("utf-8", "replace")[:400] if isinstance(raw, bytes) else raw


def columns(rows: Iterable[Sequence[object]]) -> list[tuple[object, ...]]:
    """Rows, at least one, as columns."""
    return list(zip(*rows, strict=True))
