"""Builds the bounded reduction of a curve, point by point or chunk by chunk, with equal results."""

from dataclasses import dataclass, field

import numpy as np

from descentry.record.chunk import Floats, Ints
from descentry.signal.robust import MAD_TO_SIGMA, SQRT_6, row_medians
from descentry.signal.shape import Shape

LEAF = 16
"""Points in the smallest block: enough for a median that shrugs off three strays."""
MAX_RAW = 8192
"""A curve is kept point by point up to this length, in 200 kB: every judge sees the data themselves."""
MAX_BLOCKS = 1024
"""Blocks are paired when there are this many, so 512 to 1024 describe a long curve."""

BUFFER = 1024
"""Single points wait in a list for this many, because a NumPy call costs as much as a hundred appends."""


@dataclass
class _Blocks:
    """Closed blocks as columns."""

    first_steps: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    last_steps: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    sizes: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    levels: Floats = field(default_factory=lambda: np.empty(0))
    low: Floats = field(default_factory=lambda: np.empty(0))
    high: Floats = field(default_factory=lambda: np.empty(0))
    scatter: Floats = field(default_factory=lambda: np.empty(0))

    def columns(self) -> tuple[Ints, Ints, Ints, Floats, Floats, Floats, Floats]:
        return (
            self.first_steps, self.last_steps, self.sizes, self.levels, self.low, self.high, self.scatter
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.levels)

    def joined(self, other: "_Blocks") -> "_Blocks":
        pairs = zip(self.columns(), other.columns(), strict=True)
        return _Blocks(*(np.concatenate(pair) for pair in pairs))

    def part(self, start: int, stop: int) -> "_Blocks":
        return _Blocks(*(column[start:stop] for column in self.columns()))  # type: ignore[arg-type]

    def paired(self) -> "_Blocks":
        """Neighbours merged two by two; the number of blocks is even."""
        a, b = slice(0, None, 2), slice(1, None, 2)
        total = self.sizes[a] + self.sizes[b]
        share = self.sizes[a] / total
        return _Blocks(
            self.first_steps[a],
            self.last_steps[b],
            total,
            share * self.levels[a] + (1 - share) * self.levels[b],
            np.minimum(self.low[a], self.low[b]),
            np.maximum(self.high[a], self.high[b]),
            share * self.scatter[a] + (1 - share) * self.scatter[b],
        )

    def before(self, step: int) -> "_Blocks":
        """The blocks that start before `step`."""
        return self.part(0, int(np.searchsorted(self.first_steps, step)))


def _leaves(steps: Ints, values: Floats) -> _Blocks:
    """Blocks of LEAF points each; the lengths are a multiple of LEAF."""
    rows = values.reshape(-1, LEAF)
    second = np.abs(np.diff(rows, 2, axis=1))
    return _Blocks(
        steps[::LEAF],
        steps[LEAF - 1 :: LEAF],
        np.full(len(rows), LEAF, np.int64),
        row_medians(rows),
        rows.min(axis=1),
        rows.max(axis=1),
        row_medians(second) * (MAD_TO_SIGMA / SQRT_6),
    )


