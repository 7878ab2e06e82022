"""What the learning-rate schedule explains: asked by every judge before it calls a change of the loss a fault.

Only a logged rate explains: what is guessed from the loss itself cannot excuse the loss.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from descentry.patterns.protocol import View
from descentry.record.roles import Role
from descentry.signal.schedule import Schedule, recognise

Move = Literal["fall", "rise", "stall"]
ENDED_SHARE = 0.05
"""A rate below this share of its peak has all but ended: the loss stands still for want of steps."""
CUT_SHARE = 0.2
"""A rate that was cut to this share of its peak: the flat part of a stair follows."""
COOLED_SHARE = 0.8
"""A cool-down shows in the loss from where the rate is below this share of its peak."""
AFTER_SHARE = 0.03
"""How long after a cut or a restart the loss may still answer to it, as a share of the run."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What the schedule did: `kind` is cut, restart, turn, warm-up, cooldown or end; `words` for a statement."""

    kind: str
    step: int
    words: str


def schedule(view: View) -> Schedule | None:
    """The schedule of the logged learning rate as far as the run has come; None where no rate is logged.

    All judges of one moment share it: it is kept with the shape.
    """
    rate = view.shape(Role.LEARNING_RATE)
    if rate is None:
        return None
    cache: dict[tuple[int, ...], Schedule | None] = rate.__dict__.setdefault("_schedules", {})
    key = tuple(view.resumes)
    if key not in cache:
        cache[key] = recognise(
            rate.first_steps.astype(np.float64), rate.levels, [float(step) for step in key]
        )
    return cache[key]


def explains(view: View, move: Move, step: float, tolerance: float = 0.0) -> Planned | None:
    """What in the schedule lets one expect this move of the loss at this step, or None.

    A `fall`: a cut of the rate up to `AFTER_SHARE` of the run before, or a cool-down.  A `rise`: a restart, or a
    rate that climbs in a cycle.  A `stall`: a rate that has not risen yet, was cut low, or has ended.
    `tolerance`: steps by which the place of the move is uncertain, both ways.
    """
    plan = schedule(view)
    if plan is None or plan.peak <= 0:
        return None
    if move == "fall":
        return _fall(view, plan, step, tolerance)
    if move == "rise":
        return _rise(view, plan, step, tolerance)
    return _stall(view, plan, step)


def _reach(view: View, plan: Schedule, tolerance: float) -> float:
    return AFTER_SHARE * max(1, view.step - plan.first_step) + tolerance


def _recent(plan: Schedule, view: View, step: float, tolerance: float) -> int | None:
    """The change of the schedule that a move at this step may answer to."""
    reach = _reach(view, plan, tolerance)
    near = [at for at in plan.changes if -tolerance <= step - at <= reach]
    return near[-1] if near else None


def _fall(view: View, plan: Schedule, step: float, tolerance: float) -> Planned | None:
    if plan.kind in ("step", "on_plateau"):
        at = _recent(plan, view, step, tolerance)
        return Planned("cut", at, "the learning rate is cut there") if at is not None else None
    if plan.kind in ("warm_restarts", "cyclical"):
        falls = _share(view, step + tolerance) < 0.95 * _share(view, step - _reach(view, plan, tolerance))
        return Planned("turn", int(step), "the learning rate comes down there") if falls else None
    if (
        plan.decay_start is not None
        and step >= plan.decay_start - tolerance
        and _share(view, step) <= COOLED_SHARE
    ):
        return Planned("cooldown", plan.decay_start, "the learning rate comes down there")
    return None


def _rise(view: View, plan: Schedule, step: float, tolerance: float) -> Planned | None:
    if plan.kind == "warm_restarts":
        at = _recent(plan, view, step, tolerance)
        return Planned("restart", at, "the learning rate jumps up there") if at is not None else None
    if plan.kind == "cyclical":
        rate = view.shape(Role.LEARNING_RATE)
        back = _reach(view, plan, 0.0)
        if rate is not None and rate.level_at(step + tolerance) > 1.01 * rate.level_at(step - back):
            return Planned("turn", int(step), "the learning rate climbs there")
    return None


def _stall(view: View, plan: Schedule, step: float) -> Planned | None:
    if plan.warmup_end is not None and step < plan.warmup_end and _share(view, step) < 0.5:
        return Planned("warm-up", plan.warmup_end, "the learning rate is still warming up")
    falls = plan.decay_start is not None and step > plan.decay_start
    if falls and plan.kind in ("step", "on_plateau") and _share(view, step) <= CUT_SHARE:
        return Planned("cut", max(at for at in plan.changes if at <= step), "the learning rate has been cut")
    if falls and _share(view, step) <= ENDED_SHARE:
        return Planned("end", int(step), "the learning rate has ended its schedule")
    return None


def _share(view: View, step: float) -> float:
    rate = view.shape(Role.LEARNING_RATE)
    return rate.level_at(step) / max(rate.largest, 1e-300) if rate is not None else 1.0
