"""Lines of one shape as one compiled expression.

An expression is made of a skeleton whose lines were read the long way, so it says the same: what stands
between the numbers is fixed, and a number ends where the fixed text goes on.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from descentry.sources.text.odd import is_odd, split_odd
from descentry.sources.text.plan import Kind, Plan
from descentry.sources.text.stray import as_expression
from descentry.sources.text.tokens import DIGITS, HOLE, MOMENT, WORD, cut_moment, first_moment, split
from descentry.sources.text.vocabulary import is_metric

MAX_NUMBERS = 64
FEW, MANY = 8, 4096
"""Lines that are tried at once: first, and when all of them were of the shape."""
_POWER = r"(?:[eE][-+]?[0-9]++)?"
_NUMBER = rf"(?>[-+]?(?:[0-9]++(?:\.[0-9]++)?|\.[0-9]++|{WORD}){_POWER})"
_GROUPED = rf"(?>[-+]?(?:{DIGITS}{_POWER}|{WORD}))"
_WHOLE = r"([0-9]{1,18}+)"


class Outline(NamedTuple):
    """What lines of one shape have alike: the text before their time (None for no time), that which a logger puts
    before the message, and the message's skeleton; `numbers`: of the line that it is made of."""

    before: str | None
    head: str
    skeleton: str
    numbers: list[str]

    @property
    def key(self) -> str:
        odd = HOLE.join(spelling if is_odd(spelling) else "" for spelling in self.numbers)
        return f"{self.before}{HOLE}{self.head}{HOLE}{self.skeleton}{HOLE}{odd}"


class Shape(NamedTuple):
    """`match`: of a whole line; the others are groups of it: -1 for none.  `series`: name, group, scale;
    `words`: groups of words that may be any which tell nothing; `example`: a line of it; `is_plain`: they can be
    read as columns; `slots`: index of a number, and its group, of those that `spellings` leaves open;
    `is_tabled`: they are rows of the table that the log prints now."""

    match: re.Pattern[str]
    plan: Plan
    inner: int
    epoch: int
    total: int
    has_moment: bool
    series: tuple[tuple[str, int, float], ...]
    words: tuple[int, ...]
    example: str
    is_plain: bool
    slots: tuple[tuple[int, int], ...]
    spellings: tuple[str, ...]
    is_tabled: bool = False

    @property
    def counts_epochs(self) -> bool:
        """Whether each line is the row of an epoch."""
        return self.inner < 0 <= self.epoch and self.plan.kind is Kind.ROW

    @property
    def says_epoch(self) -> bool:
        """Whether the lines below belong to the epoch."""
        return self.inner < 0 <= self.epoch and self.plan.kind is Kind.HEADER

    @property
    def is_counted(self) -> bool:
        """Whether the line says its step."""
        return self.inner >= 0 or self.counts_epochs

    def numbers(self, groups: Sequence[str]) -> list[str]:
        """The numbers of a line with these groups, as the plan counts them."""
        numbers = list(self.spellings)
        for i, at in self.slots:
            numbers[i] = groups[at]
        return numbers

    def stands_for(self, other: "Shape") -> bool:
        """Whether both are of one plan, and lines that made this one would be read by the other."""
        return self.plan == other.plan and other.match.fullmatch(self.example) is not None


def outline_of(text: str, numbers: list[str]) -> Outline | None:
    """The outline of a line that was read as having these numbers; None where they stand otherwise in it."""
    before, moment, after = first_moment(text)
    cut = cut_moment(text)[0]
    head = after[: len(after) - _n_alike(after, cut)]
    skeleton, found = split(after[len(head) :])
    if found != numbers:
        skeleton, found = split_odd(after[len(head) :])
    if found != numbers or len(numbers) > MAX_NUMBERS or f"{HOLE},{HOLE}" in skeleton:
        return None
    return Outline(before if moment else None, head, skeleton, numbers)


def is_plain(plan: Plan) -> bool:
    """Whether lines of the plan can be read as columns, or say no more than the epoch of those below."""
    if plan.kind is Kind.HEADER:
        return not plan.is_heading and plan.context not in ("validation", "test")
    is_loss = (plan.has_train_loss or plan.has_val) and (
        not plan.is_single or any(map(is_metric, plan.names))
    )
    return (
        (plan.is_counted if plan.step >= 0 or plan.epoch >= 0 else is_loss and plan.batch < 0)
        and not (plan.is_twin or plan.over or plan.repeats or plan.is_validation_batch)
        and bool(plan.names)
    )


def shape_of(outline: Outline, plan: Plan, example: str, *, is_loose: bool = False) -> Shape:
    """The shape of lines with that outline and plan.  `is_loose`: words that tell nothing may be others."""
    literals = outline.skeleton.split(HOLE)
    has_moment = outline.before is not None
    inner = plan.step if plan.step >= 0 else plan.batch
    whole = {inner, plan.epoch, plan.total if plan.epoch >= 0 else -1} - {-1}
    is_columns = is_plain(plan) and not any(map(is_odd, outline.numbers))
    wanted = whole | set(plan.where) if is_columns else set(range(len(literals) - 1))
    pieces = [
        re.escape(outline.before) + MOMENT if outline.before is not None else "",
        re.escape(outline.head),
    ]
    n_groups = 3 * has_moment
    group = {-1: -1}
    words: list[int] = []
    for i, literal in enumerate(literals):
        if i:
            is_wanted = i - 1 in wanted
            pieces.append(_hole(outline.numbers[i - 1], is_whole=i - 1 in whole, is_wanted=is_wanted))
            group[i - 1] = n_groups
            n_groups += is_wanted
        text, n_words = as_expression(literal) if is_loose else (re.escape(literal), 0)
        pieces.append(text)
        words += range(n_groups, n_groups + n_words)
        n_groups += n_words
    series = tuple(
        (name, group[at], scale) for name, at, scale in zip(plan.names, plan.where, plan.scales, strict=True)
    )
    return Shape(
        re.compile("".join(pieces)),
        plan,
        group[inner],
        group[plan.epoch],
        group[plan.total] if plan.total in wanted else -1,
        has_moment,
        series,
        tuple(words),
        example,
        is_columns,
        tuple((i, group[i]) for i in wanted),
        tuple("" if i in wanted else spelling for i, spelling in enumerate(outline.numbers)),
    )


def _hole(spelling: str, *, is_whole: bool, is_wanted: bool) -> str:
    if is_whole:
        return _WHOLE
    number = re.escape(spelling) if is_odd(spelling) else _GROUPED if "," in spelling else _NUMBER
    return f"({number})" if is_wanted else number


def cells_of(match: Callable[[str], re.Match[str] | None], lines: list[str], start: int) -> list[str]:
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


def floats(spellings: list[str], scale: float) -> list[float]:
    """The numbers that are spelt, times `scale`."""
    try:
        found = list(map(float, spellings))
    except ValueError:
        found = [float(spelling.replace(",", "")) for spelling in spellings]
    return found if scale == 1.0 else [number * scale for number in found]


def _n_alike(one: str, other: str) -> int:
    """How many characters both end in alike: what a logger printed before them is the same in every line."""
    n = 0
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if a != b:
            break
        n += 1
    return n
