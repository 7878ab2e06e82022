"""The quick way through runs of lines of one shape: one compiled expression a line, columns at the end.

An expression is made of a skeleton whose lines were read the long way, so it says the same: what stands
between the numbers is fixed, and a number ends where the fixed text goes on.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from descentry.sources.text.clock import Clock
from descentry.sources.text.gathering import Gathering
from descentry.sources.text.plan import Plan
from descentry.sources.text.position import Position
from descentry.sources.text.table import Sink
from descentry.sources.text.tokens import HOLE, MOMENT, WORD, cut_moment, first_moment, split
from descentry.sources.text.vocabulary import is_metric

WORTH_IT = 3
"""So often a shape is seen before its expression is made."""
MAX_SHAPES = 16
MAX_SEEN = 1024
MAX_NUMBERS = 64
FEW, MANY = 8, 4096
"""Lines that are tried at once: first, and when all of them were of the shape."""
_NUMBER = rf"(?>[-+]?(?:[0-9]++(?:\.[0-9]++)?|\.[0-9]++|{WORD})(?:[eE][-+]?[0-9]++)?)"
_WHOLE = r"([0-9]{1,18}+)"


class Shape(NamedTuple):
    """`match`: of a whole line; the others are groups of it: -1 for none.  `series`: name, group, scale."""

    match: re.Pattern[str]
    plan: Plan
    inner: int
    epoch: int
    total: int
    has_moment: bool
    series: tuple[tuple[str, int, float], ...]


class Quick:
    """Knows the shapes of plain lines: a counter of steps, or of batches within epochs, and values.

    So are lines with a loss and no counter, once rows are numbered, or below those that are counted.
    """

    def __init__(self, gathering: Gathering, position: Position, table: Sink, clock: Clock) -> None:
        self._gathering = gathering
        self._placing = gathering.placing
        self._position = position
        self._table = table
        self._clock = clock
        self._n_seen: dict[str, int] = {}
        self._shapes: list[Shape] = []
        self._is_known = False

    def learn(self, text: str, plan: Plan) -> None:
        """A line with that plan was read the long way."""
        if self._is_known or len(self._shapes) >= MAX_SHAPES or not _is_plain(plan):
            return
        before, moment, after = first_moment(text)
        cut = cut_moment(text)[0]
        head = after[: len(after) - _n_alike(after, cut)]
        skeleton, numbers = split(after[len(head) :])
        if numbers != split(cut)[1]:
            return
        if len(numbers) > MAX_NUMBERS or f"{HOLE},{HOLE}" in skeleton:
            return
        key = f"{before}{HOLE if moment else ''}{HOLE}{head}{HOLE}{skeleton}"
        if len(self._n_seen) >= MAX_SEEN:
            self._n_seen.clear()
        self._n_seen[key] = self._n_seen.get(key, 0) + 1
        if self._n_seen[key] == WORTH_IT:
            literals = [re.escape(part) for part in skeleton.split(HOLE)]
            literals[0] = re.escape(head) + literals[0]
            start = re.escape(before) + MOMENT if moment else ""
            self._shapes.append(_shape(start, literals, plan))

    def run(self, lines: list[str], start: int) -> int:
        """Reads as many lines of one shape as follow each other from `start`; how many that were."""
        line = lines[start]
        self._is_known = False
        for i, shape in enumerate(self._shapes):
            if shape.match.fullmatch(line):
                self._is_known = True
                if self._is_free(shape):
                    if i:
                        self._shapes.insert(0, self._shapes.pop(i))
                    return self._rows(shape, lines, start)
        return 0

    def _is_free(self, shape: Shape) -> bool:
        """Whether lines of that shape go straight to the table now."""
        if shape.inner < 0 and self._gathering.is_numbering:
            return shape.plan.has_train_loss and self._placing.is_quick("")
        if shape.inner < 0:
            return self._gathering.is_following and self._placing.is_following
        return self._placing.is_quick(shape.plan.family)

    def _rows(self, shape: Shape, lines: list[str], start: int) -> int:
        cells = _cells(shape.match.fullmatch, lines, start)
        n_groups = shape.match.groups
        columns = [cells[at::n_groups] for at in range(n_groups)]
        steps = self._steps(shape, columns)
        if not steps:
            return 0
        n = len(steps)
        values = {name: _floats(columns[at][:n], scale) for name, at, scale in shape.series}
        seconds = self._clock.seconds
        walls = (
            [seconds(row) for row in zip(*columns[:3], strict=True)][:n] if shape.has_moment else [NAN] * n
        )
        self._table.run(steps, values, walls, is_counted=shape.inner >= 0)
        self._placing.last = steps[-1]
        return n

    def _steps(self, shape: Shape, columns: list[list[str]]) -> list[int]:
        """The steps of the lines, up to the first that is too large for one."""
        if shape.inner < 0 and not self._gathering.is_numbering:
            return [self._placing.last] * len(columns[0])
        if shape.inner < 0:
            return list(self._gathering.numbers(len(columns[0])))
        inner = list(map(int, columns[shape.inner]))
        above = self._position.epoch_above
        if shape.epoch < 0 and above is None:
            self._position.saw(inner)
            return inner
        epochs = [above or 0] * len(inner) if shape.epoch < 0 else list(map(int, columns[shape.epoch]))
        totals = map(int, columns[shape.total]) if shape.total >= 0 else [0] * len(inner)
        steps: list[int] = []
        for epoch, batch, total in zip(epochs, inner, totals, strict=True):
            step = self._position.step_within(epoch, batch, total, is_batch=shape.plan.step < 0)
            if step is None:
                break
            steps.append(step)
        return steps


NAN = float("nan")


def _cells(match: Callable[[str], re.Match[str] | None], lines: list[str], start: int) -> list[str]:
    """The groups of the lines from `start`, one after another, up to the first that does not match."""
    cells: list[str] = []
    n = FEW
    while start < len(lines):
        for line in lines[start : start + n]:
            found = match(line)
            if found is None:
                return cells
            cells += found.groups()
        start, n = start + n, MANY
    return cells


def _is_plain(plan: Plan) -> bool:
    is_loss = (plan.has_train_loss or plan.has_val) and (
        not plan.is_single or any(map(is_metric, plan.names))
    )
    is_uncounted = is_loss and max(plan.step, plan.batch, plan.epoch) < 0
    return (
        (plan.step >= 0 or (plan.batch >= 0 and plan.epoch >= 0) or is_uncounted)
        and not (plan.is_twin or plan.over or plan.is_validation_batch)
        and bool(plan.names)
    )


def _n_alike(one: str, other: str) -> int:
    """How many characters both end in alike: what a logger printed before them is the same in every line."""
    n = 0
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if a != b:
            break
        n += 1
    return n


def _shape(start: str, literals: list[str], plan: Plan) -> Shape:
    """The shape of lines that begin as the expression `start` says, with numbers between the literals."""
    has_moment = bool(start)
    inner = plan.step if plan.step >= 0 else plan.batch
    whole = {inner, plan.epoch, plan.total if plan.epoch >= 0 else -1} - {-1}
    wanted = whole | set(plan.where)
    pieces = [start, literals[0]]
    group = {-1: -1}
    for i, literal in enumerate(literals[1:]):
        pieces.append(_WHOLE if i in whole else f"({_NUMBER})" if i in wanted else _NUMBER)
        pieces.append(literal)
        if i in wanted:
            group[i] = len(group) - 1 + 3 * has_moment
    series = tuple(
        (name, group[at], scale) for name, at, scale in zip(plan.names, plan.where, plan.scales, strict=True)
    )
    total = group.get(plan.total, -1)
    return Shape(
        re.compile("".join(pieces)), plan, group[inner], group[plan.epoch], total, has_moment, series
    )


def _floats(spellings: list[str], scale: float) -> list[float]:
    found = list(map(float, spellings))
    return found if scale == 1.0 else [number * scale for number in found]
