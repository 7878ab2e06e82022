"""Numbers inside a line: a line is a skeleton (its text without the numbers) and the numbers' spellings.

Two lines with one skeleton mean the same things in the same places: what a skeleton says is worked out once.
Every expression here is linear in the length of the line: no repetition can give back what it took.
"""

import re

from descentry.sources.text.prefixes import without_date, without_prefix

DIGITS = (
    r"(?:[1-9][0-9]{0,2}(?:,[0-9]{3}){1,5}+(?![0-9]|,[0-9]{3})(?:\.[0-9]++)?|[0-9]++(?:\.[0-9]++)?|\.[0-9]++)"
)
WORD = r"(?:nan|NaN|NAN|infinity|Infinity|inf|Inf|INF)(?=z?(?![A-Za-z0-9_]))(?! iterations)"
"""`number of nan iterations` counts iterations."""
FREE = r"(?<![A-Za-z0-9_.@])"
NUMBER = rf"{FREE}(?>[-+]?(?:{DIGITS}(?:[eE][-+]?[0-9]++)?(?!\.[0-9])|{WORD}))"

_PARTS = re.compile(f"({NUMBER})")
MOMENT = (
    r"(?<![0-9])(?:([0-9]{4}[-/][0-9]{2}[-/][0-9]{2})[T ]{1,2})?"
    r"([0-9]{2}:[0-9]{2}:[0-9]{2})(?:[.,]([0-9]{1,9}+))?(?:Z|[+-][0-9]{2}:?[0-9]{2})?(?![0-9:<])"
)
"""A time; groups: day, clock, fraction."""
_MOMENT = re.compile(MOMENT)
_ESCAPE = re.compile(r"\x1b\[[0-9;?]{0,32}[A-Za-z]")
_WRAPPED = re.compile(r"(?:tensor|Array|array|np\.float(?:32|64)|float)\((?=[-+]?(?:[0-9.]|nan|inf))")
MOMENT_WITHIN = 96
"""A time stands at the front of a line: so many characters are searched for it."""

HOLE = "\x00"
"""Stands for a number in a skeleton; no line holds one (see `clean`)."""


def split(line: str) -> tuple[str, list[str]]:
    """The skeleton of a line, a `HOLE` for each number, and the numbers as spelt."""
    parts = _PARTS.split(line)
    return HOLE.join(parts[::2]), parts[1::2]


def clean(line: str) -> str:
    """The line without colours, control characters and the wrappers of arrays."""
    if "\x1b" in line:
        line = _ESCAPE.sub("", line)
    if not line.isprintable():
        line = "".join(c if c.isprintable() or c == "\t" else " " for c in line)
    if "(" in line:
        line = _WRAPPED.sub("", line)
    return line


Moment = tuple[str | None, str, str | None]
"""Day, clock and fraction of a second, as printed."""


def first_moment(line: str) -> tuple[str, Moment | None, str]:
    """What stands before the time at the front of a line, the time, and what stands behind it."""
    found = _MOMENT.search(line, 0, MOMENT_WITHIN) if ":" in line else None
    if found is None:
        return "", None, line
    return line[: found.start()], (found[1], found[2], found[3]), line[found.end() :]


def cut_moment(line: str) -> tuple[str, Moment | None]:
    """The line without the time (and the place in the source) at its front, and the time."""
    before, moment, after = first_moment(line)
    if moment is not None:
        line = f"{without_date(before)} {after}"
    return without_prefix(line), moment


def decimal_shape(spelling: str) -> str:
    """What the end of a number looks like: `2.95` and `3.14` have one shape, `2.9` another."""
    dot = spelling.find(".")
    tail = spelling[dot:] if dot >= 0 else spelling.lower().partition("e")[2] and spelling
    return re.sub("[0-9]", "9", tail)


def value(spelling: str) -> float:
    """The number that is spelt, NaN and infinities included; NaN where it is none (see `odd`)."""
    try:
        return float(spelling.replace(",", "")) if "," in spelling else float(spelling)
    except ValueError:
        return float("nan")


def whole(spelling: str) -> int | None:
    """The whole number that is spelt, or None: a fraction, not finite, or too large for a step."""
    if len(spelling) <= 18 and spelling.isdigit():
        return int(spelling)
    number = value(spelling)
    return int(number) if number.is_integer() and abs(number) < 2**62 else None