class Summary:
    """The running reduction of one curve.  Memory is bounded whatever the length.

    Points are kept as they are up to MAX_RAW, then as 512 to 1024 blocks of 16, 32, 64, … points.
    What it holds depends on the points and their order alone, not on how they were cut into chunks.
    """

    def __init__(self) -> None:
        self._steps: list[int] = []
        self._values: list[float] = []
        self._raw_steps = np.empty(0, np.int64)
        self._raw_values = np.empty(0)
        self._blocks = _Blocks()
        self._waiting: list[_Blocks] = []
        self._is_raw = True
        self.n_points = 0
        self.n_nonfinite = 0
        self.first_nonfinite_step: int | None = None
        self.last_nonfinite_step: int | None = None
        self.first = np.nan
        self.last = np.nan
        self.smallest = np.nan
        self.largest = np.nan
        self.first_step: int | None = None
        self.last_step: int | None = None
        self._shape: Shape | None = None

    @property
    def n_seen(self) -> int:
        """Values seen, finite or not."""
        return self.n_points + self.n_nonfinite

    def add(self, step: int, value: float) -> None:
        """Take one point: the scalar form of `extend`, a few hundred nanoseconds."""
        self._shape = None
        if self.first_step is None:
            self.first_step = step
        self.last_step = step
        if value - value != 0.0:  # NaN or infinite
            self._note_nonfinite(step, step, 1)
            return
        if self.n_points == 0:
            self.first = value
        # Both are NaN before the first value; a rewind to nothing keeps them, as in `extend`.
        if not self.smallest <= value:
            self.smallest = value
        if not self.largest >= value:
            self.largest = value
        self.last = value
        self.n_points += 1
        self._steps.append(step)
        self._values.append(value)
        if len(self._values) >= BUFFER:
            self._flush()

    def extend(self, steps: Ints, values: Floats) -> None:
        """Take consecutive points: int64[n] steps and float64[n] values, NaN and infinities included."""
        if len(steps) < 4:
            for step, value in zip(steps.tolist(), values.tolist(), strict=True):
                self.add(step, value)
            return
        self._shape = None
        if self.first_step is None:
            self.first_step = int(steps[0])
        self.last_step = int(steps[-1])
        finite = np.isfinite(values)
        if not finite.all():
            odd = steps[~finite]
            self._note_nonfinite(int(odd[0]), int(odd[-1]), len(odd))
            steps, values = steps[finite], values[finite]
            if not len(values):
                return
        if self.n_points == 0:
            self.first = float(values[0])
        self.smallest = float(np.fmin(self.smallest, values.min()))
        self.largest = float(np.fmax(self.largest, values.max()))
        self.last = float(values[-1])
        self.n_points += len(values)
        self._flush()
        self._raw_steps = np.concatenate([self._raw_steps, steps])
        self._raw_values = np.concatenate([self._raw_values, values])
        self._compress()

    def rewind(self, step: int) -> None:
        """Forget what was said at or after `step`: a resumed run writes it anew.

        Blocks go when they start there; inside a block that spans the step nothing can be forgotten.
        """
        self._flush()
        self._shape = None
        keep = int(np.searchsorted(self._raw_steps, step))
        self._raw_steps, self._raw_values = self._raw_steps[:keep], self._raw_values[:keep]
        self._waiting = [blocks.before(step) for blocks in self._waiting]
        self._blocks = self._blocks.before(step)
        closed = [self._blocks, *self._waiting]
        self.n_points = sum(int(blocks.sizes.sum()) for blocks in closed) + len(self._raw_values)

    def shape(self) -> Shape:
        """The reduction as it stands, frozen.  Equal calls without a point between give one object."""
        if self._shape is None:
            self._flush()
            blocks = self._blocks.joined(self._tail())
            self._shape = Shape(
                *blocks.columns(),
                n_points=self.n_points,
                n_nonfinite=self.n_nonfinite,
                first_step=self.first_step if self.first_step is not None else 0,
                last_step=self.last_step if self.last_step is not None else 0,
                first=self.first,
                last=self.last,
                smallest=self.smallest,
                largest=self.largest,
            )
        return self._shape

    def _tail(self) -> _Blocks:
        """What is not yet in a full block: single points while all is raw, else one short block."""
        steps, values = self._raw_steps, self._raw_values
        if self._is_raw:
            unknown = np.full(len(values), np.nan)
            return _Blocks(steps, steps, np.ones(len(steps), np.int64), values, values, values, unknown)
        tail = _Blocks()
        for blocks in reversed(self._waiting):
            tail = tail.joined(blocks)
        while len(tail) > 1:
            tail = tail.part(0, len(tail) - 2).joined(tail.part(len(tail) - 2, len(tail)).paired())
        return tail

    def _note_nonfinite(self, first: int, last: int, count: int) -> None:
        self.n_nonfinite += count
        if self.first_nonfinite_step is None:
            self.first_nonfinite_step = first
        self.last_nonfinite_step = last

    @np.errstate(over="ignore", invalid="ignore")
    def _flush(self) -> None:
        if self._values:
            self._raw_steps = np.concatenate([self._raw_steps, np.array(self._steps, np.int64)])
            self._raw_values = np.concatenate([self._raw_values, np.array(self._values)])
            self._steps.clear()
            self._values.clear()
            self._compress()

    def _compress(self) -> None:
        """Close leaves and carry them up, two becoming one, as in a binary counter."""
        if self._is_raw and len(self._raw_values) <= MAX_RAW:
            return
        self._is_raw = False
        n_points = len(self._raw_values) // LEAF * LEAF
        if n_points == 0:
            return
        fresh = _leaves(self._raw_steps[:n_points], self._raw_values[:n_points])
        self._raw_steps, self._raw_values = self._raw_steps[n_points:], self._raw_values[n_points:]
        for level, waiting in enumerate(self._waiting):
            fresh = waiting.joined(fresh)
            whole = len(fresh) // 2 * 2
            self._waiting[level] = fresh.part(whole, len(fresh))
            fresh = fresh.part(0, whole).paired()
        self._take(fresh)

    def _take(self, fresh: _Blocks) -> None:
        """Add full blocks; whenever there are too many, pair them all and double the size from then on."""
        while len(self._blocks) + len(fresh) >= MAX_BLOCKS:
            room = MAX_BLOCKS - len(self._blocks)
            self._blocks = self._blocks.joined(fresh.part(0, room)).paired()
            rest = fresh.part(room, len(fresh))
            whole = len(rest) // 2 * 2
            self._waiting.append(rest.part(whole, len(rest)))
            fresh = rest.part(0, whole).paired()
        self._blocks = self._blocks.joined(fresh)
