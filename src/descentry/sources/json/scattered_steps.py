"""The steps of many rows of JSON at once, as `steps.Steps` finds them one by one."""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from descentry.record.chunk import Ints
from descentry.sources.json.steps import NO_STEP, STEP_BEFORE, Steps
from descentry.sources.naming import STEP_NAMES, step_rank
from descentry.sources.numbers import MAX_STEP, is_fraction, whole_step

NONE = len(STEP_NAMES)
_PLAIN = re.compile(r"[0-9]{1,18}")


class Unclear(ValueError):
    """The rows are such that only one after the other does them justice."""


class Logged(NamedTuple):
    """int64[n] the step of each row where bool[n] one is logged; int64[m] the items that are steps, and the field of
    the last one."""

    steps: Ints
    is_logged: NDArray[np.bool_]
    items: Ints
    name: str | None

    def filled(
        self,
        is_row: NDArray[np.bool_],
        is_eval: Callable[[], NDArray[np.bool_]],
        lines: Sequence[int] | None,
        state: Steps,
    ) -> Ints:
        """Every row's step: where none is logged that of the one before, and before the first the row's number.

        `is_eval`: finds the rows that hold a field of a validation, which need no step of their own.
        """
        n = len(is_row)
        numbers = state.n_rows + np.cumsum(is_row) - is_row
        if state.is_numbered:
            steps: Ints = numbers + state.offset
        else:
            before = np.maximum.accumulate(np.where(self.is_logged, np.arange(n), -1))
            steps = self.steps[before] if n else self.steps
            is_first = before < 0
            known = state.last
            steps[is_first] = numbers[is_first] if known is None else known
            is_numbered = is_first & (known is None)
            _tell(state, NO_STEP, is_numbered, lines)
            is_stepless = ~(self.is_logged | is_numbered)
            if is_stepless.any():
                _tell(state, STEP_BEFORE, is_stepless & ~is_eval(), lines)
        if self.name is not None:
            state.name, state.last = self.name, int(steps[-1])
        state.n_rows += int(np.count_nonzero(is_row))
        return steps


def logged_steps(
    names: Sequence[str], name: Ints, row: Ints, values: Sequence[Any], n: int, state: Steps
) -> Logged:
    """The steps that `n` rows say.  `names`: by number; of each item the number of its `name`, its `row`, its value.

    Raises Unclear.
    """
    if state.is_numbered:
        if not state.has_told:
            raise Unclear
        return Logged(np.zeros(n, np.int64), np.zeros(n, np.bool_), np.empty(0, np.int64), None)
    ranks = _ranks(names, state)
    rank = ranks[name]
    some = np.flatnonzero(rank < NONE)
    best = np.full(n, NONE)
    np.minimum.at(best, row[some], rank[some])
    known = NONE - 1 if state.name is None or state.only is not None else step_rank(state.name) or 0
    is_logged = best <= np.minimum.accumulate(np.concatenate(([known], best)))[:-1]
    items = some[(rank[some] == best[row[some]]) & is_logged[row[some]]]
    steps = np.zeros(n, np.int64)
    steps[row[items]] = _whole([values[at] for at in items.tolist()])
    return Logged(steps, is_logged, items, names[name[items[-1]]] if len(items) else None)


def _ranks(names: Sequence[str], state: Steps) -> Ints:
    """How good a step each name is; NONE for what is none.  Raises Unclear where two are as good."""
    if state.only is not None:
        return np.array([0 if name == state.only else NONE for name in names], np.int64)
    found = [NONE if (rank := step_rank(name)) is None else rank for name in names]
    known = [rank for rank in found if rank < NONE]
    if len(set(known)) != len(known):
        raise Unclear
    return np.array(found, np.int64)


def _whole(raw: list[Any]) -> Ints:
    """int64[m].  Raises Unclear where one is no whole number."""
    if not set(map(type, raw)) <= {int}:
        raw = [int(x) if type(x) is str and _PLAIN.fullmatch(x) else _whole_one(x) for x in raw]
    if None in raw or (raw and not -MAX_STEP <= min(raw) <= max(raw) <= MAX_STEP):
        raise Unclear
    return np.array(raw, np.int64)


def _whole_one(raw: object) -> int | None:
    is_count = isinstance(raw, str) and raw.rstrip()[-1:].isalpha()
    return None if is_count or is_fraction(raw) else whole_step(raw)


def _tell(state: Steps, message: str, where: NDArray[np.bool_], lines: Sequence[int] | None) -> None:
    found = np.flatnonzero(where)
    if len(found):
        line = None if lines is None else lines[int(found[0])]
        state.notes.add("missing_step", message, line, count=len(found))
