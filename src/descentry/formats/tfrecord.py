"""TFRecord framing: records out of a stream of bytes, whatever its split.

A record is its length (uint64, little-endian), a masked CRC-32C of the length, the payload, and a masked
CRC-32C of the payload.  Every length is checked against its checksum; where one is wrong, the next that is
right is looked for and what lies between is told as lost.  A record that is not whole yet waits.

Loops that log the same names at every step write the same pattern of lengths again and again.  Once a pattern
has come twice, the lengths and their checksums are compared where it predicts them, many periods at once: each
that is right proves where the next one stands, so the walk is exact and costs next to nothing.
"""

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from descentry.formats.crc32c import masked
from descentry.formats.tfrecord_scan import header_after
from descentry.record.chunk import Ints

_START = struct.Struct("<QI")
_CRC = struct.Struct("<I")
HEADER = 12
FOOTER = 4
FRAME = HEADER + FOOTER
PADDING = 16
"""Zero bytes behind the data of a batch, so that whole words may be taken from any record."""
MAX_RECORD = 32 << 20
"""Bytes of a payload that is kept: pictures and graphs are smaller; what is larger is passed over."""
MAX_SEARCHES = 10_000
"""A file with more wrong lengths was made to keep us busy: what follows is given up."""
MAX_KNOWN = 1 << 16
"""Lengths whose checksum is remembered."""
MAX_PERIOD = 2048
"""Records of the longest pattern that is looked for."""
PROBE = 4
"""So many lengths must come again, in this order, before a whole period is compared."""
LEAST_BURST = 32
MOST_BURST = 1 << 16
"""Records that are walked one by one between two looks for a pattern; doubled whenever none is found."""
LEAST_RUN = 128
"""Records of a run that is worth its overhead."""
LEAST_PERIODS = 16


class Run(NamedTuple):
    """`count` times a pattern of records: `at` is where the first header stands in the data."""

    at: int
    count: int
    sizes: tuple[int, ...]

    @property
    def n_bytes(self) -> int:
        """Bytes of one period."""
        return sum(self.sizes) + FRAME * len(self.sizes)

    def offsets(self) -> list[int]:
        """Where the headers of one period stand, counted from its first."""
        ends = np.cumsum(np.array(self.sizes, np.int64) + FRAME)
        return [0, *ends[:-1].tolist()]

    def payloads(self, first: int = 0) -> tuple[Ints, Ints]:
        """Starts and sizes of the payloads from period `first` on: int64[n] each."""
        periods = self.at + HEADER + self.n_bytes * np.arange(first, self.count, dtype=np.int64)
        starts = periods[:, None] + np.array(self.offsets(), np.int64)
        return starts.ravel(), np.tile(np.array(self.sizes, np.int64), len(periods))


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
        self._pattern: tuple[int, ...] = ()
        self._burst = LEAST_BURST

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
            run = self._run(data, at, end)
            if run is not None:
                runs.append(run)
                at += run.count * run.n_bytes
            n_known = len(sizes)
            at = self._walk(data, at, end, starts, sizes)
            self._look_for_pattern(sizes, len(sizes) - n_known)
        if self._n_skipped:
            self._n_needed = HEADER
            self._n_skipped -= end - at
            at = end
        self.offset = offset + at
        return Batch(data, offset, np.array(starts, np.int64), np.array(sizes, np.int64), runs)

    def _walk(self, data: bytes, at: int, end: int, starts: "array[int]", sizes: "array[int]") -> int:
        """Takes up to a burst of records one by one; the position after them."""
        start_of, known = _START.unpack_from, self._checksums
        for _ in range(self._burst):
            if end - at < HEADER:
                self._n_needed = HEADER
                break
            size, checksum = start_of(data, at)
            if known.get(size) != checksum and not self._is_length(size, checksum, data[at : at + 8]):
                self._lost_from = self.offset + at
                break
            after = at + FRAME + size
            if after > end:
                self._wait_for(size, self.offset + at)
                break
            starts.append(at + HEADER)
            sizes.append(size)
            at = after
        return at

    def _wait_for(self, size: int, offset: int) -> None:
        """Notes how many bytes the next record needs, or that it is to be passed over."""
        self._n_needed = FRAME + size
        if size > MAX_RECORD:
            self._n_skipped = FRAME + size
            self.damages.append(Damage(offset, FRAME + size, f"it is larger than {MAX_RECORD >> 20} MiB"))

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

    def _run(self, data: bytes, at: int, end: int) -> Run | None:
        """The run that starts here, when the pattern holds for long enough."""
        if not self._pattern:
            return None
        run = Run(at, 0, self._pattern)
        room = (end - at) // run.n_bytes
        count, step = 0, LEAST_PERIODS
        while count < room:
            n = min(step, room - count)
            good = self._n_regular(data, run._replace(at=at + count * run.n_bytes, count=n))
            count += good
            step *= 8
            if good < n:
                break
        if count < LEAST_PERIODS or count * len(self._pattern) < LEAST_RUN:
            if count < room:
                self._pattern = ()
            return None
        self._burst = LEAST_BURST
        return run._replace(count=count)

    def _n_regular(self, data: bytes, run: Run) -> int:
        """For how many periods the lengths and their checksums are those of the pattern."""
        good, stride = run.count, run.n_bytes
        for size, offset in zip(run.sizes, run.offsets(), strict=True):
            for form, expected, shift in (("<u8", size, 0), ("<u4", self._checksums.get(size, -1), 8)):
                at = run.at + offset + shift
                is_same = np.ndarray((good,), form, data, at, (stride,)) == expected
                if not is_same.all():
                    good = int(is_same.argmin())
                if not good:
                    return 0
        return good

    def _look_for_pattern(self, sizes: "array[int]", n_new: int) -> None:
        """Takes up a pattern that ended just now; else waits longer for the next look."""
        if n_new < self._burst:
            return
        n = period(sizes)
        self._pattern = tuple(sizes[-n:]) if n else ()
        self._burst = min(self._burst * 2, MOST_BURST)


def period(sizes: "array[int]") -> int:
    """The smallest number of sizes at the end that are those before them, too; 0 when there is none.

    >>> period(array("q", [9, 5, 6, 7, 8, 5, 6, 7, 8]))
    4
    """
    width = sizes.itemsize
    last = sizes[-2 * MAX_PERIOD :].tobytes()
    probe = last[-PROBE * width :]
    at = len(last) - len(probe)
    for _ in range(2 * PROBE):
        at = last.rfind(probe, 0, at + len(probe) - 1)
        if at < 0:
            return 0
        n_bytes = len(last) - len(probe) - at
        if n_bytes % width == 0 and last[-n_bytes:] == last[-2 * n_bytes : -n_bytes]:
            return n_bytes // width
    return 0


def is_head(head: bytes) -> bool:
    """Whether a file starts with a record whose length has the right checksum."""
    return len(head) >= HEADER and masked(head[:8]) == _CRC.unpack_from(head, 8)[0]


def is_intact(payload: bytes, checksum: int) -> bool:
    """Whether the payload is what was written."""
    return masked(payload) == checksum
