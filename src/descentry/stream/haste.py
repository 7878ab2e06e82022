"""When a look is worth taking before its hour: the training loss stands above all that it lately was.

Judges are asked when the count of points has grown by a tenth (stream/clock.py), which alone would hold a divergence
back by as much.  Means of short blocks are watched instead, for a few nanoseconds a point: when `N_ABOVE` in a row lie
above the `N_PAST` before them, a look is asked for, and another with each block that stays above.  Only ranks count, so
neither unit nor noise plays a part; of values without a trend one block in 270,000 does so by chance.  Nothing is
decided here, and looks are allowed by `N_SAVED`, so that a run that swings costs no more than twice its judgements.

A one-sided test by ranks on a running level, as an e-detector would be started anew (Shin, Ramdas and Rinaldo, 2022,
arXiv:2203.03532), without a rate of its own: the judges that are asked keep theirs.
"""

from dataclasses import dataclass, field

import numpy as np

from descentry.record.chunk import Floats

N_BLOCKS = 512
"""Blocks are paired when there are this many: each spans between 1/512 and 1/256 of the run so far."""
N_PAST, N_ABOVE = 48, 4
"""Blocks that are laid against each other: a tenth to a fifth of the run, and a hundredth."""
N_KEPT = 2 * (N_PAST + N_ABOVE)
"""Means that are kept: enough when they have just been paired."""
N_SAVED = 8
"""Looks that may be taken at once; each regular judgement allows one more."""
LEAF = 64
"""Most points whose sum is taken at once, so that it does not depend on how they came."""


@dataclass
class Haste:
    """Means of the newest blocks, and how many of them in a row lie above `top`, the highest before those."""

    size: int = 1
    n_blocks: int = 0
    part: list[float] = field(default_factory=list)
    total: float = 0.0
    n_summed: int = 0
    means: list[float] = field(default_factory=list)
    top: float = float("inf")
    n_above: int = 0
    n_saved: int = N_SAVED

    def push(self, value: float) -> bool:
        """Whether a look is asked for after this value.  Not finite: passed over.  The scalar form of `take`."""
        if value - value != 0.0:
            return False
        self.part.append(value)
        if len(self.part) < min(self.size, LEAF):
            return False
        whole = np.array(self.part)[None, :]
        self.part.clear()
        return self._add(float(_sums(whole)[0]))

    def take(self, values: Floats) -> int | None:
        """The place of the first of these values, float64[n], after which a look is asked for; None where none is.

        What comes after it is not taken.
        """
        places = np.flatnonzero(np.isfinite(values))
        known = values if len(places) == len(values) else values[places]
        done = 0
        while done < len(known):
            leaf = min(self.size, LEAF)
            n_leaves = 0 if self.part else min((len(known) - done) // leaf, self._n_leaves(leaf))
            if n_leaves == 0:
                done += 1
                if self.push(float(known[done - 1])):
                    return int(places[done - 1])
                continue
            for total in _sums(known[done : done + n_leaves * leaf].reshape(-1, leaf)).tolist():
                done += leaf
                if self._add(total):
                    return int(places[done - 1])
        return None

    def allow(self) -> None:
        """A regular judgement was made: one more look out of turn may be."""
        self.n_saved = min(self.n_saved + 1, N_SAVED)

    def restart(self) -> None:
        """The log goes back: levels before and after are not to be compared."""
        self.part.clear()
        self.means.clear()
        self.total, self.n_summed, self.n_above = 0.0, 0, 0

    def _n_leaves(self, leaf: int) -> int:
        """Leaves of this size until blocks are paired and grow."""
        return (N_BLOCKS - self.n_blocks) * self.size // leaf - self.n_summed

    def _add(self, total: float) -> bool:
        """Take the sum of a leaf; whether the block that it closes asks for a look."""
        self.total += total
        self.n_summed += 1
        if self.n_summed * LEAF < self.size:
            return False
        mean = self.total / self.size
        self.total, self.n_summed = 0.0, 0
        asks = self._close(mean)
        self.n_blocks += 1
        if self.n_blocks == N_BLOCKS:
            self._pair()
        return asks

    def _close(self, mean: float) -> bool:
        if self.n_above and not mean > self.top:
            self.n_above = 0
        if not self.n_above and len(self.means) >= N_PAST:
            self.top = max(self.means[-N_PAST:])
        if mean > self.top and len(self.means) >= N_PAST:
            self.n_above += 1
        self.means.append(mean)
        if len(self.means) > 2 * N_KEPT:
            del self.means[:-N_KEPT]
        if self.n_above < N_ABOVE or not self.n_saved:
            return False
        self.n_saved -= 1
        return True

    def _pair(self) -> None:
        """Two blocks become one, the newest ones first."""
        means = self.means[len(self.means) % 2 :]
        self.means = [0.5 * (a + b) for a, b in zip(means[::2], means[1::2], strict=True)]
        self.n_blocks //= 2
        self.size *= 2
        if self.n_above < N_ABOVE:
            self.n_above //= 2


def _sums(rows: Floats) -> Floats:
    """The sum of each row: the same for the same values, however many rows are summed at once."""
    sums: Floats = rows.sum(axis=1)
    return sums
