"""Runs of records whose lengths repeat a pattern: finding the pattern, and how far it holds.

Loops that log the same names at every step write the same pattern of lengths again and again.  Once a pattern
has come twice, the lengths and their checksums are compared where it predicts them, many periods at once: each
that is right proves where the next one stands, so the walk is exact and costs next to nothing.
"""

from array import array
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from descentry.record.chunk import Ints

HEADER = 12
"""Bytes before a payload: its length and the checksum of the length."""
FOOTER = 4
"""Bytes behind it: its checksum."""
FRAME = HEADER + FOOTER
MAX_PERIOD = 2048
"""Records of the longest pattern that is looked for."""
PROBE = 4
"""So many lengths must come again, in this order, before a whole period is compared."""
LEAST_BURST = 32
MOST_BURST = 1 << 16
"""Records that are walked one by one between two looks for a pattern; doubled whenever none holds."""
LEAST_RUN = 128
"""Records of a run that is worth its overhead."""
LEAST_PERIODS = 16


class Run(NamedTuple):
    """`n_periods` times a pattern of records: `at` is where the first header stands in the data."""

    at: int
    n_periods: int
    sizes: tuple[int, ...]

    @property
    def stride(self) -> int:
        """Bytes of one period."""
        return sum(self.sizes) + FRAME * len(self.sizes)

    def offsets(self) -> list[int]:
        """Where the headers of one period stand, counted from its first."""
        ends = np.cumsum(np.array(self.sizes, np.int64) + FRAME)
        return [0, *ends[:-1].tolist()]

    def payloads(self, first: int = 0) -> tuple[Ints, Ints]:
        """Starts and sizes of the payloads from period `first` on: int64[n] each."""
        periods = self.at + HEADER + self.stride * np.arange(first, self.n_periods, dtype=np.int64)
        starts = periods[:, None] + np.array(self.offsets(), np.int64)
        return starts.ravel(), np.tile(np.array(self.sizes, np.int64), len(periods))


class Pattern:
    """The lengths that came last, and when to look at them again."""

    def __init__(self) -> None:
        self._sizes: tuple[int, ...] = ()
        self.burst = LEAST_BURST

    def run(self, data: bytes, at: int, end: int, checksums: Mapping[int, int]) -> Run | None:
        """The run that starts at `at`, when the pattern holds for long enough; `checksums` of the lengths."""
        if not self._sizes:
            return None
        run = Run(at, 0, self._sizes)
        room = (end - at) // run.stride
        n_periods, step = 0, LEAST_PERIODS
        while n_periods < room:
            n = min(step, room - n_periods)
            good = _n_regular(data, Run(at + n_periods * run.stride, n, self._sizes), checksums)
            n_periods += good
            step *= 8
            if good < n:
                break
        if n_periods < LEAST_PERIODS or n_periods * len(self._sizes) < LEAST_RUN:
            if n_periods < room:
                self._sizes = ()
            return None
        self.burst = LEAST_BURST
        return run._replace(n_periods=n_periods)

    def look(self, sizes: "array[int]", n_new: int) -> None:
        """Takes up the pattern that ends with the newest of the sizes, after each burst; the next is longer."""
        if n_new < self.burst:
            return
        n = period(sizes)
        self._sizes = tuple(sizes[-n:]) if n else ()
        self.burst = min(self.burst * 2, MOST_BURST)


def _n_regular(data: bytes, run: Run, checksums: Mapping[int, int]) -> int:
    """For how many periods the lengths and their checksums are those of the pattern."""
    good, stride = run.n_periods, run.stride
    for size, offset in zip(run.sizes, run.offsets(), strict=True):
        for form, expected, shift in (("<u8", size, 0), ("<u4", checksums.get(size, -1), 8)):
            at = run.at + offset + shift
            is_same = np.ndarray((good,), form, data, at, (stride,)) == expected
            if not is_same.all():
                good = int(is_same.argmin())
            if not good:
                return 0
    return good


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
