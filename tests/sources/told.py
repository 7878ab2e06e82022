"""What a reader may say at most: the numbers that stand in the text."""

import re
from collections.abc import Iterable

import numpy as np

from descentry.record.chunk import Floats

NUMBER = re.compile(r"[-+]?(?:\d[\d,_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
UNITS = (1.0, 1e3, 1e6, 1e9, 1e12, 1e-3, 1e-2, 60.0, 3600.0)
"""K, M, G, T, milliseconds, percent, minutes, hours."""


def numbers_in(text: str) -> set[float]:
    """Every number of the text: whole, and from every place inside a longer row of digits and signs."""
    found = set()
    for match in NUMBER.finditer(text):
        word = match.group().replace("_", "")
        for piece in {word, word.lstrip("+-"), word.replace(",", ""), word.rstrip("."), *word.split(",")}:
            try:
                found.add(abs(float(piece)))
            except ValueError:
                continue
    return found


def invented(values: Iterable[Floats], text: str) -> list[float]:
    """Finite values that stand nowhere in the text, in any unit."""
    known = sorted(unit * one for one in numbers_in(text) for unit in UNITS)
    grid = np.array([*known, np.inf])
    out: list[float] = []
    for column in values:
        finite = np.abs(column[np.isfinite(column)])
        at = np.searchsorted(grid, finite * (1 - 1e-9))
        out += finite[(grid[at] > finite * (1 + 1e-9)) & (finite != 0)].tolist()
    return out
