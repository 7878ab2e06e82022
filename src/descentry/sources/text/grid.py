"""Tables that a log prints row by row below a header: Markdown and boxed ones, fastai's, skorch's, Ultralytics'.

A header names a counter and a metric at least, and no numbers; a row has as many cells, the counter's a whole
number.  Ultralytics' validation rows (`all 128 929 0.6 …`, below `Class Images …`) count nothing: they belong
to the epoch above.  A data frame that pandas prints has its index in front of the cells.  Two spaces or a tab part
names of several words (`Epoch  Train Loss  Val Loss`).  Rows that a progress bar
ends in are told again and again: the last state of each counts.
"""

import re
from dataclasses import replace
from typing import NamedTuple

from descentry.sources.text.plan import Kind, Plan, described
from descentry.sources.text.tokens import NUMBER
from descentry.sources.text.vocabulary import BATCH_WORDS, EPOCH_WORDS, STEP_WORDS, THOUSANDS, is_metric

MAX_CELLS = 64
MAX_LINE = 2000
MAX_NAME = 60
MAX_PLANS = 64

_RULE = re.compile(r"[-=+|:\s━─┃│┼╪╇┡┩├┤╞╡┏┳┓┗┻┛╭╮╰╯┌┬┐└┴┘╔╗╚╝═║]+")
PIPES = "|┃│║"
_PIPES = re.compile(f"[{PIPES}]")
_BAR = re.compile(r":?\s{0,9}[0-9]{1,3}%\s?(?:\||[━─╸]|\s{2,99}[━─╸0-9])")
_WIDE = re.compile(r"\t\s{0,20}|\s{2,80}+")
"""What parts names of two words that no bars part."""
_NAME = re.compile(r"(?=[^0-9\s])[^\s=|]{1,60}")
_CELL = re.compile(rf"(?P<number>{NUMBER})\s?(?P<unit>[A-Za-z%]{{0,3}})")
_COUNT = re.compile(r"(?P<n>[0-9]{1,18}|[0-9]{1,3}(?:,[0-9]{3}){1,5})(?:\s?/\s?(?P<total>[0-9]{1,18}))?")
_CLOCK = re.compile(r"[0-9]{1,4}(?::[0-9]{2}){1,2}(?:\.[0-9]+)?")
_ABSENT = frozenset({"", "-", "--", "none", "null", "n/a", "na"})
_KINDS = {**dict.fromkeys(STEP_WORDS, "step"), **dict.fromkeys(BATCH_WORDS, "batch"),
          **dict.fromkeys(EPOCH_WORDS, "epoch"), "round": "step", "epochs": "epoch", "steps": "step",
          "global step": "step"}  # fmt: skip
_COUNTED = frozenset({"images", "instances", "labels", "size", "dur"})
_BOXES = {"P": "precision", "R": "recall"}


class Header(NamedTuple):
    """`names`: of the columns, "" for those that are no series; `counters`: kinds by column; `is_piped`: bars
    part the cells; `context`: what the rows are about."""

    names: tuple[str, ...]
    counters: tuple[tuple[str, int], ...]
    is_piped: bool
    context: str = ""


class Row(NamedTuple):
    """A row: its plan, and the spellings that the plan's indices point to.  `is_bar`: a bar's state."""

    plan: Plan
    numbers: list[str]
    is_bar: bool

    def counts_as(self, other: "Row") -> bool:
        """Whether both rows are of one count."""
        plan = self.plan
        return (plan.step, plan.batch, plan.epoch) == (
            other.plan.step,
            other.plan.batch,
            other.plan.epoch,
        ) and all(self.numbers[i] == other.numbers[i] for i in (plan.step, plan.batch, plan.epoch) if i >= 0)


class Grid:
    """Remembers the newest header, and reads the rows below it."""

    def __init__(self) -> None:
        self.header: Header | None = None
        self._plans: dict[tuple[object, ...], Plan] = {}

    def is_header(self, text: str) -> bool:
        """Whether the line is a header, which is kept, or the rule between it and its rows."""
        if len(text) > MAX_LINE:
            return False
        if self.header is not None and _RULE.fullmatch(text):
            return True
        header = _header_of(text)
        if header is not None:
            self.header = header
        return header is not None

    def row(self, text: str) -> Row | None:
        """The line as a row below the present header, or None."""
        header = self.header
        if header is None or len(text) > MAX_LINE:
            return None
        bar = _BAR.search(text)
        cells = _cells(text[: bar.start()] if bar else text, is_piped=header.is_piped)
        if len(cells) == len(header.names) + 1 and not header.is_piped and not header.context:
            cells = cells[1:] if cells[0].isdecimal() else cells
        if len(cells) != len(header.names):
            return None
        numbers = _numbers(header, cells)
        return None if numbers is None else Row(self._plan(header, numbers), numbers, bar is not None)

    def _plan(self, header: Header, numbers: list[str]) -> Plan:
        """The plan of a row with these cells; an empty cell has no value."""
        key = header, tuple(map(bool, numbers))
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= MAX_PLANS:
                self._plans.clear()
            plan = self._plans[key] = _plan(header, numbers)
        return plan


