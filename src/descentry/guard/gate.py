"""Before an update: whether this batch's loss or gradient norm stands out of all that came before it.

The level, the noise and the reach of the noise are those of the spike detector (patterns/spike.py), which keeps a
stated rate of false alarms however heavy the tails are and however long the run; a veto asks for more on top: so many
times that reach, and so many times the level.  What is kept away is not learnt as normal, until `most_in_a_row` vetoes
in a row say that it is the new normal.  The idea is that of ZClip (Kumar et al. 2025, arXiv:2504.02507) and of llm.c's
z-scores, with tails that are measured instead of Gaussian ones.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from descentry.guard.rules import Gate
from descentry.patterns.protocol import Points
from descentry.patterns.spike import Spike
from descentry.patterns.spike_state import SpikeState
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE
from descentry.signal.excursion import MARGIN_FEW, MARGIN_LOW

_SPIKE = Spike()
MOST_AT_ONCE = 1 << 20
"""Values of each kind that are learnt at once: all that wait."""
VETO_RATE = 0.5 * DEFAULT_RATE
"""Values that noise alone brings beyond its reach, of one kind, in a run as long as this one was so far."""
LEAST_REACH = 6.0
"""Noise is not taken to reach less far, however calm it looks."""
LEAST_RISE = 0.25
"""Least height over the level, of a loss, as a share of its descent so far: less does not hurt."""


def _state(name: str, role: Role) -> SpikeState:
    return _SPIKE.init(name, role)


class Known(NamedTuple):
    """What a value is measured against.

    Its level, how far noise reaches above it, the descent so far, and how far a leap of single points reaches: slow
    noise, and a descent that was steep, have no part in that.
    """

    level: float
    reach: float
    descent: float
    leap: float


@dataclass
class Watched:
    """One value of every step, and what is known of it.

    Judging takes a comparison; learning takes arrays, so values wait in `pending` until someone has time to `digest`.
    `bar`: at or below it nothing stands out; `newest`: the last value that was not kept away.
    """

    name: str
    state: SpikeState
    n_kept: int = 0
    known: Known | None = None
    bar: float = float("inf")
    reach: float = math.inf
    reach_at: int = -1
    newest: float = -math.inf
    pending: deque[tuple[int, float]] = field(default_factory=deque)

    def height(self, value: float) -> float:
        """How far `value` stands out, as a multiple of how far noise reaches; 0.0 before that is known.

        Over the level, or in its leap from the value before it: the spike detector's own measure (signal/excursion.py).
        """
        known = self.known
        if known is None:
            return 0.0
        leap = (value - max(known.level, self.newest)) / known.leap if known.leap > 0 else 0.0
        return max((value - known.level) / known.reach, leap)

    def learn(self, step: int, value: float) -> None:
        """The value belongs to the run as it is."""
        self.n_kept += 1
        self.newest = value
        self.pending.append((step, value))

    def digest(self, score: float, most: int) -> None:
        """What waits is learnt, at most so many.  However many at once, the same is known afterwards.

        `score`: of the gate.
        """
        n_pending = min(most, len(self.pending))
        if n_pending == 1:
            _SPIKE.update_one(self.state, *self.pending.popleft())
        elif n_pending:
            steps, values = zip(*(self.pending.popleft() for _ in range(n_pending)), strict=True)
            points = Points(self.name, self.state.role, np.array(steps, np.int64), np.array(values))
            _SPIKE.update(self.state, points)
        base = self.state.base
        if n_pending and base.is_known:
            reach = self._reach()
            self.known = Known(base.level, base.noise * reach, base.descent, base.least * reach)
            # A hair lower than the least that `height` asks for, which rounds otherwise.
            bar = base.level + score * min(self.known.reach, self.known.leap)
            self.bar = bar - 1e-9 * (abs(base.level) + abs(bar))

    def _reach(self) -> float:
        """In noise units; another one only when a block was closed, so that it does not matter who asks how often."""
        n_points = self.state.base.n_points
        if self.reach_at != n_points:
            self.reach_at = n_points
            margin = MARGIN_LOW + MARGIN_FEW / math.sqrt(max(n_points, 1))
            self.reach = max(LEAST_REACH, margin * self.state.known_tails.reach(VETO_RATE))
        return self.reach


@dataclass
class Gatekeeper:
    """The gate's state.  `n_row`: vetoes in a row up to now; `n_bad`: values that are not finite in a row.

    `is_off`: only what is not finite is kept away any more.
    """

    gate: Gate
    loss: Watched = field(default_factory=lambda: Watched("loss", _state("loss", Role.TRAIN_LOSS)))
    norm: Watched = field(default_factory=lambda: Watched("grad_norm", _state("grad_norm", Role.GRAD_NORM)))
    n_row: int = 0
    n_bad: int = 0
    is_off: bool = False

    @property
    def n_pending(self) -> int:
        """Values that wait to be learnt."""
        return max(len(self.loss.pending), len(self.norm.pending))

    def digest(self, most: int = MOST_AT_ONCE) -> None:
        """What waits is learnt, at most so many of each; by one thread at a time."""
        self.loss.digest(self.gate.score, most)
        self.norm.digest(self.gate.score, most)

    def forget(self, most: int) -> None:
        """No more than so many of each wait: of the others the gate never hears."""
        for watched in (self.loss, self.norm):
            while len(watched.pending) > most:
                watched.pending.popleft()

    @property
    def is_alert(self) -> bool:
        """Whether the newest value was kept away, or would have been but for how many were."""
        return bool(self.n_row or self.n_bad)

    def late(self, loss: float | None, norm: float | None) -> str:
        """Why, after all, where a value that was not known when `judge` was asked is not finite."""
        bad = _not_finite(loss, norm)
        self.n_bad += bool(bad)
        return f"{bad} is not finite" if bad else ""

    def passes(self, step: int, loss: float, norm: float) -> bool:
        """Whether nothing stands out, and nothing did before: then they are learnt, as `judge` would have.

        So it is at nearly every step, and costs no more than these comparisons.
        """
        a, b = self.loss, self.norm
        if (
            not (loss <= a.bar and norm <= b.bar and loss - loss == 0.0 == norm - norm)
            or self.n_row
            or self.n_bad
        ):
            return False
        if not self.is_off:
            a.n_kept += 1
            b.n_kept += 1
            a.newest, b.newest = loss, norm
            a.pending.append((step, loss))
            b.pending.append((step, norm))
        return True

    def judge(self, step: int, loss: float | None, norm: float | None, scaled: bool = False) -> str:
        """Why this update should not be applied; empty where it may.  Takes the values into account.

        NaN and infinity are always kept away; of a gradient norm under loss scaling they are not counted, since the
        scaler meets them itself.  None: not known.
        """
        if loss is None and norm is None:
            return ""
        self.n_bad = self.n_bad + 1 if (bad := _not_finite(loss, None if scaled else norm)) else 0
        if bad:
            return f"{bad} is not finite"
        if self.is_off:
            self.n_row = 0
            return ""
        why = self._surprise(self.norm, norm, self._is_far_norm) or self._surprise(
            self.loss, loss, self._is_far_loss
        )
        self.n_row = self.n_row + 1 if why else 0
        if why and self.n_row <= self.gate.most_in_a_row:
            return why
        for watched, value in ((self.loss, loss), (self.norm, norm)):
            if value is not None and value - value == 0.0:
                watched.learn(step, value)
        return ""

    def _surprise(self, watched: Watched, value: float | None, is_far: Callable[[float], bool]) -> str:
        if (
            value is None
            or value <= watched.bar
            or value - value != 0.0
            or watched.n_kept < self.gate.warm_up
        ):
            return ""
        height = watched.height(value)
        if height < self.gate.score or not is_far(value):
            return ""
        level = watched.known.level if watched.known else 0.0
        return f"{watched.name} {value:.4g} stands {height:.1f} times as far above {level:.4g} as its noise reaches"

    def _is_far_norm(self, value: float) -> bool:
        return self.norm.known is not None and value >= self.gate.factor * self.norm.known.level

    def _is_far_loss(self, value: float) -> bool:
        known = self.loss.known
        return known is not None and value - known.level >= LEAST_RISE * known.descent


def _not_finite(loss: float | None, norm: float | None) -> str:
    """The name of the first of the two that is NaN or infinite; empty where none is."""
    if loss is not None and loss - loss != 0.0:
        return "loss"
    return "grad_norm" if norm is not None and norm - norm != 0.0 else ""
