"""The step of each row of JSON: the best field that has one, else counted."""

from collections.abc import Mapping
from typing import Any

from descentry.sources.naming import best_step, step_rank
from descentry.sources.notes import Notes, quoted
from descentry.sources.numbers import is_fraction, whole_step
from descentry.sources.quantities import whole_count
from descentry.sources.words import words

EVAL_WORDS = frozenset({"val", "test"})
NO_STEP = "no step is logged: the number of the row stands for it"
STEP_BEFORE = "rows without a step take the step of the row before them"
FEW = 10
"""One fractional step in so many is a slip of the log; with more, the field is no step."""


class Steps:
    """Finds the step of one row after the other.

    `only`: the one field that is the step; None looks for the best.  `is_numbered`: no field is.
    """

    def __init__(self, notes: Notes, only: str | None, *, is_numbered: bool) -> None:
        self.notes = notes
        self.only = only
        self.offset = 0
        self._n_fractions = 0
        self.has_told = False
        self._bad_step = ""
        self._count = ""
        self._fraction = ""
        self.is_numbered = is_numbered
        self.name = only
        self.last: int | None = None
        self.n_rows = 0

    @property
    def is_fractional(self) -> bool:
        """Whether the field that was taken for the step holds fractions: the rows had better be counted."""
        is_epoch = self.name is not None and self.name.lower() == "epoch"
        return self._n_fractions > 0 and (is_epoch or self._n_fractions * FEW >= self.n_rows)

    def choose(self, names: Mapping[str, Any]) -> str | None:
        """The step's name in a row: the best it has, if no better one was seen before."""
        if self.is_numbered:
            return None
        if self.only is not None:
            return self.only if self.only in names else None
        name = best_step(names)
        if name is None or self.name is None:
            return name
        worse = (step_rank(name) or 0) > (step_rank(self.name) or 0)
        return None if worse else name

    def saw_table(self, name: str, last: int, n_rows: int) -> None:
        """Notes that `n_rows` rows with whole steps were read elsewhere."""
        self.name, self.last = name, last
        self.n_rows += n_rows

    def of(self, fields: Mapping[str, Any], line: int | None) -> tuple[int, str | None]:
        """The step of a row and the field that it came from.

        A row without one takes the step of the row before it; while no row had one, its own number.
        """
        name = self.choose(fields)
        if self.is_numbered and not self.has_told:
            self._tell_fractions(best_step(fields) or "step", line)
        if name is None:
            return self._stepless(fields, line), None
        raw = fields[name]
        step = whole_step(raw)
        if step is None:
            return self._bad(name, raw, fields, line), name
        if is_fraction(raw):
            self._n_fractions += 1
            if name.lower() == "epoch" and self.only is None:
                return self._numbered_from_here(name, line), None
            self._fraction = self._fraction or f"is {_shown(raw)}, expected a whole number; taken for {step}"
            self.notes.add("bad_step", f"`{name}` {self._fraction}", line)
        elif isinstance(raw, str) and whole_count(raw.strip()) is not None:
            self._count = self._count or f"{raw.strip()} is read as {step}"
            self.notes.add("derived", f"`{name}` counts in thousands or millions: {self._count}", line)
        self.name, self.last = name, step
        return step, name

    def _bad(self, name: str, raw: object, fields: Mapping[str, Any], line: int | None) -> int:
        if raw is not None:
            self._bad_step = self._bad_step or _shown(raw)
            problem = f"`{name}` is {self._bad_step}, expected a whole number below 2^62"
            self.notes.add("bad_step", f"{problem}; the row takes the step before it", line)
            return self.n_rows if self.last is None else self.last
        return self._stepless(fields, line)

    def _numbered_from_here(self, name: str, line: int | None) -> int:
        self.is_numbered = True
        self.name = self.name or name
        self.offset = 0 if self.last is None else max(0, self.last + 1 - self.n_rows)
        self._tell_fractions(name, line)
        return self.n_rows + self.offset

    def _tell_fractions(self, name: str, line: int | None) -> None:
        message = f"`{name}` holds fractions: the number of the row stands for the step"
        self.notes.add("missing_step", message, line)
        self.has_told = True

    def _stepless(self, fields: Mapping[str, Any], line: int | None) -> int:
        if self.is_numbered:
            return self.n_rows + self.offset
        if self.name is None or self.last is None:
            self.notes.add("missing_step", NO_STEP, line)
            return self.n_rows
        if not any(EVAL_WORDS & set(words(name)) for name in fields):
            self.notes.add("missing_step", STEP_BEFORE, line)
        return self.last


def _shown(raw: object) -> str:
    return quoted(str(raw)) if isinstance(raw, str | int | float) else "no number"