def _plan(header: Header, numbers: list[str]) -> Plan:
    at = dict(header.counters)
    where = tuple(i for i, name in enumerate(header.names) if name and numbers[i])
    plan = Plan(
        Kind.ROW,
        step=at.get("step", -1),
        batch=at.get("batch", -1),
        epoch=at.get("epoch", -1),
        names=tuple(header.names[i] for i in where),
        where=where,
        scales=(1.0,) * len(where),
        context=header.context,
    )
    has_total = bool(header.counters) and bool(numbers[len(header.names)])
    is_epoch = header.counters[:1] and header.counters[0][0] == "epoch"
    if has_total:
        last = len(header.names)
        plan = replace(plan, epoch_total=last) if is_epoch else replace(plan, total=last)
    return described(plan)


def _header_of(text: str) -> Header | None:
    is_piped = _PIPES.search(text[:1]) is not None or text.count(" | ") > 0
    if not is_piped and not text.startswith(_STARTS):
        return None
    bar = _BAR.search(text)
    told = text[: bar.start()] if bar else text
    wide = [] if is_piped else _WIDE.split(told)
    cells = wide if any(" " in name for name in wide) else _cells(told, is_piped=is_piped)
    if not 2 <= len(cells) <= MAX_CELLS or len(set(cells)) < len(cells) - 8:
        return None
    if not is_piped and cells[0] == "Class":
        return _validation(cells)
    if not all(_NAME.fullmatch(cell) or ((is_piped or wide) and _is_phrase(cell)) for cell in cells):
        return None
    if cells[:2] == ["E", "#"]:
        cells[:2] = "epoch", "step"
    counters = tuple((_KINDS[cell.lower()], i) for i, cell in enumerate(cells) if cell.lower() in _KINDS)
    if not counters or (not is_piped and counters[0][1] != 0) or len(dict(counters)) < len(counters):
        return None
    counted = {i for _, i in counters}
    names = tuple(
        "" if i in counted or cell.lower() in _COUNTED else cell[:MAX_NAME] for i, cell in enumerate(cells)
    )
    return Header(names, counters, is_piped) if any(name and is_metric(name) for name in names) else None


_STARTS = ("Class", "E    #  ", *(
    spelling for word in ("epoch", "step", "iter", "global_step") for spelling in (word, word.title(), word.upper())
))  # fmt: skip


def _is_phrase(cell: str) -> bool:
    """Whether a cell between bars is a name of a few words."""
    return 0 < len(cell) <= MAX_NAME and not cell[0].isdigit() and len(cell.split()) <= 5 and "=" not in cell


def _validation(cells: list[str]) -> Header | None:
    """Ultralytics' `Class Images Instances Box(P R mAP50 mAP50-95) Mask(P …)`."""
    if not any(cell.startswith("mAP") for cell in cells):
        return None
    names, group, n_groups = [""], "", sum("(" in cell for cell in cells)
    for cell in cells[1:]:
        head, _, word = cell.rpartition("(")
        group = head or group
        word = word.rstrip(")")
        name = "" if word.lower() in _COUNTED else _BOXES.get(word, word)
        names.append(f"validation {group} {name}" if name and n_groups > 1 else name and f"validation {name}")
    return Header(tuple(names), (), is_piped=False, context="validation")


def _cells(text: str, *, is_piped: bool) -> list[str]:
    if not is_piped:
        return text.split()
    cells = [cell.strip(" *\t") for cell in _PIPES.split(text.strip())]
    return cells[1 if not cells[0] else 0 : -1 if not cells[-1] else None]


def _numbers(header: Header, cells: list[str]) -> list[str] | None:
    """The cells' numbers, "" where there is none, and behind them the total of the counter; None for no row."""
    if header.context and cells[0] != "all":
        return None
    total = ""
    counted = {i for _, i in header.counters}
    numbers = []
    for i, cell in enumerate(cells):
        found = _COUNT.fullmatch(cell) if i in counted else _CELL.fullmatch(cell)
        if found is None and (i in counted or not (_is_empty(cell) or not header.names[i])):
            return None
        total = total or (found["total"] or "" if found is not None and i in counted else "")
        numbers.append("" if found is None else found["n"] if i in counted else _scaled(found))
    return [*numbers, total]


def _is_empty(cell: str) -> bool:
    return cell.lower() in _ABSENT or _CLOCK.fullmatch(cell) is not None


def _scaled(found: re.Match[str]) -> str:
    scale = THOUSANDS.get(found["unit"], 1.0)
    return found["number"] if scale == 1.0 else repr(float(found["number"].replace(",", "")) * scale)
