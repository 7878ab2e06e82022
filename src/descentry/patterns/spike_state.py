"""What is kept of one curve while spikes are looked for."""

import math
from dataclasses import dataclass, field

import numpy as np

from descentry.record.chunk import Floats
from descentry.record.roles import Role
from descentry.signal.excursion import Excursion
from descentry.signal.level import BlockLevel
from descentry.signal.tails import Tails

FIRST_RENEWAL = 50
"""Points from which tails are counted anew, and again whenever there are twice as many; two counts are kept."""


@dataclass
class SpikeState:
    """Level and noise (`base`), tails, excursions, and the points of the block that is not closed yet.

    A point above `upper` opens an excursion; `bars`: the scores from which one, two, … of a live run are no noise.
    """

    curve: str
    role: Role
    base: BlockLevel
    upper: float = float("inf")
    steps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    tails: Tails = field(default_factory=Tails)
    earlier_tails: tuple[Tails, Tails] = field(default_factory=lambda: (Tails(), Tails()))
    renewal_due: int = FIRST_RENEWAL
    open: Excursion | None = None
    events: list[Excursion] = field(default_factory=list)
    first_step: int | None = None
    last_block: Floats = field(default_factory=lambda: np.empty(0))
    bars: tuple[float, ...] = ()
    bars_due: int = 0
    n_excursions: int = 0

    @property
    def known_tails(self) -> Tails:
        """The tails of the curve but for its first part, at most a quarter of it."""
        return self.earlier_tails[0].joined(self.earlier_tails[1]).joined(self.tails)

    def renew_tails(self) -> None:
        """Forget the tails of the first part of the curve: a steep descent bends blocks, and knows its noise badly."""
        if self.base.n_points >= self.renewal_due:
            self.earlier_tails, self.tails = (self.earlier_tails[1], self.tails), Tails()
            self.renewal_due *= 2

    def n_whole(self, n_values: int) -> int:
        """Whole blocks that can be closed at once: bars are set at the block that brings their count."""
        missing = math.ceil(max(1, self.bars_due - self.base.n_points) / self.base.size)
        return min(missing, self.base.n_whole(n_values))
