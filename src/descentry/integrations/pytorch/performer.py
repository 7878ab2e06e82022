"""Performs what the guard asks for where a framework owns the loop: data, step count and schedule only go on.

A roll back restores weights, buffers and the optimizers' moments of a checkpoint.  The batches since then are thereby
passed over, whatever number was asked for; step, schedule and random states stay where they are, so that the plan of
the training ends when it would have.
"""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from descentry.guard.actions import Action, Checkpoint, ClipTo, Continue, RollBack, ScaleLr, SkipBatch, Stop
from descentry.guard.wall import Wall
from descentry.integrations.distributed import shared
from descentry.integrations.pytorch.checkpoints import Checkpoints
from descentry.integrations.pytorch.reins import Reins, as_optimizers
from descentry.integrations.watcher import Watcher, only_goes_on

_log = logging.getLogger("descentry.guard")


class Performer:
    """The hands of a guard in a framework's callback; of several processes the guard of rank 0 decides.

    `every`: steps between checkpoints, which are made only for a guard that acts; `n_kept`, `folder`: see
    `Checkpoints`; `can_go_back`: False where the weights do not lie in this process whole: a roll back is then told,
    not done.  `stopped`: the guard's Stop, once it has come; `wants_save`: whether the framework should write a
    checkpoint of its own.  UsageError: an optimizer that cannot be guarded (LBFGS).
    """

    def __init__(
        self,
        guard: Watcher,
        model: nn.Module,
        optimizers: torch.optim.Optimizer | Iterable[torch.optim.Optimizer],
        *,
        every: int = 100,
        n_kept: int = 8,
        folder: str | Path | None = None,
        can_go_back: bool = True,
    ) -> None:
        several = as_optimizers(optimizers)
        only_goes_on(guard)
        self.guard, self.model, self.every = shared(guard), model, every
        self.can_go_back = can_go_back and self.guard.act
        self.wall = Wall()
        self.reins = Reins(several, wall=self.wall)
        parts = {"model": model} | {str(i): one for i, one in enumerate(self.reins.optimizers)}
        self.checkpoints = Checkpoints(parts, n_kept, folder, with_random=False)
        self.stopped: Stop | None = None
        self.wants_save = False
        self._begun: int | None = None

    def begin(self, step: int) -> None:
        """Before `step` is trained: a checkpoint where one is due; spells of other rates end when they should.

        Called oftener than once for a step, where gradients are accumulated, only the first counts.
        """
        if step == self._begun:
            return
        is_due = self._begun is None or step % self.every == 0
        self._begun = step
        self.reins.begin(step)
        if is_due and self.can_go_back:
            self.wall.call(lambda: self._save(step), None)

    def judge(
        self, grad_norm: float | None = None, loss: float | None = None, loss_scale: float | None = None
    ) -> bool:
        """Whether the update may be applied; where not, the optimizer will find no gradients."""
        self.reins.is_held = not self.wall.call(
            lambda: self.guard.before_step(grad_norm, loss, loss_scale), True
        )
        return not self.reins.is_held

    def observe(self, step: int, signals: dict[str, Any]) -> Action:
        """What the guard asks for after `step`, done."""
        nothing: Action = Continue()
        action = self.wall.call(lambda: self.guard.observe(step, **signals), nothing)
        self.wall.call(lambda: self.perform(action), None)
        return action

    def perform(self, action: Action) -> None:
        """Does it.  An update that was already applied cannot be skipped any more: that is left to `judge`."""
        match action:
            case RollBack():
                self._roll_back(action)
            case ScaleLr(factor, for_steps):
                self.reins.rates.scale(factor, for_steps, after=1)
            case ClipTo(norm):
                self.reins.clip = norm
            case Checkpoint():
                self.wants_save = True
            case Stop():
                self.stopped = action
                _log.warning("the guard ends the training: %s", action.reason)
            case SkipBatch() | Continue():
                pass

    def close(self) -> None:
        """The training is over: optimizers are let go."""
        self.reins.release()

    def _save(self, step: int) -> None:
        for gone in self.checkpoints.save(step):
            self.guard.forgotten(gone)
        if step in self.checkpoints.steps:
            self.guard.saved(step)

    def _roll_back(self, action: RollBack) -> None:
        if not self.can_go_back or action.to_step not in self.checkpoints.steps:
            _log.warning("asked for, not done: back to step %d (%s)", action.to_step, action.reason)
            self.guard.forgotten(action.to_step)
            return
        self.checkpoints.load(action.to_step, self._put)
        self.reins.rates.scale(action.rate, None)
        self.reins.clip = self.reins.clip if action.clip is None else action.clip
        _log.warning("weights and moments of step %d are back: %s", action.to_step, action.reason)

    def _put(self, name: str, state: Any) -> None:
        """Moments go back; what the optimizer's groups are set to belongs to the schedule, which goes on."""
        part: Any = self.checkpoints.parts[name]
        if name != "model":
            state = {**state, "param_groups": part.state_dict()["param_groups"]}
        part.load_state_dict(state)
