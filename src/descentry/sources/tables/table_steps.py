"""The steps of a table's rows, batch after batch: exact where whole, told where they are not."""

import numpy as np

from descentry.record.chunk import Ints
from descentry.sources.notes import Notes
from descentry.sources.numbers import MAX_STEP
from descentry.sources.tables.arrow_columns import Bools, Numbers

FEW = 10
"""One fractional step in so many is a slip; where more of the first batch are, the rows are counted."""


class TableSteps:
    """Turns the step column of each batch into int64 steps.

    `name`: that column, None where there is none; `count`: the first and the distance of counted steps.
    """

    def __init__(self, name: str | None, notes: Notes, count: tuple[int, int] = (0, 1)) -> None:
        self._name = name
        self._count = count
        self._notes = notes
        self._last: int | None = None
        self._n_rows = 0
        self._is_counted: bool | None = True if name is None else None
        if name is None and count == (0, 1):
            notes.add("missing_step", "no step is logged: the position counts, from 0", warning=False)

    def of(self, column: Numbers | None, n: int) -> Ints:
        """int64[n], the steps of the next `n` rows.  A row without one takes that of the row before it."""
        if self._is_counted is None and column is not None and n:
            self._is_counted = self._must_count(column)
        if column is None or self._is_counted:
            start, distance = self._count
            steps = start + distance * np.arange(self._n_rows, self._n_rows + n)
        else:
            steps = self._whole(column)
        self._n_rows += n
        return steps

    def _must_count(self, column: Numbers) -> bool:
        fractional = _is_fractional(column)
        if not fractional.any() or fractional.sum() * FEW < len(fractional):
            return False
        message = f"`{self._name}` holds fractions: the number of the row stands for the step"
        self._notes.add("missing_step", message)
        return True

    def _whole(self, column: Numbers) -> Ints:
        n_fractions = int(_is_fractional(column).sum())
        if n_fractions:
            message = f"`{self._name}` is no whole number here and there; its fractions are cut off"
            self._notes.add("bad_step", message, count=n_fractions)
        values = column.values
        is_good = column.is_valid & (np.abs(values) <= MAX_STEP)
        whole = column.whole
        steps = np.where(is_good, values, 0).astype(np.int64) if whole is None else whole.copy()
        n_bad = int((column.is_valid & ~is_good).sum())
        if n_bad:
            message = f"`{self._name}` is no number below 2^62; the row takes the step before it"
            self._notes.add("bad_step", message, count=n_bad)
        n_null = int((~column.is_valid).sum())
        if n_null:
            message = "rows without a step take the step of the row before them"
            self._notes.add("missing_step", message, count=n_null)
        return self._filled(steps, is_good)

    def _filled(self, steps: Ints, is_good: Bools) -> Ints:
        """The steps, each that is none replaced by the last good one before it."""
        last = np.maximum.accumulate(np.where(is_good, np.arange(len(steps)), -1))
        before = 0 if self._last is None else self._last
        steps = np.where(last >= 0, steps[last], before)
        if len(steps):
            self._last = int(steps[-1])
        return steps


def _is_fractional(column: Numbers) -> Bools:
    if column.whole is not None:
        return np.zeros(len(column.values), np.bool_)
    fractional: Bools = np.isfinite(column.values) & (column.values != np.trunc(column.values))
    return fractional
