"""underfit_capacity: training and validation both level off high, with a small gap, long before the end.

Test: a plateau stands that lasts up to the newest step and that no schedule explains; over the same stretch
validation does not fall either, and lies as high as training.  Then the network fits its training examples no better
than new ones, which is another trouble than a stall with room to spare: this finding leads and the plateau follows.
A learning rate that is small, or far below its peak, is the likelier reason and leaves it at a plateau.
Source: Hoffmann et al., 2022, arXiv:2203.15556; Goodfellow, Bengio & Courville, Deep Learning, 2016, section 5.2.
"""

from dataclasses import dataclass
from typing import ClassVar

from descentry.patterns.protocol import View
from descentry.record.chunk import Floats
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.robust import median, spread
from descentry.signal.shape import Shape
from descentry.signal.words import grouped, number


@dataclass(frozen=True, slots=True)
class UnderfitCapacity:
    """Both losses have stopped, side by side."""

    id: ClassVar[str] = "underfit_capacity"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.TRAIN_LOSS, Role.VAL_LOSS)

    gap_share: float = 0.06
    """Most that validation may lie above training, as a share of its level.  Higher: room to spare counts too."""
    below_share: float = 0.06
    """Most that it may lie below: further down it is another set of examples, or a leak."""
    still_share: float = 0.02
    """Most that validation may still fall in the stretch, as a share of its whole descent."""
    rate_share: float = 0.3
    """Least learning rate in the stretch as a share of its peak, where it is logged."""
    rate_least: float = 2e-4
    """A peak below this is small by itself: steps too short stop a run as well as a network too small."""
    n_least: int = 4
    """Fewer validations in the stretch do not show that they stand."""

    def judge(self, view: View) -> list[Finding]:
        plateau, val = view.said("plateau"), view.shape(Role.VAL_LOSS)
        train = view.shape(Role.TRAIN_LOSS)
        if plateau is None or plateau.end_step is not None or plateau.severity is Severity.INFO:
            return []
        if val is None or train is None or not self._rate_is_large(view.shape(Role.LEARNING_RATE), plateau):
            return []
        held, trained = _inside(val, plateau.onset_step), _inside(train, plateau.onset_step)
        if len(held) < self.n_least or not len(trained) or not self._stands(val, held):
            return []
        level, beside = median(held), median(trained)
        if not -self.below_share * abs(beside) <= level - beside <= self.gap_share * abs(beside):
            return []
        return [self._finding(view, plateau, level, beside)]

    def _rate_is_large(self, rate: Shape | None, plateau: Finding) -> bool:
        """Whether the learning rate, where it is logged, gives no reason for the stall."""
        if rate is None:
            return True
        peak, inside = float(rate.high.max()), _inside(rate, plateau.onset_step)
        return peak >= self.rate_least and len(inside) > 0 and median(inside) >= self.rate_share * peak

    def _stands(self, val: Shape, held: Floats) -> bool:
        """Whether validation has stopped as well, as far as its scatter lets one see."""
        third = max(1, len(held) // 3)
        change = abs(median(held[:third]) - median(held[-third:]))
        descent = float(val.levels[0]) - float(val.levels.min())
        return bool(change <= self.still_share * descent + 2.0 * spread(held) / float(third) ** 0.5)

    def _finding(self, view: View, plateau: Finding, level: float, beside: float) -> Finding:
        name = view.names[Role.VAL_LOSS]
        statement = (
            f"training and validation both stay high, at {number(beside)} and {number(level)}, since step "
            f"{grouped(plateau.onset_step)}: the network fits neither better"
        )
        return Finding(
            pattern=self.id,
            severity=Severity.WARNING,
            confidence=plateau.confidence,
            curve=plateau.curve,
            onset_step=plateau.onset_step,
            end_step=None,
            detected_at_step=view.step,
            statement=statement,
            evidence=(
                Evidence("validation beside training in the stretch", name, view.step, level, beside),
                *plateau.evidence,
            ),
            facts=dict(plateau.facts),
        )


def _inside(shape: Shape, onset: int) -> Floats:
    """The levels from a step on, float64[k]."""
    return shape.levels[shape.first_steps >= onset]
