"""The step of each row of a CSV log: the cell of its column, else the number of the row."""

from collections.abc import Sequence

from descentry.record.chunk import Ints
from descentry.sources.notes import Notes, quoted
from descentry.sources.numbers import is_fraction, is_unlogged, whole_step
from descentry.sources.quantities import whole_count
from descentry.sources.tables.csv_layout import Layout

FEW = 10
"""One fractional step in so many is a slip of the log; with more, the column is no step."""


class RowSteps:
    """Knows how many rows there were and the last step.  `is_numbered`: no column is the step."""

    def __init__(self, notes: Notes, *, is_numbered: bool) -> None:
        self._notes = notes
        self._is_numbered = is_numbered
        self._has_told = False
        self._offset = 0
        self._n_fractions = 0
        self._bad = ""
        self._count = ""
        self._fraction = ""
        self._is_epoch = False
        self._last: int | None = None
        self.n_rows = 0

    @property
    def is_fractional(self) -> bool:
        """Whether the column that was taken for the step holds fractions: the rows had better be counted."""
        return self._n_fractions > 0 and (self._is_epoch or self._n_fractions * FEW >= self.n_rows)

    @property
    def next_number(self) -> int:
        """The step of the next row, where rows are counted."""
        return self.n_rows + self._offset

    def take_up(self, layout: Layout) -> None:
        """Looks at a new layout; takes its step away where rows are counted."""
        if layout.step is None:
            message = "no step is logged: the number of the row stands for it"
            self._notes.add("missing_step", message, 1)
            return
        name = layout.columns[layout.step].name
        self._is_epoch = name.lower() == "epoch"
        if self._is_numbered and layout.long is None:
            self._tell_fractions(name, 1)
            layout.step = None

    def saw_rows(self, steps: Ints) -> None:
        """Notes rows that were read as a block."""
        self.n_rows += len(steps)
        self._last = int(steps[-1]) if len(steps) else self._last

    def look(self, layout: Layout, row: Sequence[str], at: int) -> None:
        """Takes the step of the layout away from the first row on whose epoch is a fraction."""
        if not self._is_epoch or layout.step is None or layout.long is not None:
            return
        if layout.step < len(row) and is_fraction(row[layout.step]):
            self._n_fractions += 1
            self._is_numbered = True
            self._offset = 0 if self._last is None else max(0, self._last + 1 - self.n_rows)
            self._tell_fractions(layout.columns[layout.step].name, at)
            layout.step = None

    def of(self, layout: Layout, row: Sequence[str], at: int) -> int:
        """The step of a row; the one before where it has none."""
        if layout.step is None:
            return self.next_number
        cell = row[layout.step] if layout.step < len(row) else ""
        name = layout.columns[layout.step].name
        step = whole_step(cell)
        if step is None:
            self._tell_bad(name, cell, at)
            step = self.n_rows if self._last is None else self._last
        elif is_fraction(cell):
            self._n_fractions += 1
            self._fraction = self._fraction or f"is {quoted(cell)}, expected a whole number; taken for {step}"
            self._notes.add("bad_step", f"`{name}` {self._fraction}", at)
        elif cell[-1].isalpha() and whole_count(cell) is not None:
            self._count = self._count or f"{cell} is read as {step}"
            self._notes.add("derived", f"`{name}` counts in thousands or millions: {self._count}", at)
        self._last = step
        return step

    def _tell_bad(self, name: str, cell: str, at: int) -> None:
        if is_unlogged(cell):
            message = "rows without a step take the step of the row before them"
            self._notes.add("missing_step", message, at)
            return
        self._bad = self._bad or quoted(cell)
        message = (
            f"`{name}` is {self._bad}, expected a whole number below 2^62; the row takes the step before it"
        )
        self._notes.add("bad_step", message, at)

    def _tell_fractions(self, name: str, at: int) -> None:
        if not self._has_told:
            message = f"`{name}` holds fractions: the number of the row stands for the step"
            self._notes.add("missing_step", message, at)
            self._has_told = True
