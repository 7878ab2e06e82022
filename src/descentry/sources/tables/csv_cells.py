"""One cell of a CSV log: a number, no value, or a text that is told."""

import math

from descentry.sources.notes import Notes, quoted
from descentry.sources.numbers import is_unlogged, number
from descentry.sources.quantities import quantity
from descentry.sources.tables.csv_layout import ColumnState

FLAGS = frozenset({"true", "false"})


def value_of(state: ColumnState, cell: str, at: int, notes: Notes) -> float | None:
    """The value of a cell that is not empty; NaN for a text among numbers, None where nothing was logged."""
    value = number(cell)
    if value is not None:
        saw_number(state, notes)
        return value
    if is_unlogged(cell):
        _saw_blank(state, at, notes)
        return None
    measured = quantity(cell)
    if measured is not None:
        if not state.unit:
            state.unit = f"`{state.name}` is in {measured[1]}: {cell[:40]} is read as {measured[0]:g}"
        notes.add("derived", state.unit, at, warning=False)
        saw_number(state, notes)
        return measured[0]
    if state.is_numeric:
        state.bad = state.bad or quoted(cell)
        notes.add("bad_value", f"`{state.name}` is {state.bad}, expected a number; kept as NaN", at)
        return math.nan
    if cell.lower() in FLAGS:
        state.flag_at = state.flag_at or at
    state.n_texts += 1
    state.text_at = state.text_at or at
    return None


def saw_number(state: ColumnState, notes: Notes) -> None:
    """Notes that a column holds numbers; tells what stood in it before the first one."""
    if state.is_numeric:
        return
    state.is_numeric = True
    if state.n_texts:
        message = f"`{state.name}` held text before its first number; left out"
        notes.add("bad_value", message, state.text_at, count=state.n_texts)
    if state.n_blanks:
        _tell_blank(state, state.blank_at, notes, state.n_blanks)


def _saw_blank(state: ColumnState, at: int, notes: Notes) -> None:
    if state.is_numeric:
        _tell_blank(state, at, notes, 1)
        return
    state.n_blanks += 1
    state.blank_at = state.blank_at or at


def _tell_blank(state: ColumnState, at: int | None, notes: Notes, count: int) -> None:
    message = f"`{state.name}` has cells of text that stand for no value: taken as not logged"
    notes.add("bad_value", message, at, warning=False, count=count)
