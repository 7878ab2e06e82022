"""Steps that start anew in every epoch are counted on: batch 0 of epoch 1 follows the last batch of epoch 0.

Home-made logs write `epoch, step, loss` with the number of the batch within its epoch.  Read as it stands, each
epoch would go back over the one before.  Where the step falls to where epochs begin in the very row in which a whole
`epoch` rises, the length of the epoch before (its last step, and the distance to the step before that) is added.
An epoch that is logged again, by a resumed run, is counted as it was the first time.
"""

from bisect import bisect_right

import numpy as np

from descentry.record.chunk import Chunk, Floats, Ints
from descentry.record.event import Event
from descentry.sources.drive import Decoder
from descentry.sources.rows import with_events

MAX_RESTARTS = 100_000
"""Restarts in one log; with more, its step has another meaning."""
MAX_STEP = 2**53
MESSAGE = "the step starts anew in every epoch: counted on over the epochs"


class EpochSteps:
    """Takes the chunks of one run, in order.  Any split of the rows gives the same steps."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._is_off = False
        self._epoch = float("nan")
        self._first = self._last = self._gap = 0
        self._starts: list[float] = []
        self._offsets: list[int] = []
        self._offset = self._n_restarts = 0

    def feed(self, chunk: Chunk) -> Chunk:
        """The chunk with its steps counted on, and told; the chunk itself where they never start anew."""
        epochs = None if self._is_off or not chunk.n_rows else self._epochs(chunk)
        if epochs is None:
            return _counted(chunk, chunk.steps + self._offset) if self._offset else chunk
        starts = np.flatnonzero(np.diff(epochs, prepend=self._epoch)).tolist()
        if not self._n_restarts and not self._falls(chunk.steps):
            self._part(epochs[-1], chunk.steps[starts[-1] if starts else 0 :])
            return chunk
        steps = chunk.steps.copy()
        n_before = self._n_restarts
        for a, b in zip([0, *starts], [*starts, len(steps)], strict=True):
            if b > a:
                self._part(epochs[a], chunk.steps[a:b])
                steps[a:b] += self._offset
        self._is_off = self._n_restarts > MAX_RESTARTS
        count = self._n_restarts - n_before
        told = _counted(chunk, steps) if self._n_restarts else chunk
        return with_events(told, [Event("derived", MESSAGE, self._name, count)]) if count else told

    def _falls(self, steps: Ints) -> bool:
        is_new = self._epoch != self._epoch
        return (not is_new and int(steps[0]) < self._last) or bool((steps[1:] < steps[:-1]).any())

    def _epochs(self, chunk: Chunk) -> Floats | None:
        """float64[n]: the epoch of each row, of the row before where it says none; None where epochs are no use."""
        name = next((name for name in chunk.columns if name.lower() == "epoch"), None)
        if name is None:
            return None if self._epoch != self._epoch else np.full(chunk.n_rows, self._epoch)
        rows, values = chunk.columns[name]
        if (values != np.floor(values)).any() or (np.abs(values) > MAX_STEP).any():
            self._is_off = True
            return None
        if len(rows) == chunk.n_rows:
            return values
        before = self._epoch if self._epoch == self._epoch else values[0]
        at = np.searchsorted(rows, np.arange(chunk.n_rows), side="right")
        filled: Floats = np.concatenate(([before], values))[at]
        return filled

    def _part(self, epoch: float, steps: Ints) -> None:
        """Rows of one epoch: finds what is added to their steps."""
        first = int(steps[0])
        if self._epoch != self._epoch:
            self._first = self._last = first
        elif epoch > self._epoch and first < self._last and first <= self._first + self._gap:
            self._restart(epoch)
            self._last = first
        elif epoch < self._epoch:
            at = bisect_right(self._starts, epoch)
            self._offset = self._offsets[at - 1] if at else 0
            del self._starts[at:], self._offsets[at:]
            self._last = first
        self._epoch = epoch
        self._first = min(self._first, first)
        self._rise(steps)

    def _restart(self, epoch: float) -> None:
        length = self._last - self._first + max(self._gap, 1)
        offset = self._offset + length * int(epoch - self._epoch)
        self._offset = offset if offset < MAX_STEP else self._offset + length
        self._n_restarts += 1
        self._starts.append(epoch)
        self._offsets.append(self._offset)

    def _rise(self, steps: Ints) -> None:
        """Notes the highest step of the epoch, and how far it is from the one before."""
        known = np.maximum.accumulate(np.concatenate(([self._last], steps)))
        rises = np.flatnonzero(np.diff(known))
        if len(rises):
            self._gap = int(known[rises[-1] + 1] - known[rises[-1]])
            self._last = int(known[-1])


def _counted(chunk: Chunk, steps: Ints) -> Chunk:
    return Chunk(steps, chunk.columns, chunk.wall_times, chunk.events, chunk.config)


class CountedOn:
    """A decoder of `drive` whose steps are counted on over the epochs."""

    def __init__(self, decoder: Decoder, name: str) -> None:
        self._decoder = decoder
        self._steps = EpochSteps(name)

    def feed(self, data: bytes) -> Chunk:
        """The decoder's rows."""
        return self._steps.feed(self._decoder.feed(data))

    def end(self) -> Chunk:
        """The decoder's last rows."""
        return self._steps.feed(self._decoder.end())
