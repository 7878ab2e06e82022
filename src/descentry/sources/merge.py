"""Whole columns to rows: series that were stored each on its own are merged by step."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from descentry.record.chunk import Chunk, Column, Floats, Ints


class Points(NamedTuple):
    """One series as stored: int64[n] steps, float64[n] values, float64[n] wall times (NaN where unknown)."""

    steps: Ints
    values: Floats
    walls: Floats


def points(steps: Ints, values: Floats, walls: Floats | None = None) -> Points:
    """Points with or without wall times."""
    return Points(steps, values, np.full(len(steps), np.nan) if walls is None else walls)


def merged_by_step(series: Mapping[str, Points]) -> Chunk:
    """One row a step, steps rising; where a series goes back (a resumed run) everything after it comes
    after, and a step that a series has twice gives two rows.  Nothing is dropped."""
    series = {name: its for name, its in series.items() if len(its.steps)}
    if not series:
        return Chunk(np.empty(0, np.int64), {})
    steps, inverse = _rows(series)
    walls = np.full(len(steps), np.inf)
    np.fmin.at(walls, inverse, np.concatenate([its.walls for its in series.values()]))
    walls[np.isinf(walls)] = np.nan
    ends = np.cumsum([len(its.steps) for its in series.values()])[:-1]
    columns = {
        name: _column(part, its.values)
        for (name, its), part in zip(series.items(), np.split(inverse, ends), strict=True)
    }
    return Chunk(steps, columns, None if np.isnan(walls).all() else walls)


def _rows(series: Mapping[str, Points]) -> tuple[Ints, Ints]:
    """The step of each row, and the row of each point of all series one after the other."""
    every = np.concatenate([its.steps for its in series.values()])
    if all((np.diff(its.steps) > 0).all() for its in series.values()):
        steps = _union(list(series.values()))
        return steps, np.searchsorted(steps, every).astype(np.int64)
    starts = _restarts(series)
    segments = np.concatenate([_segments(its, starts) for its in series.values()])
    repeats = np.concatenate([_repeats(its.steps) for its in series.values()])
    order = np.lexsort((repeats, every, segments))
    keys = np.stack((segments, every, repeats))[:, order]
    is_new = np.concatenate(([True], (np.diff(keys) != 0).any(axis=0)))
    inverse = np.empty(len(every), np.int64)
    inverse[order] = np.cumsum(is_new) - 1
    return keys[1][is_new], inverse


def _union(series: Sequence[Points]) -> Ints:
    """All steps, rising.  Series that were logged together have the same."""
    first = series[0].steps
    others = [its.steps for its in series[1:] if not np.array_equal(its.steps, first)]
    return np.unique(np.concatenate([first, *others])) if others else first.copy()


def _column(rows: Ints, values: Floats) -> Column:
    if (np.diff(rows) > 0).all():
        return Column(rows, values)
    order = np.argsort(rows, kind="stable")
    return Column(rows[order], values[order])


def _restarts(series: Mapping[str, Points]) -> Floats:
    """The wall times at which the series that goes back most often does so."""
    backs = {name: np.flatnonzero(np.diff(its.steps) < 0) + 1 for name, its in series.items()}
    name = max(backs, key=lambda name: len(backs[name]))
    return series[name].walls[backs[name]]


def _segments(its: Points, starts: Floats) -> Ints:
    """Which attempt each point belongs to: by the clock where it agrees with the steps, else by these."""
    own = np.concatenate(([0], np.cumsum(np.diff(its.steps) < 0))).astype(np.int64)
    if not len(starts) or np.isnan(starts).any() or np.isnan(its.walls).any() or (np.diff(starts) < 0).any():
        return own
    by_clock = np.searchsorted(starts, its.walls, side="right").astype(np.int64)
    goes_back = (np.diff(its.steps) < 0) & (np.diff(by_clock) == 0)
    return own if goes_back.any() or (np.diff(by_clock) < 0).any() else by_clock


def _repeats(steps: Ints) -> Ints:
    """How often each step stood right before already: 0, 1, … within a run of equal steps."""
    is_new = np.concatenate(([True], np.diff(steps) != 0))
    position = np.arange(len(steps))
    return (position - np.maximum.accumulate(np.where(is_new, position, 0))).astype(np.int64)
