"""CRC-32C (Castagnoli), the checksum of TFRecord files, with its mask.

Polynomial 0x82F63B78, reflected; the mask is `rotate right 15, add 0xA282EAD8`.
"""

from functools import cache

POLYNOMIAL = 0x82F63B78
MASK = 0xA282EAD8


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


def crc32c(data: bytes) -> int:
    """The checksum of `data`.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    table = _table()
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def masked(data: bytes) -> int:
    """The checksum as it stands in a TFRecord."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + MASK) & 0xFFFFFFFF
