"""CRC-32C (Castagnoli), the checksum of TFRecord files, with its mask: of one text, or of many at once.

Polynomial 0x82F63B78, reflected; the mask is `rotate right 15, add 0xA282EAD8`.  Many texts of one length go
side by side, two bytes a step; a long one is cut into pieces that do so and are put together again (the
checksum of zeros appended is a linear map of 32 bits: Mark Adler's crc32_combine has the idea).
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]
Rows = NDArray[np.uint8]

POLYNOMIAL = 0x82F63B78
MASK = 0xA282EAD8
PIECE = 256
"""Bytes of the pieces of a long text; more means fewer levels to join, fewer means wider steps."""
LONG = 8192
"""From so many bytes on, cutting into pieces is quicker than a loop over the bytes."""
ALL = 0xFFFFFFFF


@cache
def _table() -> tuple[int, ...]:
    """The CRC of each single byte."""
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (POLYNOMIAL if crc & 1 else 0)
        table.append(crc)
    return tuple(table)


@cache
def _pair_table() -> Words:
    """The CRC of each pair of bytes, uint32[65536]."""
    table = np.array(_table(), np.uint32)
    pairs = np.arange(65536, dtype=np.uint32)
    once: Words = table[pairs & 0xFF] ^ (pairs >> 8)
    twice: Words = table[once & 0xFF] ^ (once >> 8)
    return twice


def crc32c(data: bytes) -> int:
    """The checksum of `data`.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    if len(data) >= LONG:
        return _of_long(data)
    table = _table()
    crc = ALL
    for byte in data:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF]
    return crc ^ ALL


def masked(data: bytes) -> int:
    """The checksum as it stands in a TFRecord."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + MASK) & ALL


def masked_rows(rows: Rows) -> Words:
    """The checksums of many texts of one length as they stand in TFRecords: uint8[n, size] to uint32[n]."""
    crcs = ~_raw(rows, ALL)
    return (crcs >> np.uint32(15) | crcs << np.uint32(17)) + np.uint32(MASK)


def _raw(rows: Rows, start: int) -> Words:
    """The registers after each row, begun with `start` and not inverted at the end."""
    pairs, size = _pair_table(), rows.shape[1]
    crcs: Words = np.full(len(rows), start, np.uint32)
    for at in range(0, size - 1, 2):
        both = rows[:, at] | rows[:, at + 1].astype(np.uint16) << np.uint16(8)
        crcs = pairs[(crcs ^ both) & 0xFFFF] ^ (crcs >> 16)
    if size % 2:
        singles = np.array(_table(), np.uint32)
        crcs = singles[(crcs ^ rows[:, -1]) & 0xFF] ^ (crcs >> 8)
    return crcs


def _of_long(data: bytes) -> int:
    """The checksum of a long text.  Zeros in front change nothing once the start is folded into its bytes."""
    n_pieces = 1 << (-(-len(data) // PIECE) - 1).bit_length()
    whole = np.zeros(n_pieces * PIECE, np.uint8)
    text = whole[len(whole) - len(data) :]
    text[:] = np.frombuffer(data, np.uint8)
    text[:4] ^= 0xFF
    crcs = _raw(whole.reshape(n_pieces, PIECE), 0)
    shift = _after_zeros(PIECE)
    while len(crcs) > 1:
        crcs = _mapped(shift, crcs[0::2]) ^ crcs[1::2]
        shift = _mapped(shift, shift)
    return int(crcs[0]) ^ ALL


@cache
def _after_zeros(n: int) -> Words:
    """What `n` zero bytes make of each single bit of the register: uint32[32]."""
    bits = np.uint32(1) << np.arange(32, dtype=np.uint32)
    table = np.array(_table(), np.uint32)
    for _ in range(n):
        bits = table[bits & 0xFF] ^ (bits >> 8)
    return bits


def _mapped(images: Words, registers: Words) -> Words:
    """The registers under the linear map that sends bit i to `images[i]`."""
    out = np.zeros(len(registers), np.uint32)
    for i in range(32):
        out ^= ((registers >> np.uint32(i)) & np.uint32(1)) * images[i]
    return out
