"""TFRecord framing: records out of a stream of bytes, whatever its split.

A record is its length (uint64, little-endian), a masked CRC-32C of the length, the payload, and a masked
CRC-32C of the payload.  A record that is not whole yet waits; a length that cannot be one ends the stream.
"""

import struct
from collections.abc import Iterator

from descentry.formats.crc32c import masked

_LENGTH = struct.Struct("<Q")
_CRC = struct.Struct("<I")
HEADER = 12
FOOTER = 4
MAX_RECORD = 256 << 20
"""Bytes of a payload: images and graphs are far smaller; a larger length is damage."""
SUSPICIOUS = 1 << 20
"""A payload of this size is waited for only when the length's own checksum is right."""


class Records:
    """Cuts records out of what is fed.  `problem`: why no more can come, "" while all is well.

    `offset` is the byte at which the next record starts.
    """

    def __init__(self) -> None:
        self.offset = 0
        self.problem = ""
        self._rest = b""

    @property
    def n_waiting(self) -> int:
        """Bytes of a record that is not whole."""
        return len(self._rest)

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes, int]]:
        """(offset, payload, stored checksum of the payload) of each record that is whole now."""
        data = self._rest + data if self._rest else data
        at, end = 0, len(data)
        start = self.offset
        while end - at >= HEADER and not self.problem:
            size = _LENGTH.unpack_from(data, at)[0]
            if size > SUSPICIOUS and not self._is_length(data[at : at + HEADER], size, start + at):
                break
            stop = at + HEADER + size
            if stop + FOOTER > end:
                break
            self.offset = start + stop + FOOTER
            yield start + at, data[at + HEADER : stop], _CRC.unpack_from(data, stop)[0]
            at = stop + FOOTER
        self._rest = b"" if self.problem else data[at:]

    def _is_length(self, header: bytes, size: int, offset: int) -> bool:
        if size <= MAX_RECORD and masked(header[:8]) == _CRC.unpack_from(header, 8)[0]:
            return True
        self.problem = f"a record claims {size} bytes; nothing after byte {offset} can be found"
        return False


def is_head(head: bytes) -> bool:
    """Whether a file starts with a record whose length has the right checksum."""
    return len(head) >= HEADER and masked(head[:8]) == _CRC.unpack_from(head, 8)[0]


def is_intact(payload: bytes, checksum: int) -> bool:
    """Whether the payload is what was written."""
    return masked(payload) == checksum
