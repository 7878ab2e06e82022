"""TFRecord framing: records out of a stream of bytes, whatever its split.

A record is its length (uint64, little-endian), a masked CRC-32C of the length, the payload, and a masked
CRC-32C of the payload.  Every length is checked against its checksum; where one is wrong, the next that is
right is looked for and what lies between is told as lost.  A record that is not whole yet waits.
"""

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from descentry.formats.crc32c import masked
from descentry.formats.tfrecord_runs import FRAME, HEADER, Pattern, Run
from descentry.formats.tfrecord_scan import header_after
from descentry.record.chunk import Ints

_START = struct.Struct("<QI")
_CRC = struct.Struct("<I")
PADDING = 16
"""Zero bytes behind the data of a batch, so that whole words may be taken from any record."""
MAX_RECORD = 32 << 20
"""Bytes of a payload that is kept: pictures and graphs are smaller; what is larger is passed over."""
MAX_SEARCHES = 10_000
"""A file with more wrong lengths was made to keep us busy: what follows is given up."""
MAX_KNOWN = 1 << 16
"""Lengths whose checksum is remembered."""


class Damage(NamedTuple):
    """`n_bytes` of the file from `offset` on that hold no record that can be read, and why."""

    offset: int
    n_bytes: int
    reason: str


@dataclass(slots=True)
class Batch:
    """Records that are whole.  `data`: bytes of the file from `offset` on, with `PADDING` zeros behind them.

    `starts`, `sizes`: int64[n], the payloads of single records, rising; `runs`: those that repeat a pattern.
    """

    data: bytes
    offset: int
    starts: Ints
    sizes: Ints
    runs: list[Run] = field(default_factory=list)

    def __iter__(self) -> Iterator[tuple[int, bytes, int]]:
        """(offset in the file, payload, stored checksum of the payload) of each record, in order."""
        starts, sizes = self.all_payloads()
        for start, size in zip(starts.tolist(), sizes.tolist(), strict=True):
            checksum = _CRC.unpack_from(self.data, start + size)[0]
            yield self.offset + start - HEADER, self.data[start : start + size], checksum

    def all_payloads(self) -> tuple[Ints, Ints]:
        """Starts and sizes of the payloads of all records, in order: int64[n] each."""
        if not self.runs:
            return self.starts, self.sizes
        parts = [run.payloads() for run in self.runs]
        starts = np.concatenate([self.starts, *(part for part, _ in parts)])
        sizes = np.concatenate([self.sizes, *(part for _, part in parts)])
        order = np.argsort(starts, kind="stable")
        return starts[order], sizes[order]


class Records:
    """Cuts records out of what is fed.

    `offset` is the byte at which the next record starts; `damages` grows with what had to be left out.
    """

    def __init__(self) -> None:
        self.offset = 0
        self.damages: list[Damage] = []
        self._waiting: list[bytes] = []
        self._n_waiting = 0
        self._n_needed = HEADER
        self._n_skipped = 0
        self._lost_from = -1
        self._n_searches = 0
        self._checksums: dict[int, int] = {}
        self._pattern = Pattern()

    @property
    def n_waiting(self) -> int:
        """Bytes of a record that is not whole."""
        return self._n_waiting + (self._n_skipped > 0)

    def feed(self, data: bytes) -> Batch:
        """The records that are whole now."""
        data = self._after_skipped(data)
        self._waiting.append(data)
        self._n_waiting += len(data)
        if self._n_waiting < self._n_needed:
            return Batch(bytes(PADDING), self.offset, np.empty(0, np.int64), np.empty(0, np.int64))
        n_bytes = self._n_waiting
        batch = self._cut(b"".join((*self._waiting, bytes(PADDING))), n_bytes)
        self._waiting = [batch.data[self.offset - batch.offset : n_bytes]]
        self._n_waiting = len(self._waiting[0])
        return batch

    def end(self) -> None:
        """Says that nothing more comes: what was being searched for a record is lost."""
        if self._lost_from >= 0:
            self.offset += self._n_waiting
            self._waiting, self._n_waiting = [], 0
            self._found_again(self.offset, "no length with the right checksum follows")

    def _after_skipped(self, data: bytes) -> bytes:
        """`data` without what belongs to a record that is passed over."""
        n = min(self._n_skipped, len(data))
        self._n_skipped -= n
        self.offset += n
        return data[n:]

    def _cut(self, data: bytes, end: int) -> Batch:
        """Walks through `data[:end]`: whole runs where the pattern holds, else single records."""
        offset = self.offset
        starts, sizes = array("q"), array("q")
        runs: list[Run] = []
        at, self._n_needed = 0, 0
        while not self._n_needed:
            if self._lost_from >= 0:
                at = self._search(data, at, end)
                continue
            run = self._pattern.run(data, at, end, self._checksums)
            if run is not None:
                runs.append(run)
                at += run.n_periods * run.stride
            n_known = len(sizes)
            at = self._walk(data, at, end, starts, sizes)
            self._pattern.look(sizes, len(sizes) - n_known)
            n = min(self._n_skipped, end - at)
            at, self._n_skipped = at + n, self._n_skipped - n
        self.offset = offset + at
        return Batch(data, offset, np.array(starts, np.int64), np.array(sizes, np.int64), runs)

    def _walk(self, data: bytes, at: int, end: int, starts: "array[int]", sizes: "array[int]") -> int:
        """Takes up to a burst of records one by one; the position after them."""
        start_of, known = _START.unpack_from, self._checksums
        for _ in range(self._pattern.burst):
            if end - at < HEADER:
                self._n_needed = HEADER
                break
            size, checksum = start_of(data, at)
            if known.get(size) != checksum and not self._is_length(size, checksum, data[at : at + 8]):
                self._lost_from = self.offset + at
                break
            after = at + FRAME + size
            if size > MAX_RECORD:
                self._n_skipped = FRAME + size
                reason = f"it is larger than {MAX_RECORD >> 20} MiB"
                self.damages.append(Damage(self.offset + at, FRAME + size, reason))
                self._n_needed = HEADER if after > end else 0
                break
            if after > end:
                self._n_needed = FRAME + size
                break
            starts.append(at + HEADER)
            sizes.append(size)
            at = after
        return at

    def _is_length(self, size: int, checksum: int, spelled: bytes) -> bool:
        """Whether the checksum of a length is right; remembers it."""
        if masked(spelled) != checksum:
            return False
        if len(self._checksums) < MAX_KNOWN:
            self._checksums[size] = checksum
        return True

    def _search(self, data: bytes, at: int, end: int) -> int:
        """Goes on to the next length with the right checksum, or to the last bytes that may begin one."""
        begin = max(at, self._lost_from + 1 - self.offset)
        found = header_after(data, begin, end) if self._n_searches < MAX_SEARCHES else None
        if found is None:
            self._n_needed = HEADER
            return max(at, end - HEADER + 1)
        self._n_searches += 1
        self._found_again(self.offset + found, "a length has a wrong checksum")
        return found

    def _found_again(self, offset: int, reason: str) -> None:
        self.damages.append(Damage(self._lost_from, offset - self._lost_from, reason))
        self._lost_from = -1


def is_head(head: bytes) -> bool:
    """Whether a file starts with a record whose length has the right checksum."""
    return len(head) >= HEADER and masked(head[:8]) == _CRC.unpack_from(head, 8)[0]


def is_intact(payload: bytes, checksum: int) -> bool:
    """Whether the payload is what was written."""
    return masked(payload) == checksum
