"""frozen_weights: the weights of some module that should train never change.

Test: an update ratio or a module's gradient norm is exactly 0 in every point, or from some point on for a fifth of
the run while the learning rate is not 0; or a weight norm is one and the same number in every point of a long curve
while another one moves (printed to few digits, a slow norm may seem to stand still: where none moves, only a loss that
does not fall either speaks).  Exactly zero is never chance, so no noise is weighed.  Where gradients vanish layer by
layer, updates that are lost in rounding, beside a gradient that is not 0, are that finding's.
Source: How to Read a Loss Curve, pattern 2.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import View
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.robust import median
from descentry.signal.shape import Shape
from descentry.signal.words import grouped

Named = tuple[str, Shape]


@dataclass(frozen=True, slots=True)
class FrozenWeights:
    """Something does not train."""

    id: ClassVar[str] = "frozen_weights"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.TRAIN_LOSS,)

    n_least: int = 20
    """Points in which an update must be 0.  Higher: later."""
    n_norms: int = 50
    """Points in which a weight norm must be the same."""
    late_share: float = 0.2
    """Share of a module's points, up to the last, that must be 0 where earlier ones were not."""
    moved_share: float = 0.01
    """Least change of another weight norm that shows that the log has the digits to tell."""

    def judge(self, view: View) -> list[Finding]:
        for role in (Role.UPDATE_RATIO, Role.MODULE_GRAD_NORM):
            curves = [one for one in view.every(role) if one[1].n_points >= self.n_least]
            still = [
                one for one in curves if self._onset(view, one[1]) is not None and not _vanishes(view, one[0])
            ]
            # A gradient of 0 everywhere is the whole run's: `flat` and its causes say so.
            if still and (len(still) < len(curves) or role is Role.UPDATE_RATIO):
                onset = min(self._onset(view, shape) or shape.first_step for _, shape in still)
                return [_finding(view, still, curves, onset)]
        return self._norms(view)

    def _onset(self, view: View, shape: Shape) -> int | None:
        """The step from which everything is exactly 0, or None."""
        if shape.largest == 0.0 == shape.smallest:
            return shape.first_step
        if shape.high[-1] != 0.0 or shape.low[-1] != 0.0:
            return None
        moving = np.flatnonzero((shape.high != 0.0) | (shape.low != 0.0))
        at = int(moving[-1]) + 1
        if int(shape.sizes[at:].sum()) < max(self.n_least, self.late_share * shape.n_points):
            return None
        step = int(shape.first_steps[at])
        return step if _is_rate_on(view, step) else None

    def _norms(self, view: View) -> list[Finding]:
        curves = [one for one in view.every(Role.WEIGHT_NORM) if one[1].n_points >= self.n_norms]
        still = [one for one in curves if one[1].largest == one[1].smallest and not _vanishes(view, one[0])]
        if not still:
            return []
        others = [shape for _, shape in curves if shape.largest != shape.smallest]
        moves = any(one.largest - one.smallest > self.moved_share * abs(one.largest) for one in others)
        if moves or (not others and _falls(view) is False and _is_rate_on(view, 0)):
            return [_finding(view, still, curves, still[0][1].first_step)]
        return []


def _vanishes(view: View, name: str) -> bool:
    """Whether a module's updates are 0 because its gradient, which is there, is too small for its weights."""
    said = view.said("vanishing_gradient")
    if said is None or not said.facts.get("by_layer"):
        return False
    own = name.replace("update_ratio", "grad_norm").replace("weight_norm", "grad_norm")
    gradient = dict(view.every(Role.MODULE_GRAD_NORM)).get(own)
    return gradient is not None and gradient.smallest > 0.0


def _is_rate_on(view: View, step: int) -> bool:
    """Whether the learning rate is above 0 after a step, as far as it is known."""
    rate = view.shape(Role.LEARNING_RATE)
    if rate is None:
        return True
    later = rate.levels[rate.last_steps >= step]
    return len(later) == 0 or median(later) > 0.0


def _falls(view: View) -> bool | None:
    """Whether the training loss falls over the run by more than noise; None where it is not known."""
    train = view.shape(Role.TRAIN_LOSS)
    if train is None or len(train) < 12:
        return None
    k = len(train) // 4
    return median(train.levels[:k]) - median(train.levels[-k:]) > max(
        0.3 * train.noise, 1e-9 * abs(train.first)
    )


def _finding(view: View, still: list[Named], curves: list[Named], onset: int) -> Finding:
    names = [name for name, _ in still]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    is_all = len(still) == len(curves)
    of = f"all {len(curves)} curves" if is_all and len(curves) > 1 else shown
    value = still[0][1].last
    word = "is exactly 0" if value == 0.0 else "never changes"
    falls = _falls(view)
    facts = {"all_modules": float(is_all), "share": len(still) / len(curves)}
    if falls is not None:
        facts["loss_falls"] = float(falls)
    return Finding(
        pattern="frozen_weights",
        severity=Severity.WARNING if value != 0.0 and falls else Severity.CRITICAL,
        confidence=0.95 if value == 0.0 else 0.8,
        curve=names[0],
        onset_step=onset,
        end_step=None,
        detected_at_step=view.step,
        statement=f"{of} {word} from step {grouped(onset)} on: these weights do not train",
        evidence=(
            Evidence(
                f"{len(still)} of {len(curves)} curves of this kind stand still", names[0], onset, value
            ),
        ),
        facts=facts,
    )
