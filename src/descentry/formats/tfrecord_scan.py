"""Where records begin again: the next length whose checksum is right, or the payloads whose is wrong."""

import struct

import numpy as np
from numpy.typing import NDArray

from descentry.formats.crc32c import masked, masked_rows
from descentry.record.chunk import Ints

LEAST_WINDOW = 1 << 10
MOST_WINDOW = 1 << 18
"""Bytes that are searched at once: few at first, since the next record is mostly near."""
FAR = 1 << 32
"""No length that is found again is larger, so its upper bytes are zero: few places are left to check."""
MAX_ROWS = 1 << 16
FEW = 8
_CRC = struct.Struct("<I")


def header_after(data: bytes, begin: int, end: int) -> int | None:
    """The first place from `begin` on where a length above 0 stands with its right checksum, or None.

    The last place that is looked at is 12 bytes before `end`.
    """
    first, window = begin, LEAST_WINDOW
    while first < end - 11:
        last = min(first + window, end - 11)
        lengths = np.ndarray((last - first,), "<u8", data, first, (1,))
        places = first + np.flatnonzero((lengths < FAR) & (lengths > 0))
        checksums = rows_at(data, places + 8, 4).view("<u4").ravel()
        hits = masked_rows(rows_at(data, places, 8)) == checksums
        if hits.any():
            return int(places[hits.argmax()])
        first, window = last, min(window * 8, MOST_WINDOW)
    return None


def damaged(data: bytes, starts: Ints, sizes: Ints) -> Ints:
    """Indices of the payloads whose checksum is wrong, rising.  `starts`, `sizes`: int64[n], in `data`."""
    bad: list[Ints] = [np.empty(0, np.int64)]
    order = np.argsort(sizes, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(sizes[order])) + 1):
        for at in range(0, len(group), MAX_ROWS):
            part = group[at : at + MAX_ROWS]
            bad.append(part[~_are_right(data, starts[part], int(sizes[part[0]]))])
    return np.sort(np.concatenate(bad))


def _are_right(data: bytes, starts: Ints, size: int) -> NDArray[np.bool_]:
    stored = rows_at(data, starts + size, 4).view("<u4").ravel()
    if len(starts) < FEW:
        found = np.array([masked(data[start : start + size]) for start in starts.tolist()], np.uint32)
    else:
        found = masked_rows(rows_at(data, starts, size))
    is_right: NDArray[np.bool_] = found == stored
    return is_right


def rows_at(data: bytes, starts: Ints, size: int) -> NDArray[np.uint8]:
    """The bytes from each start on, side by side: uint8[n, size]."""
    everywhere = np.ndarray((len(data) - size + 1, size), np.uint8, data, 0, (1, 1))
    return everywhere[starts]
