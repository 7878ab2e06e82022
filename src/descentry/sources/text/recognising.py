"""Whether bytes are a console log of a training run."""

import re
from collections import Counter
from pathlib import Path

from descentry.formats.blocks import opened, read_some
from descentry.formats.lines import plain_head
from descentry.record.errors import InputError
from descentry.sources.text.bars import Bar, bar_of, looks_like_bar
from descentry.sources.text.boosting import boosted
from descentry.sources.text.boxes import RULE, Boxes, without_time
from descentry.sources.text.counter_last import with_counter_first
from descentry.sources.text.epoch_bar import as_line
from descentry.sources.text.grid import Grid, Row
from descentry.sources.text.lone_value import with_lone_named
from descentry.sources.text.mllog import MARK, event_of
from descentry.sources.text.plan import Kind, Plan
from descentry.sources.text.ranks import Ranks
from descentry.sources.text.short_counters import with_long_counters
from descentry.sources.text.skeletons import plan_of
from descentry.sources.text.tokens import clean, cut_moment, split
from descentry.sources.text.vocabulary import tokens

MIN_ROWS = 3
TAIL = 1 << 16
MAX_LINE = 1 << 14
MAX_CONTROL = 0.05
MAX_NUL_RUNS = 8
_EVENT = Plan(Kind.ROW, step=0)
"""The plan of a line of MLPerf with points."""
_TABLED = Plan(Kind.ROW, step=0, names=("loss",))
"""That of a table's row: it counts, and its header names a metric."""
_NULS = re.compile(rb"\x00++")
_GZIP = b"\x1f\x8b"


def is_log(head: bytes, more: bytes = b"") -> bool:
    """Whether three lines of one shape are rows: counted, or with a loss.  Of a log that has only just begun,
    one that counts and says a loss is enough, where hardly anything else stands there."""
    text = _without_nuls(plain_head(head) + b"\n" + more if more else plain_head(head))
    if not text.strip() or _is_binary(text) or _is_json(text):
        return False
    seen: Counter[Plan] = Counter()
    grid, boxes = Grid(), Boxes()
    lines = text.decode("utf-8", "replace").replace("\r", "\n").split("\n")
    for line in lines:
        row = _row(grid, line)
        if row is None and _is_boxed(boxes, line):
            return True
        plan = _plan(line) if row is None else _TABLED
        if plan is not None and _is_row(plan):
            seen[plan] += 1
            if seen[plan] >= MIN_ROWS:
                return True
    n_certain = sum(n for plan, n in seen.items() if plan.is_counted and any(map(_is_loss, plan.names)))
    return 0 < sum(map(bool, map(str.strip, lines))) <= 2 * n_certain


def _row(grid: Grid, line: str) -> Row | None:
    """The line as a row of a table whose header was seen, or None."""
    text = clean(line).strip() if len(line) <= MAX_LINE else ""
    return None if not text or grid.is_header(text) else grid.row(text)


def _is_boxed(boxes: Boxes, line: str) -> bool:
    """Whether the line ends a box of values."""
    if len(line) <= MAX_LINE and (boxes.is_open or RULE in line):
        text = clean(line).strip()
        ranked = Ranks(lambda _: False).of(text)
        text = (text if ranked is None else ranked.text).strip()
        if text:
            boxes.feed(without_time(text), 0)
    return bool(boxes.data)


def _is_row(plan: Plan) -> bool:
    return plan.kind is Kind.ROW and (plan.is_counted or any(map(_is_loss, plan.names)))


def _is_loss(name: str) -> bool:
    return any(word.endswith("loss") or word in ("ppl", "perplexity") for word in tokens(name))


def _plan(line: str) -> Plan | None:
    if MARK in line:
        return _EVENT if has_points(line) else None
    if len(line) > MAX_LINE or (not any(c.isdigit() for c in line) and "nan" not in line):
        return None
    line = clean(line).strip()
    if looks_like_bar(line):
        bar = bar_of(line)
        line = line if bar is None else _bar_line(bar)
    line = cut_moment(line)[0].strip()
    return plan_of(split(boosted(line) or with_lone_named(with_counter_first(with_long_counters(line))))[0])


def has_points(line: str) -> bool:
    """Whether a line of MLPerf says a value at a step."""
    event = event_of(line) if len(line) <= MAX_LINE else None
    return event is not None and bool(event.points)


def _bar_line(bar: Bar) -> str:
    if bar.epoch_state is not None:
        return as_line(bar.epoch_state)
    return bar.text if bar.is_full or bar.state is not None else ""


def _without_nuls(text: bytes) -> bytes:
    """The text without a few runs of NULs, which a lost write leaves; as it is when they are many."""
    if b"\0" not in text or sum(1 for _ in _NULS.finditer(text)) > MAX_NUL_RUNS:
        return text
    return _NULS.sub(b"\n", text)


def _is_binary(text: bytes) -> bool:
    if b"\0" in text:
        return True
    control = sum(text.count(bytes([c])) for c in range(32) if c not in (7, 8, 9, 10, 12, 13, 27))
    strange = text.decode("utf-8", "replace").count("\ufffd")
    return control + strange > MAX_CONTROL * len(text)


def _is_json(text: bytes) -> bool:
    start = text.lstrip()[:200]
    return start.startswith((b'{"', b"[{", b'["', b"{\n", b'{ "')) or start in (b"{", b"[")


def tail_of(path: Path) -> bytes:
    """The last 64 KiB of a plain file, from a line's start; b"" where it cannot be read or is compressed."""
    try:
        with opened(path) as handle:
            if read_some(handle, 2, path) == _GZIP:
                return b""
            size = handle.seek(0, 2)
            handle.seek(max(size - TAIL, 0))
            data = read_some(handle, TAIL, path)
    except (InputError, OSError):
        return b""
    return data[data.find(b"\n") + 1 :]
