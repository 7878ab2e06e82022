"""Learning rates of an optimizer, now and as its scheduler will set them."""

import inspect
from typing import Any

from descentry.preflight.setup import Setup
from descentry.preflight.wall import outcome

N_AHEAD = 2000
"""Steps of a scheduler that are tried.  A warm-up that has not left 0 by then is none."""


def rates(optimizer: Any) -> list[float]:
    """The rate of each group."""
    return [float(group["lr"]) for group in optimizer.param_groups if "lr" in group]


def advanced(setup: Setup) -> int | None:
    """Steps the scheduler until no group's rate is 0; the number of steps, or None where that never comes."""
    for n_steps in range(N_AHEAD + 1):
        if all(rates(setup.optimizer)):
            return n_steps
        if not steps_alone(setup.scheduler):
            return None
        if not _stepped(setup.scheduler):
            return None
    return None


def steps_alone(scheduler: Any) -> bool:
    """Whether there is a scheduler whose `step` asks for nothing (ReduceLROnPlateau asks for a loss)."""
    if scheduler is None:
        return False
    needed = [
        one
        for one in inspect.signature(scheduler.step).parameters.values()
        if one.default is one.empty and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    return not needed


def _stepped(scheduler: Any) -> bool:
    """Whether the scheduler could be stepped: some raise at their end (OneCycleLR)."""
    return not isinstance(outcome(scheduler.step), Exception)


def peak(setup: Setup, n_ahead: int = N_AHEAD) -> list[float]:
    """The highest rate of each group within the next steps of the scheduler; the scheduler is left there."""
    highest = rates(setup.optimizer)
    for _ in range(n_ahead if steps_alone(setup.scheduler) else 0):
        if not _stepped(setup.scheduler):
            break
        highest = [max(pair) for pair in zip(highest, rates(setup.optimizer), strict=True)]
    return highest
