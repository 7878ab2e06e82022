"""LevelDB's log framing, as W&B writes it: records out of a stream of bytes, whatever its split.

The file is a row of blocks of 32 KiB.  A record is checksum (uint32), length (uint16), type (one byte) and
data; type 1 is whole, 2 to 4 are first, middle and last piece of one that spans blocks.  A block's last
bytes, too few for a header, are zero.  W&B's checksum is the plain CRC-32 of type and data; the file has a
head of 7 bytes.  After damage reading goes on at the next block.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

HEAD = b":W&B\xe1\xbe"
HEAD_SIZE = 7
BLOCK = 32768
_HEADER = struct.Struct("<IHB")
HEADER_SIZE = _HEADER.size
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4
_FULL_SEED = zlib.crc32(bytes((FULL,)))
MAX_RECORD = 16 << 20


class Records(NamedTuple):
    """`payloads` of records, and the byte of the file behind each."""

    payloads: list[bytes]
    ends: list[int]


class Damage(tuple[int, str]):
    """(byte, what is wrong there) of a piece that was left out."""

    __slots__ = ()


class LogRecords:
    """Cuts records out of what is fed.  `damages` grows when something had to be left out."""

    def __init__(self) -> None:
        self.damages: list[Damage] = []
        self._data = b""
        self._offset = 0
        self._skip_head = HEAD_SIZE
        self._pieces: list[bytes] | None = None
        self._n_in_pieces = 0
        self._skipping = 0

    @property
    def n_waiting(self) -> int:
        """Bytes that are no whole record yet."""
        return len(self._data.rstrip(b"\0")) + sum(map(len, self._pieces or ()))

    @property
    def offset(self) -> int:
        """The byte at which the next piece starts."""
        return self._offset

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The payload of each record that is whole now; meanwhile `offset` is the byte behind it."""
        for batch in self._batches(data):
            after = self._offset
            for payload, self._offset in zip(*batch, strict=True):
                yield payload
            self._offset = after

    def feed_all(self, data: bytes) -> Records:
        """The records that are whole now."""
        found = Records([], [])
        for batch in self._batches(data):
            found.payloads.extend(batch.payloads)
            found.ends.extend(batch.ends)
        return found

    def _batches(self, data: bytes) -> Iterator[Records]:
        """Records that follow each other; `offset` is the byte behind the last."""
        self._data += data
        at = 0
        while True:
            batch = self._whole(at)
            if batch.ends:
                at, _ = self._moved(at, batch.ends[-1] - self._offset)
                yield batch
            step = self._step(at)
            if step is None:
                break
            at, record = step
            if record is not None:
                yield Records([record], [self._offset])
        self._data = self._data[at:]

    def _whole(self, at: int) -> Records:
        """The sound records of one piece that follow each other in this block; none may be."""
        payloads: list[bytes] = []
        ends: list[int] = []
        if self._skip_head or self._skipping:
            return Records(payloads, ends)
        data, ahead = self._data, self._offset - at
        last = min(len(data), at + BLOCK - self._offset % BLOCK)
        header, crc32 = _HEADER.unpack_from, zlib.crc32
        start = at + HEADER_SIZE
        while start <= last:
            checksum, size, kind = header(data, start - HEADER_SIZE)
            end = start + size
            payload = data[start:end]
            if kind != FULL or end > last or crc32(payload, _FULL_SEED) != checksum:
                break
            payloads.append(payload)
            ends.append(end + ahead)
            start = end + HEADER_SIZE
        if ends:
            self._pieces = None
        return Records(payloads, ends)

    def _step(self, at: int) -> tuple[int, bytes | None] | None:
        """The next position and the record that ends there, or None when more bytes are needed."""
        left = len(self._data) - at
        in_block = BLOCK - self._offset % BLOCK
        to_skip = self._skip_head or self._skipping or (in_block if in_block < HEADER_SIZE else 0)
        if to_skip:
            n = min(to_skip, left)
            self._skip_head -= n if self._skip_head else 0
            self._skipping -= n if self._skipping else 0
            return self._moved(at, n) if n else None
        if left < HEADER_SIZE:
            return None
        checksum, size, kind = _HEADER.unpack_from(self._data, at)
        room = in_block - HEADER_SIZE
        # Only what does not fit into a block goes on in the next: such pieces end with their block.
        if size > room or not FULL <= kind <= LAST or (kind in (FIRST, MIDDLE) and size < room):
            return self._damaged(at, f"a piece of type {kind} and {size} bytes cannot stand here", in_block)
        if left < HEADER_SIZE + size:
            return None
        start = at + HEADER_SIZE
        body = self._data[start : start + size]
        if zlib.crc32(body, zlib.crc32(bytes((kind,)))) != checksum:
            return self._damaged(at, "a checksum is wrong", in_block)
        moved = self._moved(at, HEADER_SIZE + size)
        return moved[0], self._joined(kind, body)

    def _moved(self, at: int, n: int) -> tuple[int, None]:
        self._offset += n
        return at + n, None

    def _damaged(self, at: int, reason: str, in_block: int) -> tuple[int, None]:
        """Gives up the rest of the block."""
        self.damages.append(Damage((self._offset, reason)))
        self._pieces = None
        self._skipping = in_block
        return at, None

    def _joined(self, kind: int, body: bytes) -> bytes | None:
        if kind == FULL:
            self._pieces = None
            return body
        if kind == FIRST:
            self._pieces, self._n_in_pieces = [body], len(body)
            return None
        if self._pieces is None:
            return None
        if body:
            self._pieces.append(body)
            self._n_in_pieces += len(body)
        if self._n_in_pieces > MAX_RECORD:
            self.damages.append(Damage((self._offset, f"a record has more than {MAX_RECORD >> 20} MiB")))
            self._pieces = None
        if kind == LAST and self._pieces is not None:
            record, self._pieces = b"".join(self._pieces), None
            return record
        return None
