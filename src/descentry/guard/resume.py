"""A schedule that began anew at a resume: the rate leaps up again soon after a state was loaded, having decayed.

A program that restores weights and optimizer but not its scheduler goes on at the peak rate.  Warm restarts (Loshchilov
and Hutter 2017, arXiv:1608.03983) and cycles raise the rate as well, but before any resume, or far from one: where the
rate has risen from a decay before, or rises later than `WINDOW` rows after the load, nothing is said.  Whoever means to
warm up again at a resume (continual training) loads no guard's state, or has no rule on `resume_rate`.
"""

from dataclasses import dataclass

WINDOW = 50
"""Rows after a load in which a schedule that began anew shows."""
RISE = 1.5
"""How many times its last value before the load a rate must pass, having come down by as much from its peak."""


@dataclass
class Rates:
    """The learning rates that were seen.

    `peak`: the highest; `low`: the lowest since it; `has_cycled`: it rose from a decay before any load; `before`: the
    last one before the load, 0.0 where no watch is kept; `n_left`: rows for which it still is; `back`: what brings the
    rate back to it, at the row where it has risen no further: 0.0 at all others.
    """

    last: float = 0.0
    peak: float = 0.0
    low: float = 0.0
    has_cycled: bool = False
    before: float = 0.0
    n_left: int = 0
    back: float = 0.0

    def loaded(self) -> None:
        """A state was loaded: the rows to come are those of another program."""
        has_decayed = 0.0 < self.last * RISE <= self.peak and not self.has_cycled
        self.before, self.n_left, self.back = (self.last, WINDOW, 0.0) if has_decayed else (0.0, 0, 0.0)

    def note(self, rate: float) -> None:
        """The rate of the next row.  What is not finite, or not above zero, is passed over."""
        if not 0.0 < rate < float("inf"):
            return
        self.back = 0.0
        if self.n_left:
            self._compare(rate)
        elif rate > RISE * self.low and 0.0 < RISE * self.low <= self.peak:
            self.has_cycled = True
        if rate >= self.peak:
            self.peak = self.low = rate
        self.low = min(self.low, rate)
        self.last = rate

    def _compare(self, rate: float) -> None:
        """Whether it has risen, and rises no further; a watch that is over is over."""
        self.n_left -= 1
        has_risen = max(rate, self.last) > RISE * self.before
        if has_risen and (rate <= self.last or not self.n_left):
            self.back, self.n_left = self.before / max(rate, self.last), 0
            self.low = rate
