"""History records of W&B to columns, all records of a block at once.

Each step of the walk (past a number, into a field, over an item) is made in all records together, with numpy;
every length is held against the record that it lies in.  Records that are not built the way wandb builds them
raise Irregular, and are read one by one.  The order of the items within a record does not matter: the writers
since 0.13 shuffle them.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from descentry.record.chunk import Ints
from descentry.sources.json.table import MAX_SHAPES, Group
from descentry.sources.json.values import BadJson, parsed
from descentry.sources.wandb.walk import PADDING, Bytes, Irregular, Items, bodies, items_of

MAX_NAMES = 4096
MAX_CELLS = 1 << 22
"""Records times names of one block: with more, hardly any record holds a name, and the table would be huge."""

Name = Callable[[bytes], str]
"""From the head of an item, its fields with the names, to the name that they give."""


class Columns(NamedTuple):
    """`names`: by number; `ids`: the number of each item's name; `there`: bool[records, names]."""

    names: list[str]
    ids: Ints
    there: NDArray[np.bool_]


def groups_of(records: Sequence[bytes], name: Name) -> tuple[list[Group], int, list[int]]:
    """The histories with the same names as groups; how many there are; the records that may be anything else.

    Raises Irregular.
    """
    text, (first, last, others) = histories(records)
    if not len(first):
        return [], 0, others.tolist()
    items = without_media(text, items_of(text, first, last))
    columns = _columns(text, items, len(first), name)
    return _groups(columns, values_of(text, items, _by_name(items, columns))), len(first), others.tolist()


def histories(records: Sequence[bytes]) -> tuple[Bytes, tuple[Ints, Ints, Ints]]:
    """The records one behind the other, and `walk.bodies` of them.  Raises Irregular."""
    text = np.frombuffer(bytearray(b"".join(chain(records, (bytes(PADDING),)))), np.uint8)
    sizes = np.fromiter(map(len, records), np.int64, len(records))
    ends = np.cumsum(sizes)
    return text, bodies(text, ends - sizes, ends)


def without_media(text: Bytes, items: Items) -> Items:
    """The items less those that describe a histogram, an image, …; other objects are Irregular."""
    objects = np.flatnonzero(text[items.value] == ord("{"))
    keep = np.ones(len(items.value), np.bool_)
    for at in objects.tolist():
        value = _parsed(text[items.value[at] : items.stop[at]].tobytes())
        if not isinstance(value, dict) or "_type" not in value:
            raise Irregular
        keep[at] = False
    return Items(*(part[keep] for part in items)) if len(objects) else items


def _columns(text: Bytes, items: Items, n_records: int, name: Name) -> Columns:
    """Which item is of which name."""
    names, ids = names_of(text, items, name)
    if len(names) > MAX_NAMES or n_records * len(names) > MAX_CELLS:
        raise Irregular
    there = np.zeros((n_records, len(names)), np.bool_)
    there[items.record, ids] = True
    if len(set(names)) != len(names) or np.count_nonzero(there) != len(ids):
        raise Irregular
    return Columns(names, ids, there)


def names_of(text: Bytes, items: Items, name: Name) -> tuple[list[str], Ints]:
    """The names by number, two of which may be alike, and the number of each item's name.  Raises Irregular."""
    sizes = items.key_end - items.key
    ids = np.empty(len(sizes), np.int64)
    names: list[str] = []
    for size in np.unique(sizes).tolist():
        chosen = np.flatnonzero(sizes == size)
        heads = np.lib.stride_tricks.sliding_window_view(text, size)[items.key[chosen]]
        firsts, which = _distinct(heads)
        ids[chosen] = which + len(names)
        names += [name(heads[at].tobytes()) for at in firsts.tolist()]
    return names, ids


def _distinct(rows: Bytes) -> tuple[Ints, Ints]:
    """Of the different rows of uint8[n, m] where each first stands, and for every row which it is."""
    if (rows == rows[0]).all():
        return np.zeros(1, np.int64), np.zeros(len(rows), np.int64)
    n_words = -(-rows.shape[1] // 8)
    padded = np.zeros((len(rows), 8 * n_words), np.uint8)
    padded[:, : rows.shape[1]] = rows
    odd = np.random.default_rng(0).integers(1 << 62, size=n_words, dtype=np.uint64) * np.uint64(
        2
    ) + np.uint64(1)
    sums = (padded.view(np.uint64) * odd).sum(axis=1, dtype=np.uint64)
    _, firsts, which = np.unique(sums, return_index=True, return_inverse=True)
    if not (rows == rows[firsts[which]]).all():
        raise Irregular
    return firsts.astype(np.int64), which.ravel().astype(np.int64)


def _by_name(items: Items, columns: Columns) -> Ints:
    """The items name by name, and in each record by record."""
    number = np.empty(columns.there.shape, np.int64)
    number[items.record, columns.ids] = np.arange(len(columns.ids))
    return number.T[columns.there.T]


def values_of(text: Bytes, items: Items, order: Ints) -> list[Any]:
    """The values of the items in that order.  Raises Irregular."""
    content = text.tobytes()
    bounds = zip(items.value[order].tolist(), items.stop[order].tolist(), strict=True)
    spelt = [content[start:stop] for start, stop in bounds]
    joined, odd = b",".join(spelt), {}
    if joined.count(b",") != len(spelt) - 1:
        for at in np.flatnonzero(_has_comma(text, items)[order]).tolist():
            odd[at], spelt[at] = _text(spelt[at]), b"0"
        joined = b",".join(spelt)
    values = _parsed(b"[%b]" % joined)
    if not isinstance(values, list) or len(values) != len(spelt):
        raise Irregular
    for at, value in odd.items():
        values[at] = value
    return values


def _has_comma(text: Bytes, items: Items) -> NDArray[np.bool_]:
    """In which items' values there is a comma."""
    commas = np.flatnonzero(text == ord(","))
    order = np.argsort(items.value)
    before = order[np.maximum(np.searchsorted(items.value[order], commas, side="right") - 1, 0)]
    found = np.zeros(len(order), np.bool_)
    found[before[(commas >= items.value[before]) & (commas < items.stop[before])]] = True
    return found


def _text(spelt: bytes) -> str:
    """The only value that may have a comma in it.  Raises Irregular for others."""
    value = _parsed(spelt)
    if not isinstance(value, str):
        raise Irregular
    return value


def _parsed(spelt: bytes) -> Any:
    try:
        return parsed(spelt)
    except BadJson as error:
        raise Irregular from error


def _groups(columns: Columns, values: list[Any]) -> list[Group]:
    """Records with the same names, in the order of their first ones."""
    firsts, which = _distinct(np.packbits(columns.there, axis=1))
    if len(firsts) > MAX_SHAPES:
        raise Irregular
    place = np.cumsum(columns.there, axis=0) - 1
    bounds = np.cumsum([0, *(place[-1] + 1)]).tolist()
    by_name = sorted(zip(columns.names, range(len(columns.names)), strict=True))
    groups = []
    for group in np.argsort(firsts).tolist():
        rows = np.flatnonzero(which == group)
        raw = {}
        for name, at in by_name:
            if columns.there[rows[0], at]:
                its = values[bounds[at] : bounds[at + 1]]
                is_whole = len(its) == len(rows)
                raw[name] = its if is_whole else [its[i] for i in place[rows, at].tolist()]
        groups.append(Group(rows.tolist(), raw))
    return groups
