"""What a change of level goes with: a change of the logged data, a leap of training, a validation that stays."""

from collections.abc import Sequence

import numpy as np

from descentry.patterns.protocol import View
from descentry.record.chunk import Floats
from descentry.record.roles import Role
from descentry.signal.leaps import Leap
from descentry.signal.profile import Profile
from descentry.signal.robust import median

MOST_LEAPS = 5
"""Training that leaps more often marks no place."""
N_VALIDATIONS = 3
"""Validations on each side of a drop that give the level there."""
SHARED = 0.25
"""Share of a drop of training from which validation goes along."""


def version_changes(view: View) -> Floats:
    """The steps at which a logged data version or shard changes, float64[k]; empty where none is logged."""
    shape = view.shape(Role.DATA_VERSION)
    if shape is None or len(shape) < 2:
        return np.empty(0)
    changes: Floats = shape.first_steps[1:][np.diff(shape.levels) != 0].astype(np.float64)
    # A shard that changes all the time is no mark.
    return changes if len(changes) <= 20 else np.empty(0)


def train_leaps(view: View) -> Floats:
    """The steps at which training leaps, float64[k]: what happens there may go with it."""
    train = view.names.get(Role.TRAIN_LOSS)
    steps = [
        step for one in view.standing if one.pattern == "spike" and one.curve == train for step in one.steps
    ]
    return np.array(steps if len(steps) <= MOST_LEAPS else [], np.float64)


def is_near(marks: Sequence[float] | Floats, course: Profile, at: int) -> bool:
    """Whether a mark lies within a seventieth of the run."""
    near = max(2, len(course) // 70)
    low, high = course.starts[max(0, at - near)], course.ends[min(len(course) - 1, at + near)]
    return any(low <= mark <= high for mark in marks)


def is_surprise(view: View, course: Profile, drop: Leap, beside: Floats) -> bool:
    """Whether training leaps up right before it drops, and validation does not go along: the data are others there.

    False where there is no validation to tell.
    """
    near = max(2, len(course) // 24)
    low, high = course.starts[max(0, drop.at - near)], course.ends[min(len(course) - 1, drop.at + 1)]
    if not any(low <= mark <= high for mark in beside):
        return False
    held = view.shape(Role.VAL_LOSS)
    if held is None:
        return False
    before, after = held.until(low).levels[-N_VALIDATIONS:], held.since(high).levels[:N_VALIDATIONS]
    if len(before) < N_VALIDATIONS or len(after) < N_VALIDATIONS:
        return False
    return median(before) - median(after) < SHARED * abs(drop.size)
