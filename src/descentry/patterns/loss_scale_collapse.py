"""loss_scale_collapse: the dynamic loss scale halves again and again without recovering, or sits at its floor.

Test, on logarithms to base 2: since some point the scale has lost `n_halvings` net, and doublings make up at most a
quarter of its moves; at a scale of 1 or less, where scalers have their floor, fewer will do.  A scaler that works
doubles after every so many good steps and halves at an overflow, so its doublings balance its halvings.  The fall from
a high start value, before the scale first holds, is the scaler's search and counts only if it ends at the floor.
Source: Micikevicius et al., Mixed precision training, 2017, arXiv:1710.03740.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import View
from descentry.record.chunk import Floats
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.shape import Shape
from descentry.signal.words import grouped, number


@dataclass(frozen=True, slots=True)
class LossScaleCollapse:
    """Every step overflows."""

    id: ClassVar[str] = "loss_scale_collapse"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.LOSS_SCALE,)

    n_halvings: float = 8.0
    """Net halvings that a scaler at work does not make in a row.  Higher: later, surer."""
    n_at_floor: float = 4.0
    """Net halvings that are enough when the scale ends at 1 or below."""
    doubling_share: float = 0.25
    """The most that doublings may make up of all moves since the onset."""
    n_hold: int = 3
    """Points over which a scale must hold before its search is over."""
    n_least: int = 20
    """Fewer points show a search, not a collapse."""

    def judge(self, view: View) -> list[Finding]:
        shape = view.shape(Role.LOSS_SCALE)
        if shape is None or shape.n_points < self.n_least or not shape.smallest > 0:
            return []
        scale = np.log2(shape.levels)
        at = self._onset(scale)
        return [] if at is None else [_finding(view, shape, at)]

    def _onset(self, scale: Floats) -> int | None:
        """The first point after the highest scale from which hardly anything but halvings came."""
        moves = np.diff(scale)
        ups = np.cumsum(np.maximum(moves, 0.0)[::-1])[::-1]
        net = scale[:-1] - scale[-1]
        is_one_way = ups <= self.doubling_share * (net + 2.0 * ups)
        least = self.n_at_floor if scale[-1] <= 0.0 else self.n_halvings
        held = self._search_ends(scale)
        if scale[-1] > 0.0:
            is_one_way[:held] = False
        good = is_one_way & (net >= least)
        if not good.any():
            return None
        top = float(net[good].max())
        return int(np.flatnonzero(good & (net >= top - 1e-9))[-1]) + 1

    def _search_ends(self, scale: Floats) -> int:
        """The first point after which the scale does not fall for a while."""
        n = max(self.n_hold, len(scale) // 50)
        holds = scale[n:] >= scale[:-n]
        return int(holds.argmax()) if holds.any() else len(scale)


def _finding(view: View, shape: Shape, at: int) -> Finding:
    name = view.names[Role.LOSS_SCALE]
    step = int(shape.first_steps[at])
    before, now = float(shape.levels[at - 1]), float(shape.levels[-1])
    skipped = _skipped_since(view, step)
    facts = {"n_halvings": float(np.log2(before / now)), "at_one": float(now <= 1.0)}
    if skipped is not None:
        facts["n_skipped"] = skipped
    statement = (
        f"the loss scale falls from {number(before)} to {number(now)} since step {grouped(step)} "
        "without recovering" + (f"; {grouped(skipped)} more steps are skipped" if skipped else "")
    )
    return Finding(
        pattern="loss_scale_collapse",
        severity=Severity.CRITICAL,
        confidence=0.95,
        curve=name,
        onset_step=step,
        end_step=None,
        detected_at_step=view.step,
        statement=statement,
        evidence=(Evidence("the scale against that before its fall", name, shape.last_step, now, before),),
        facts=facts,
    )


def _skipped_since(view: View, step: int) -> float | None:
    """Steps skipped since then where a growing count is logged, or None."""
    skipped = view.shape(Role.SKIPPED_STEPS)
    if skipped is None or len(skipped) < 2 or bool((np.diff(skipped.levels) < 0).any()):
        return None
    return float(round(float(skipped.levels[-1]) - skipped.level_at(step)))
