"""The leaves of a row of JSON, and the numbers among them."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from descentry.sources.json.values import clean_name
from descentry.sources.numbers import number

MAX_DEPTH = 6
MAX_LIST = 8


def flat(row: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The leaves with their joined names; longer lists and what lies deeper than `MAX_DEPTH` stay whole."""
    for key, value in row.items():
        name = clean_name(prefix + key)
        if isinstance(value, dict):
            if depth < MAX_DEPTH:
                yield from flat(value, name + "/", depth + 1)
            else:
                yield name, value
        elif isinstance(value, list):
            if len(value) <= MAX_LIST and all(isinstance(item, int | float) for item in value):
                yield from ((f"{name}/{i}", item) for i, item in enumerate(value))
            else:
                yield name, value
        else:
            yield name, value


def as_number(raw: object) -> float | None:
    """The number that a JSON value is or spells, or None; booleans are none."""
    kind = type(raw)
    if kind is float:
        return raw  # type: ignore[return-value]
    if kind is int:
        return _of_int(raw)  # type: ignore[arg-type]
    return number(raw) if isinstance(raw, str) else None


def _of_int(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
