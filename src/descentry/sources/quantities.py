"""Texts that are numbers to people: `50%`, `12s`, `1:30:00`, `1,234`, and counts in thousands, `1.5k`."""

import re

THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?")
"""A number whose thousands a comma parts."""
_CLOCK = re.compile(r"(?:([0-9]{1,5}):)?([0-9]{1,5}):([0-5][0-9](?:\.[0-9]{1,9})?)")
_SECONDS = re.compile(r"([+-]?[0-9]{1,20}(?:\.[0-9]{0,20})?)\s?(?:s|secs?|seconds?)")
_PERCENT = re.compile(r"([+-]?[0-9]{1,20}(?:\.[0-9]{0,20})?)\s?%")
_COUNT = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s?([kKMGB])")
_SIZES = {"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "B": 1e9}
MAX_LENGTH = 60


def quantity(cell: str) -> tuple[float, str] | None:
    """The value of a text with a unit, and the unit: percent as it is spelled, a span of time in seconds."""
    measured = _measured(cell)
    if measured is not None:
        return measured
    clock = _CLOCK.fullmatch(cell)
    if clock is None:
        return None
    hours, minutes, seconds = clock.groups()
    return 3600.0 * int(hours or 0) + 60.0 * int(minutes) + float(seconds), "seconds"


def _measured(cell: str) -> tuple[float, str] | None:
    percent = _PERCENT.fullmatch(cell)
    if percent is not None:
        return float(percent[1]), "percent"
    span = _SECONDS.fullmatch(cell)
    return None if span is None else (float(span[1]), "seconds")


def spoken(text: str) -> tuple[float, str] | None:
    """The value of a text with a unit or with parted thousands, and how it is spelled, in words; None for others.

    A time of day looks like a span, so `1:30` is none.
    """
    if not text or len(text) > MAX_LENGTH or not (text[0].isdigit() or text[0] in "+-"):
        return None
    if THOUSANDS.fullmatch(text):
        return float(text.replace(",", "")), "written with parted thousands"
    measured = _measured(text)
    return None if measured is None else (measured[0], f"in {measured[1]}")


def whole_count(text: str) -> int | None:
    """The count that a text with a unit spells: 1500 for `1.5k`; None for others."""
    found = _COUNT.fullmatch(text)
    return None if found is None else round(float(found[1]) * _SIZES[found[2]])
