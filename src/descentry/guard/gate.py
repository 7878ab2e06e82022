"""Before an update: whether this batch's loss or gradient norm stands out of all that came before it.

The level, the noise and the reach of the noise are those of the spike detector (patterns/spike.py), which keeps a
stated rate of false alarms however heavy the tails are and however long the run; a veto asks for more on top: so many
times that reach, and so many times the level.  What is kept away is not learnt as normal, until `most_in_a_row` vetoes
in a row say that it is the new normal.  The idea is that of ZClip (Kumar et al. 2025, arXiv:2504.02507) and of llm.c's
z-scores, with tails that are measured instead of Gaussian ones.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from descentry.guard.rules import Gate
from descentry.patterns.spike import Spike
from descentry.patterns.spike_state import SpikeState
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE
from descentry.signal.excursion import MARGIN_FEW, MARGIN_LOW

_SPIKE = Spike()
VETO_RATE = 0.5 * DEFAULT_RATE
"""Values that noise alone brings beyond its reach, of one kind, in a run as long as this one was so far."""
LEAST_REACH = 6.0
"""Noise is not taken to reach less far, however calm it looks."""
LEAST_RISE = 0.25
"""Least height over the level, of a loss, as a share of its descent so far: less does not hurt."""


def _state(name: str, role: Role) -> SpikeState:
    return _SPIKE.init(name, role)


@dataclass
class Watched:
    """One value of every step, and what is known of it."""

    name: str
    state: SpikeState
    n_kept: int = 0
    reach: float = math.inf
    known_at: int = -1

    def height(self, value: float) -> float:
        """How far `value` lies above its level, as a multiple of how far noise reaches; 0.0 before that is known."""
        base = self.state.base
        if not base.is_known:
            return 0.0
        return float((value - base.level) / (base.noise * self._reach()))

    def learn(self, step: int, value: float) -> None:
        """The value belongs to the run as it is."""
        self.n_kept += 1
        _SPIKE.update_one(self.state, step, value)

    def _reach(self) -> float:
        """In noise units, anew whenever the detector's bars are: a tenth more points."""
        if self.known_at != self.state.bars_due:
            self.known_at = self.state.bars_due
            margin = MARGIN_LOW + MARGIN_FEW / math.sqrt(max(self.state.base.n_points, 1))
            self.reach = max(LEAST_REACH, margin * self.state.known_tails.reach(VETO_RATE))
        return self.reach


@dataclass
class Gatekeeper:
    """The gate's state.  `n_row`: vetoes in a row up to now; `n_bad`: values that are not finite in a row."""

    gate: Gate
    loss: Watched = field(default_factory=lambda: Watched("loss", _state("loss", Role.TRAIN_LOSS)))
    norm: Watched = field(default_factory=lambda: Watched("grad_norm", _state("grad_norm", Role.GRAD_NORM)))
    n_row: int = 0
    n_bad: int = 0

    def judge(self, step: int, loss: float | None, norm: float | None, scaled: bool = False) -> str:
        """Why this update should not be applied; empty where it may.  Takes the values into account.

        NaN and infinity are always kept away; of a gradient norm under loss scaling they are not counted, since the
        scaler meets them itself.  None: not known.
        """
        bad = _not_finite(loss, None if scaled else norm)
        self.n_bad = self.n_bad + 1 if bad else 0
        if bad:
            return f"{bad} is not finite"
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
        if value is None or value - value != 0.0 or watched.n_kept < self.gate.warm_up:
            return ""
        height = watched.height(value)
        if height < self.gate.score or not is_far(value):
            return ""
        level = watched.state.base.level
        return f"{watched.name} {value:.4g} stands {height:.1f} times as far above {level:.4g} as its noise reaches"

    def _is_far_norm(self, value: float) -> bool:
        return value >= self.gate.factor * self.norm.state.base.level

    def _is_far_loss(self, value: float) -> bool:
        base = self.loss.state.base
        return value - base.level >= LEAST_RISE * base.descent


def _not_finite(loss: float | None, norm: float | None) -> str:
    """The name of the first of the two that is NaN or infinite; empty where none is."""
    if loss is not None and loss - loss != 0.0:
        return "loss"
    return "grad_norm" if norm is not None and norm - norm != 0.0 else ""
