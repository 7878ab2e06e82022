"""History records of W&B to columns, all records of a block at once, whatever names each of them has.

For what is too various for tables: rows of hundreds of shapes, rows without a step.  Gives what `JsonRows.add`
gives row by row in a tenth of the time; only flat numbers are read so, others raise Irregular.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from descentry.record.chunk import Chunk, Column, Floats, Ints
from descentry.sources.json.rows import JsonRows
from descentry.sources.json.steps import EVAL_WORDS, NO_STEP, STEP_BEFORE
from descentry.sources.numbers import MAX_STEP, TIME_NAMES, floats, number, seconds_of, wall_seconds
from descentry.sources.wandb.columns import Name, histories, names_of, values_of, without_media
from descentry.sources.wandb.walk import Bytes, Irregular, Items, items_of
from descentry.sources.words import words

STEP, WALL = "_step", "_timestamp"
NUMBERS = {int, float}
ODD = frozenset({"mode", "env_info", "exp_name"})
"""Names that make a row mean something else, as `JsonRows` knows."""
MAX_NAME = 400

Series = Mapping[str, tuple[Ints, list[Any]]]
"""By name, in the order of the first records that have it: these records, rising, and their values."""


class Beside(NamedTuple):
    """What else is asked of a record: the step that a history tells beside its items; whether it may be a history."""

    step: Callable[[bytes], int | None]
    is_history: Callable[[bytes], bool]


class Steps(NamedTuple):
    """The step of each record, and where it is logged."""

    steps: Ints
    is_logged: NDArray[np.bool_]


def scattered(
    records: Sequence[bytes], name: Name, state: JsonRows, beside: Beside
) -> tuple[Chunk, list[int]]:
    """The histories as a chunk, and which records may be anything else; `state` knows of them afterwards.

    Raises Irregular, and nothing is known.
    """
    text, (first, last, others) = histories(records)
    _require(len(first) and not state.is_of_mmengine)
    _require(not any(beside.is_history(records[at]) for at in others.tolist()))
    items = items_of(text, first, last)
    ends = np.zeros(len(first), np.int64)
    np.maximum.at(ends, items.record, items.stop)
    series = _series(text, without_media(text, items), name)
    logged = _logged(series, len(first))
    for at in np.flatnonzero(~logged.is_logged & (ends < last)).tolist():
        step = beside.step(text[first[at] : last[at]].tobytes())
        if step is not None:
            _require(abs(step) <= MAX_STEP)
            logged.steps[at], logged.is_logged[at] = step, True
    return _chunk(series, logged, state), others.tolist()


def _require(is_so: object) -> None:
    if not is_so:
        raise Irregular


def _series(text: Bytes, items: Items, name: Name) -> Series:
    names, ids = names_of(text, items, name)
    known = set(names)
    _require(len(known) == len(names) and not known & ODD and not known >= {"epoch", "iter", "step"})
    _require(max(map(len, names), default=0) <= MAX_NAME)
    order = np.lexsort((items.record, ids))
    record, ids = items.record[order], ids[order]
    _require(((np.diff(ids) > 0) | (np.diff(record) > 0)).all())
    values = values_of(text, items, order)
    bounds = np.searchsorted(ids, np.arange(len(names) + 1)).tolist()
    its = {
        name: (record[start:end], values[start:end])
        for name, (start, end) in zip(names, pairwise(bounds), strict=True)
    }
    return dict(sorted(its.items(), key=lambda item: (int(item[1][0][0]), item[0])))


def _logged(series: Series, n_records: int) -> Steps:
    steps, is_logged = np.zeros(n_records, np.int64), np.zeros(n_records, np.bool_)
    records, values = series.get(STEP, (np.empty(0, np.int64), []))
    if values:
        _require(set(map(type, values)) == {int} and -MAX_STEP <= min(values) <= max(values) <= MAX_STEP)
        steps[records], is_logged[records] = values, True
    return Steps(steps, is_logged)


def _walls(series: Series, n_records: int, state: JsonRows) -> Floats | None:
    """float64[n], NaN where a record tells no time; None where none does."""
    _require(not any(name.lower() in TIME_NAMES for name in series if name != WALL))
    if WALL not in series:
        return None
    records, values = series[WALL]
    _require(set(map(type, values)) <= NUMBERS)
    _require(state.is_time.get(WALL, wall_seconds(values[0]) is not None))
    walls = np.full(n_records, np.nan)
    walls[records] = seconds_of(floats(values))
    return walls


def _numbers(values: list[Any]) -> Floats:
    kinds = set(map(type, values))
    if kinds <= NUMBERS:
        return floats(values)
    _require(kinds <= NUMBERS | {str})
    spelt = [number(value) if type(value) is str else value for value in values]
    _require(None not in spelt)
    return floats(spelt)


def _where(parts: Iterable[Ints], n: int) -> NDArray[np.bool_]:
    found = np.zeros(n, np.bool_)
    for its in parts:
        found[its] = True
    return found


@lru_cache(1 << 15)
def _is_eval(name: str) -> bool:
    return bool(EVAL_WORDS & set(words(name)))


def _chunk(series: Series, logged: Steps, state: JsonRows) -> Chunk:
    n = len(logged.steps)
    walls = _walls(series, n, state)
    points = {name: (its, _numbers(raw)) for name, (its, raw) in series.items() if name not in (STEP, WALL)}
    is_row = _where((its for its, _ in points.values()), n)
    is_any = _where((its for its, _ in series.values()), n)
    is_eval = _where((its for name, (its, _) in points.items() if _is_eval(name)), n)
    # From here on nothing is Irregular any more.
    steps = _filled(logged, is_row, is_any, is_eval, state)
    if walls is not None:
        state.is_time.setdefault(WALL, True)
    state.steps.n_rows += int(np.count_nonzero(is_row))
    state.saw_values({name: len(its) for name, (its, _) in points.items()}, {}, {}, {}, {})
    place = np.cumsum(is_row) - 1
    columns = {}
    for name, (its, values) in points.items():
        if state.rows.admits(name):
            columns[name] = Column(place[its], values)
        else:
            state.rows.n_refused += len(its)
    return Chunk(steps[is_row], columns, None if walls is None else walls[is_row])


def _filled(
    logged: Steps,
    is_row: NDArray[np.bool_],
    is_any: NDArray[np.bool_],
    is_eval: NDArray[np.bool_],
    state: JsonRows,
) -> Ints:
    """Every record's step: where none is logged that of the one before, and before the first its number."""
    before = np.maximum.accumulate(np.where(logged.is_logged, np.arange(len(is_row)), -1))
    steps = logged.steps[before]
    is_first = before < 0
    known = state.steps.last
    steps[is_first] = state.steps.n_rows + (np.cumsum(is_row) - is_row)[is_first] if known is None else known
    is_new = is_any & ~logged.is_logged
    numbered = is_new & is_first if known is None else np.zeros(len(is_row), np.bool_)
    for message, where in ((NO_STEP, numbered), (STEP_BEFORE, is_new & ~numbered & ~is_eval)):
        if where.any():
            state.notes.add("missing_step", message, count=int(np.count_nonzero(where)))
    if logged.is_logged.any():
        state.steps.last = int(steps[-1])
    return steps
