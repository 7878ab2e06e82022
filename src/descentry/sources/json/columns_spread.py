"""Columns that are shorter than the others: values of every few rows, as of a validation every few epochs.

Where the length of the others is a multiple of theirs, each stands at the end of its part (Keras's
`validation_freq`); where they have one value more than parts, the first stands before all rows; where neither
holds, they stand in the first rows.
"""

from typing import Any

from descentry.sources.notes import Notes

GAP = object()
"""Stands where a spread column has no value."""
SPLIT_WORDS = frozenset({"train", "val", "test"})
MIN_PARTS = 3
"""Values from which an interval that has one value more may be told."""


def spread(name: str, values: list[Any], length: int, notes: Notes) -> list[Any]:
    """`length` cells with the `values`, fewer than that, in their places; told."""
    n = len(values)
    places, how = _places(n, length)
    cells: list[Any] = [GAP] * length
    for at, value in zip(places, values, strict=True):
        cells[at] = value
    notes.add("derived", f"`{name}` has {n} values where others have {length}: {how}")
    return cells


def _places(n: int, length: int) -> tuple[list[int], str]:
    """The rows of `n` values among `length`, and how they are found, in words."""
    every, rest = divmod(length, n)
    if not rest:
        return [every * (i + 1) - 1 for i in range(n)], f"taken for those of every {every}th row"
    if n >= MIN_PARTS and length % (n - 1) == 0:
        every = length // (n - 1)
        places = [max(0, every * i - 1) for i in range(n)]
        return places, f"taken for the start and every {every}th row"
    if n >= MIN_PARTS and (length - 1) % (n - 1) == 0:
        every = (length - 1) // (n - 1)
        return [every * i for i in range(n)], f"taken for those of every {every}th row, from the first on"
    return list(range(n)), "taken for those of the first rows"
