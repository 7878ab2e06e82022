"""Points of event files to rows: what stands together and has one step is one row.

A row ends where the step changes or a tag comes again.  The newest row stays open, since more of its step may
follow.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from descentry.formats.tfevents_points import Points, joined, no_points
from descentry.record.chunk import Chunk, Column, Ints, empty


class OpenRows:
    """Collects points; `names` are the series by number and may grow."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._open = no_points()

    def closed(self, points: Points, *, all_of_it: bool) -> Chunk:
        """The rows that are complete with these points; `all_of_it` closes the newest, too."""
        if len(points.at):
            points = joined([self._open, points])
        elif all_of_it:
            points = self._open
        else:
            return empty()
        order = np.argsort(points.tags, kind="stable")
        is_new = _begins(points, order)
        last = len(is_new) if all_of_it else int(np.flatnonzero(is_new)[-1])
        self._open = points.picked(np.arange(last, len(is_new)))
        return self._chunk(points.piece(0, last), is_new[:last], order[order < last])

    def _chunk(self, points: Points, is_new: NDArray[np.bool_], order: Ints) -> Chunk:
        """Whole rows as a chunk; `order` puts equal tags together.  Series stand as they first came."""
        if not len(order):
            return empty()
        rows = (np.cumsum(is_new, dtype=np.int64) - 1)[order]
        values, tags = points.values[order], points.tags[order]
        bounds = np.concatenate(([0], np.flatnonzero(tags[1:] != tags[:-1]) + 1, [len(tags)])).tolist()
        pieces = sorted(pairwise(bounds), key=lambda piece: int(order[piece[0]]))
        columns = {self._names[tags[a]]: Column(rows[a:b], values[a:b]) for a, b in pieces}
        walls = points.walls[is_new]
        return Chunk(points.steps[is_new], columns, None if np.isnan(walls).all() else walls)


def _begins(points: Points, order: Ints) -> NDArray[np.bool_]:
    """Where a row begins: bool[n].  `order` puts equal tags together, else in their order."""
    is_new = np.ones(len(points.steps), bool)
    is_new[1:] = points.steps[1:] != points.steps[:-1]
    rows, tags = np.cumsum(is_new)[order], points.tags[order]
    again = (rows[1:] == rows[:-1]) & (tags[1:] == tags[:-1])
    if again.any():
        bounds = np.append(np.flatnonzero(is_new), len(is_new))
        for row in np.unique(rows[1:][again]).tolist():
            start, stop = bounds[row - 1 : row + 1].tolist()
            is_new[start + _repeats(points.tags[start:stop].tolist())] = True
    return is_new


def _repeats(tags: list[int]) -> Ints:
    """Where a tag comes again since the last such place."""
    seen: set[int] = set()
    places = []
    for place, tag in enumerate(tags):
        if tag in seen:
            places.append(place)
            seen = set()
        seen.add(tag)
    return np.array(places, np.int64)
