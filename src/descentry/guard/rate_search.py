"""Which learning rate: a run that moves its weights too fast begins again at lower ones, and the best is kept.

It is what an expert does by hand.  The evidence that opens it is the size of updates, as a share of the weights' norm:
about 0.001 in sound trainings (Karpathy, CS231n, "ratio of weights:updates"), and what warm-up keeps small (Kosson,
Messmer and Jaggi 2024, arXiv:2410.23922).  Such evidence only opens a comparison.  The attempt goes on to a stated
share of the plan; then the run goes back to its start and is trained as far at a lower rate, on the same batches.  The
differences of the losses, step by step, are free of what the batches bring; the medians of ten blocks of them are put
to Student's test.  Until an attempt is clearly worse than the best, a lower one follows: far too high rates are all
alike.  Then the run goes back to the best rate, bit by bit as it was.  Early losses flatter high rates (Wu et al. 2018,
arXiv:1803.02021), so only the last third is compared.  Attempts are cut short as in successive halving (Jamieson and
Talwalkar 2016, arXiv:1502.07943).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from descentry.guard.actions import RollBack
from descentry.guard.rules import RateSearch

N_BLOCKS, LATE = 10, 2 / 3
"""Blocks whose medians are compared, and the share of an attempt after which they begin."""
LEAST_HORIZON, MOST_HORIZON = 50, 50_000
"""Shorter attempts tell nothing; of longer ones the losses would not be kept."""
FROM_NOTHING = 0.9
"""A first update that makes up so much of the weights' norm: they began at nothing, and no update can be measured."""


@dataclass
class Search:
    """A search for the rate.  `horizon`: steps that are compared, 0 where there is no search; `first`: the run's first.

    `losses`, `rate`: of the present attempt, by step, its rate as a multiple of the plan's; `best`, `best_rate`: of
    the best one so far; `is_open`: there is evidence; `is_judged`: the present attempt was compared; `is_decided`: the
    best rate is known; `is_over`: so it is, or cannot be.
    """

    settings: RateSearch
    horizon: int = 0
    first: int | None = None
    losses: dict[int, float] = field(default_factory=dict)
    best: dict[int, float] = field(default_factory=dict)
    rate: float = 1.0
    best_rate: float = 1.0
    n_attempts: int = 0
    last_update: float | None = None
    largest: float = 0.0
    is_open: bool = False
    is_judged: bool = False
    is_over: bool = False
    is_decided: bool = False

    def note(self, step: int, values: Mapping[str, float]) -> None:
        """The signals of a step."""
        if self.first is None:
            self.first = step
        if self.n_attempts and not self.losses and step > self.first + self.horizon // 2:
            self.is_over = True  # whoever owns the loop did not go back to the start
        if step >= self.first + self.horizon:
            return
        update = values.get("update_ratio", values.get("update_ratio/global"))
        if update is not None and not self.n_attempts:
            self._weigh(update)
        loss = values.get("loss", values.get("train_loss"))
        if loss is not None:
            self.losses[step] = loss

    def asks(self, step: int, advises: bool = False) -> RollBack | None:
        """Where to go on, at the end of an attempt; None: go on.  `advises`: nothing will come of it."""
        if not self.is_open or self.is_judged or self.is_over or self.first is None:
            return None
        if step < self.first + self.horizon - 1:
            return None
        self.is_judged, self.is_over = True, advises
        if not self.n_attempts:
            return self._lower(f"updates of {self.largest:.2g} times the weights")
        if not self.best:
            return self._lower("the attempts before it failed")
        t = lower_by(self.losses, self.best, self.first + int(LATE * self.horizon))
        words = f"{self.rate:.2g} times the rate against {self.best_rate:.2g}, t = {t:.1f}"
        if t >= self.settings.score:
            return self._best(words)
        return self._lower(words, is_best=t <= -self.settings.score)

    def failed(self, why: str) -> RollBack | None:
        """What follows an attempt that a rule would end; None where none is under way."""
        if not self.is_open or self.is_over or self.is_judged or self.first is None:
            return None
        if self.n_attempts >= self.settings.most:
            return self._best(why)
        return RollBack(self.first, rate=self.settings.rate, reason=why)

    @property
    def decided_from(self) -> int | None:
        """The step from which the best rate is known: a start at a lower one was compared; None before."""
        return self.first if self.is_decided else None

    def went_back(self, step: int, rate: float) -> None:
        """The run goes on from `step`, at `rate` times the rate it had."""
        before, self.rate = self.rate, self.rate * rate
        if self.is_over or self.first is None or step > self.first:
            return
        if not self.n_attempts and self.first + self.horizon - 1 in self.losses:
            self.best, self.best_rate = self.losses, before
        self.losses, self.is_judged, self.is_open = {}, False, True
        self.n_attempts += 1

    def _lower(self, why: str, is_best: bool = True) -> RollBack | None:
        """The next attempt, where there may be one.  `is_best`: the present one is the best so far."""
        if is_best:
            self.best, self.best_rate = self.losses, self.rate
        if self.first is None or self.n_attempts >= self.settings.most:
            return self._best(why)
        return RollBack(self.first, rate=self.settings.rate, reason=f"rate_search: {why}")

    def _best(self, why: str) -> RollBack | None:
        """It is decided: back to the best attempt."""
        self.is_over = self.is_decided = True
        if self.first is None or not self.best or self.best is self.losses:
            return None
        return RollBack(self.first, rate=self.best_rate / self.rate, reason=f"rate_search: {why}")

    def _weigh(self, update: float) -> None:
        """The size of an update, over the norm of the weights."""
        if self.last_update is None:
            self.is_over |= not update < FROM_NOTHING
        elif not self.is_open:
            mean = 0.5 * (update + self.last_update)
            self.largest = max(self.largest, mean)
            self.is_open = mean >= self.settings.least_update
        self.last_update = update


def begun(settings: RateSearch | None, n_steps: int | None) -> Search | None:
    """A search for a run of so many steps; None where there can be none."""
    if settings is None or n_steps is None:
        return None
    horizon = round(settings.share * n_steps)
    return Search(settings, horizon) if LEAST_HORIZON <= horizon <= MOST_HORIZON else None


def lower_by(new: Mapping[int, float], old: Mapping[int, float], since: int) -> float:
    """Student's t of the differences of two attempts from step `since` on; negative: the new one is lower.

    -inf: the old one is not finite there; inf: the new one is not, or they share fewer than ten steps.
    """
    steps = [step for step in new if step >= since and step in old]
    if len(steps) < N_BLOCKS or not all(math.isfinite(new[step]) for step in steps):
        return math.inf
    if not all(math.isfinite(old[step]) for step in steps):
        return -math.inf
    differences = np.array([new[step] - old[step] for step in steps])
    medians = np.array([np.median(block) for block in np.array_split(differences, N_BLOCKS)])
    error = float(medians.std(ddof=1)) / math.sqrt(N_BLOCKS)
    mean = float(medians.mean())
    return mean / error if error else math.copysign(math.inf, mean) if mean else 0.0
