"""grokking: the training set is memorised early, and validation falls long after that.

Test: training stays below a small share of its first level from some step on; from there validation stands still,
far above training, for longer than the memorising itself took; then it falls to half of that and less.  Levels are
compared as shares of the first training loss, so no unit counts.  Where the loss does not show it (it may rise for
as long as wrong answers grow more confident) the share of wrong answers does: 1 - accuracy.  The onset is where
validation leaves for good what it had reached before.  Differences this large are no noise, so none is estimated.
Source: Power et al., Grokking, 2022, arXiv:2201.02177.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import View
from descentry.record.chunk import Floats
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.profile import profile
from descentry.signal.robust import median
from descentry.signal.shape import Shape
from descentry.signal.trend import running_median
from descentry.signal.words import grouped, number

PAIRS = ((Role.TRAIN_LOSS, Role.VAL_LOSS), (Role.ACCURACY, Role.VAL_ACCURACY))


@dataclass(frozen=True, slots=True)
class _Course:
    """Steps and values of a curve that falls as the network learns, first point included."""

    steps: Floats
    values: Floats


@dataclass(frozen=True, slots=True)
class _Late:
    """When training was done, when validation began to follow, the shelf between them, and where it is now."""

    learned: float
    onset: int
    shelf: float
    now: float


@dataclass(frozen=True, slots=True)
class Grokking:
    """A long shelf of validation over a training set that is known by heart, then a fall."""

    id: ClassVar[str] = "grokking"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.VAL_LOSS, Role.TRAIN_LOSS)

    learned_share: float = 0.15
    """Training below this share of its first level knows its examples.  Higher: half-learned sets count too."""
    gap_share: float = 0.5
    """Least height of the shelf above training, as a share of the first training level."""
    fallen_share: float = 0.5
    """What is left of the shelf once validation has followed.  Lower: only told when it is nearly over."""
    leaving_share: float = 0.9
    """Validation has left its shelf below this share of it, and of its first value."""
    stall_share: float = 0.1
    """Least length of the shelf as a share of the run so far."""
    stall_factor: float = 2.0
    """Least length of the shelf in times that memorising took.  Higher: only the very late."""
    n_least: int = 8
    """Fewer validations show no shelf."""

    def judge(self, view: View) -> list[Finding]:
        for train_role, val_role in PAIRS:
            train, val = view.shape(train_role), view.shape(val_role)
            if train is None or val is None or len(val) < self.n_least or len(train) < self.n_least:
                continue
            late = self._late(_course(train, train_role), _course(val, val_role), train.first_step)
            if late is not None:
                return [self._finding(view, val, val_role, late)]
        return []

    def _late(self, train: _Course, val: _Course, begin: int) -> _Late | None:
        """The shelf and the fall from it; None where there is neither."""
        first = float(train.values[0])
        learned = self._learned(train, first)
        if learned is None or float(val.values.min()) < 0.0:
            return None
        smooth = running_median(val.values, 2)
        start = int(np.searchsorted(val.steps, learned))
        onset = self._onset(smooth, float(val.values[0]), start)
        if onset is None:
            return None
        stall = float(val.steps[onset]) - learned
        span = float(max(train.steps[-1], val.steps[-1])) - begin
        if stall < self.stall_share * span or stall < self.stall_factor * (learned - begin):
            return None
        shelf, now = median(smooth[start:onset]), median(val.values[-3:])
        beside = float(np.interp(val.steps[onset], train.steps, train.values))
        lowest = float(smooth[onset:].min())
        if shelf - beside < self.gap_share * first or lowest > self.fallen_share * min(shelf, val.values[0]):
            return None
        return _Late(learned, onset, shelf, min(now, lowest))

    def _learned(self, train: _Course, first: float) -> float | None:
        """The step from which the training set is known; None where it is not, or is lost again."""
        if not first > 0.0 or float(train.values.min()) < 0.0:
            return None
        below = np.flatnonzero(train.values <= self.learned_share * first)
        if not len(below) or median(train.values[below[0] :]) > self.learned_share * first:
            return None
        return float(train.steps[below[0]])

    def _onset(self, smooth: Floats, first: float, start: int) -> int | None:
        """The validation from which on the course lies below its shelf, most of what follows included."""
        if len(smooth) - start < 4:
            return None
        shelf = float(smooth[start : start + max(2, (len(smooth) - start) // 10)].max())
        limit = self.leaving_share * min(first, shelf)
        above = smooth[start:] > limit
        # Of the points from each one on, fewer than a quarter may stand above again.
        still = np.cumsum(above[::-1])[::-1] / np.arange(len(above), 0, -1)
        left = np.flatnonzero(~above & (still < 0.25))
        return start + int(left[0]) if len(left) and left[0] > 0 else None

    def _finding(self, view: View, val: Shape, role: Role, late: _Late) -> Finding:
        name = view.names[role]
        onset = int(val.first_steps[late.onset])
        what = "validation" if role is Role.VAL_LOSS else "the share of wrong answers in validation"
        statement = (
            f"training has learned its examples by step {grouped(late.learned)}; {what} stays near "
            f"{number(late.shelf)} until step {grouped(onset)}, then falls to {number(late.now)}"
        )
        return Finding(
            pattern=self.id,
            severity=Severity.INFO,
            confidence=0.9 if role is Role.VAL_LOSS else 0.8,
            curve=name,
            onset_step=onset,
            end_step=None,
            detected_at_step=view.step,
            statement=statement,
            evidence=(
                Evidence(f"{what} now against its long shelf", name, val.last_step, late.now, late.shelf),
            ),
            facts={"on_validation": 1.0, "drop_ratio": late.now / late.shelf},
        )


def _course(shape: Shape, role: Role) -> _Course:
    """The curve as one that falls: losses as they are, accuracies as the share of wrong answers.

    Training is binned, which spares it single bad batches; validation comes as it was logged.
    """
    is_train = role in (Role.TRAIN_LOSS, Role.ACCURACY)
    if is_train:
        course = profile(shape)
        steps, values = course.x, course.y.copy()
        values[0] = max(shape.first, values[0]) if role is Role.TRAIN_LOSS else min(shape.first, values[0])
    else:
        steps, values = shape.steps, shape.levels
    if role in (Role.TRAIN_LOSS, Role.VAL_LOSS):
        return _Course(steps, values)
    whole = 100.0 if shape.largest > 1.5 else 1.0
    return _Course(steps, 1.0 - values / whole)
