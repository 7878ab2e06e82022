"""A walk through many protocol buffer records of W&B at once: to the items of their histories.

`text` holds all records, one behind the other, and a few bytes more; positions are indices into it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from descentry.record.chunk import Ints

Bytes = NDArray[np.uint8]

SIZED = 2
"""The wire type of a field that says its size; with the high bit clear its number is below 16."""
NUMBER_TAG = 0x08
HISTORY_TAG, CONFIG_TAG = 0x12, 0x2A
ITEM_TAG, STEP_TAG = 0x0A, 0x12
KEY_TAG, NESTED_KEY_TAG = 0x0A, 0x12
VALUE_TAG = 0x82, 0x01
MAX_BODY = 1 << 14
MAX_ITEMS = 1024
"""Records of a few hundred items at most: with longer ones too few stand in a block for steps in all at once."""
MAX_NESTED = 16
MAX_SIZE_BYTES = 4
PADDING = 16
"""Bytes behind the records, so that a look past the end of the last finds nothing instead of failing."""


class Irregular(ValueError):
    """The records are not built as wandb builds them, or too variously: they are read one by one."""


class Items(NamedTuple):
    """int64[m] each: the record of an item, where its names start and end, where its value starts and ends."""

    record: Ints
    key: Ints
    key_end: Ints
    value: Ints
    stop: Ints


def bodies(text: Bytes, starts: Ints, ends: Ints) -> tuple[Ints, Ints, Ints]:
    """Where the histories start and end; and which records are no such, and may hold something else than
    a number and one field without interest.

    Raises Irregular.
    """
    plain = np.flatnonzero((text[starts] == NUMBER_TAG) & (starts < ends))
    tags_at = _past_number(text, starts[plain] + 1)
    tags = text[np.minimum(tags_at, ends[plain])]
    has_small_field = (tags & 0x87) == SIZED
    plain, tags_at, tags = plain[has_small_field], tags_at[has_small_field], tags[has_small_field]
    sizes, first = _sizes(text, tags_at + 1)
    fits = first + sizes == ends[plain]
    is_history = fits & (tags == HISTORY_TAG)
    others = np.ones(len(starts), np.bool_)
    others[plain[fits & (tags != CONFIG_TAG)]] = False
    return first[is_history], ends[plain[is_history]], np.flatnonzero(others)


def _past_number(text: Bytes, at: Ints) -> Ints:
    """The position behind the number at each position."""
    at = at.copy()
    going_on = np.flatnonzero(text[at] >= 0x80)
    for _ in range(9):
        if not len(going_on):
            return at + 1
        at[going_on] += 1
        going_on = going_on[text[np.minimum(at[going_on], len(text) - 1)] >= 0x80]
    raise Irregular


def _sizes(text: Bytes, at: Ints) -> tuple[Ints, Ints]:
    """The size that is spelt at each position, below 2^28, and the position behind it."""
    at = np.minimum(at, len(text) - MAX_SIZE_BYTES)
    byte = text[at]
    sizes = (byte & 0x7F).astype(np.int64)
    behind = at + 1
    going_on = np.flatnonzero(byte >= 0x80)
    for shift in range(7, 7 * MAX_SIZE_BYTES, 7):
        if not len(going_on):
            return sizes, behind
        byte = text[np.minimum(behind[going_on], len(text) - 1)]
        sizes[going_on] |= (byte & 0x7F).astype(np.int64) << shift
        behind[going_on] += 1
        going_on = going_on[byte >= 0x80]
    if len(going_on):
        raise Irregular
    return sizes, behind


def items_of(text: Bytes, first: Ints, last: Ints) -> Items:
    """The items of the histories.  Raises Irregular."""
    if (last - first).max() > MAX_BODY:
        raise Irregular
    record = np.arange(len(first))
    found: list[tuple[Ints, Ints, Ints]] = []
    at, end = first, last
    for _ in range(MAX_ITEMS):
        live = at < end
        tags = text[np.minimum(at, end)]
        sizes, inner = _sizes(text, at + 1)
        stop = inner + sizes
        is_item = live & (tags == ITEM_TAG)
        is_step = live & (tags == STEP_TAG) & (stop == end)
        if (live & ~is_item & ~is_step).any() or (stop[is_item] > end[is_item]).any():
            raise Irregular
        if not is_item.any():
            break
        found.append((record[is_item], inner[is_item], stop[is_item]))
        record, at, end = record[is_item], stop[is_item], end[is_item]
    else:
        raise Irregular
    if not found:
        raise Irregular
    return _entered(text, *(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _entered(text: Bytes, record: Ints, start: Ints, stop: Ints) -> Items:
    """The items with the places of their names and values.  Raises Irregular."""
    at = _past_name(text, start, (text[start] == NESTED_KEY_TAG) | (text[start] == KEY_TAG))
    for _ in range(MAX_NESTED):
        nested = text[at] == NESTED_KEY_TAG
        if not nested.any():
            break
        at = _past_name(text, at, nested)
    if (at + 2 >= stop).any() or (text[at] != VALUE_TAG[0]).any() or (text[at + 1] != VALUE_TAG[1]).any():
        raise Irregular
    sizes, value = _sizes(text, at + 2)
    if (value + sizes != stop).any() or not sizes.all():
        raise Irregular
    return Items(record, start, at, value, stop)


def _past_name(text: Bytes, at: Ints, is_name: NDArray[np.bool_]) -> Ints:
    """Behind the name at each position where one is."""
    sizes = text[at + 1].astype(np.int64)
    if (sizes[is_name] >= 0x80).any():
        raise Irregular
    return np.minimum(np.where(is_name, at + 2 + sizes, at), len(text) - 3)
