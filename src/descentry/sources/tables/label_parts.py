"""Columns whose rows are sorted by their labels: the series of each split and process, in the order of the rows."""

from collections.abc import Mapping, Sequence

import numpy as np

from descentry.record.chunk import Column, Ints
from descentry.sources.labels import all_labelled
from descentry.sources.rows import in_order

Parts = Sequence[tuple[str, Ints]]
"""What goes in front of the names, and the rows of which it does, in order; rows in no part are left out."""


def sorted_columns(
    columns: Mapping[str, Column], n_rows: int, parts: Parts
) -> tuple[dict[str, Column], Ints]:
    """The columns of a block with their rows sorted into `parts`, and the rows that are left."""
    kept = np.sort(np.concatenate([rows for _, rows in parts])) if parts else np.empty(0, np.int64)
    place = np.full(n_rows, -1, np.int64)
    place[kept] = np.arange(len(kept))
    found: dict[str, list[Column]] = {}
    for prefix, rows in parts:
        names = all_labelled(columns, prefix)
        is_its = np.zeros(n_rows, np.bool_)
        is_its[rows] = True
        for name, (at, values) in columns.items():
            its = is_its[at]
            if its.any():
                part = Column(place[at[its]], values[its])
                found.setdefault(names[name], []).append(part)
    return {name: in_order(pieces) for name, pieces in found.items()}, kept
