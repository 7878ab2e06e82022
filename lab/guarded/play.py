"""One case of the closed loop: its twin, what could have saved it, and what the guard made of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import inf

import torch

from descentry.guard.actions import Action, ClipTo, Continue, RollBack, ScaleLr, name_of
from descentry.guard.guard import Guard
from lab.guarded.cases import FOREVER, Faulty
from lab.guarded.loop import Ended, GuardedLoop
from lab.trainings.fault import Hook
from lab.trainings.gpt import TextTask
from lab.trainings.loop import Row
from lab.trainings.recipe import Recipe

NEAR = 1.02
"""A saved run ends within this factor of its twin's loss."""
SOON = 0.05
"""A lost run is stopped within this share of the planned steps after the onset."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """What is known of a case before any guard sees it.

    `twin`: the last validation losses of the healthy twin; `saved_by`: the action that saves it at the onset, empty
    where none does.
    """

    id: str
    twin: float
    saved_by: str


@dataclass(frozen=True, slots=True)
class Played:
    """How a case ended under the guard.

    `delay`: steps trained from the onset to the stop, as a share of the plan, NaN where it was not stopped; `reason`:
    of the stop; `is_right`: a savable case ended near its twin, another was stopped soon and for a right reason.
    """

    id: str
    twin: float
    saved_by: str
    loss: float
    reason: str
    delay: float
    n_deeds: int
    deeds: str
    is_right: bool


@dataclass(frozen=True, slots=True)
class Unharmed:
    """A healthy run under the acting guard: what it asked for, and whether the weights are those of the run without."""

    id: str
    n_deeds: int
    deeds: str
    is_same: bool


def fix(case: Faulty) -> Fixed:
    """Trains the twin, and replays every action at the onset until one saves the run."""
    _quiet()
    twin = _twin(case.seed, case.usual).loss
    return Fixed(case.id, twin, savable(case, twin))


def play(case: Faulty, fixed: Fixed) -> Played:
    """Trains the case under the acting guard."""
    _quiet()
    ended, n_since = guarded(case)
    reason = ended.stopped.reason if ended.stopped else ""
    delay = n_since / case.recipe.n_steps if ended.stopped else float("nan")
    if fixed.saved_by:
        is_right = ended.stopped is None and ended.loss <= NEAR * fixed.twin
    else:
        is_right = reason.split(":")[0] in case.reasons and delay <= SOON
    return Played(
        case.id,
        fixed.twin,
        fixed.saved_by,
        ended.loss,
        reason,
        delay,
        len(ended.deeds),
        _deeds(ended),
        is_right,
    )


def spare(case: Faulty) -> Unharmed:
    """Trains a healthy case with the guard and without."""
    _quiet()
    ended, _ = guarded(case)
    return Unharmed(
        case.id, len(ended.deeds), _deeds(ended), ended.weights == _twin(case.seed, case.usual).weights
    )


def _quiet() -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def _deeds(ended: Ended) -> str:
    return "; ".join(f"{step}/{n}: {_brief(deed)}" for step, n, deed in ended.deeds)


def guarded(case: Faulty, policy: str = "acting") -> tuple[Ended, int]:
    """The run under an acting guard, and how many steps it trained since the onset until its end."""
    guard = Guard(policy, act=True, n_steps=case.recipe.n_steps, background=False, budget_s=inf)
    ended = _loop(case.seed, case.recipe, case.hooks(), guard).train()
    return ended, ended.n_trained - case.onset


def savable(case: Faulty, twin: float) -> str:
    """The first action that, at the very onset, brings the run within `NEAR` of its twin; empty where none does."""
    for action in (Continue(), *_actions(case)):
        guard = Guard({}, act=True, n_steps=case.recipe.n_steps, background=False)
        loop = _loop(case.seed, case.recipe, case.hooks(), guard, every=case.recipe.n_steps)
        loop.says = _Script(case.onset, action, loop)
        ended = loop.train()
        if ended.loss <= NEAR * twin:
            return _brief(action)
    return ""


def _actions(case: Faulty) -> Sequence[Action]:
    n = case.recipe.n_steps
    ways: list[Action] = []
    if 0 < case.length < FOREVER:
        ways.append(RollBack(case.onset, skip=case.length))
    ways += [ScaleLr(factor) for factor in (0.3, 0.1, 0.03, 0.01)]
    ways += [ScaleLr(0.1, for_steps=n // 5), ScaleLr(0.3, for_steps=n // 5), ClipTo(1.0), ClipTo(0.1)]
    return ways


@dataclass
class _Script:
    """Asks for one action, at the begin of the onset's step; a roll back to it passes over batches."""

    onset: int
    action: Action
    loop: GuardedLoop
    is_done: bool = False

    def __call__(self, step: int, row: Row) -> Action:
        del row
        if step == max(0, self.onset - 1) and isinstance(self.action, RollBack):
            self.loop.keeper.save(self.onset)
        if step != self.onset or self.is_done:
            return Continue()
        self.is_done = True
        return self.action


@cache
def _twin(seed: int, usual: Recipe) -> Ended:
    guard = Guard({}, n_steps=usual.n_steps, background=False)
    loop = _loop(seed, usual, (), guard, every=usual.n_steps)
    loop.says = _go_on
    return loop.train()


def _go_on(step: int, row: Row) -> Action:
    del step, row
    return Continue()


def _loop(seed: int, recipe: Recipe, hooks: Sequence[Hook], guard: Guard, every: int = 10) -> GuardedLoop:
    return GuardedLoop(TextTask(seed), recipe, seed, hooks, guard, every)


def _brief(action: Action) -> str:
    match action:
        case RollBack(to, skip, rate, _, why):
            return f"roll_back({to}, skip={skip}, rate={rate:g}) {why[:60]}".strip()
        case ScaleLr(factor, steps, _):
            return f"scale_lr({factor:g}, {steps})"
        case ClipTo(norm, _):
            return f"clip_to({norm:g})"
        case _:
            return f"{name_of(action)} {getattr(action, 'reason', '')[:60]}".strip()
