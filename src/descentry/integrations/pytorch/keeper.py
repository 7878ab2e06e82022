"""Performs what the guard asks of a plain PyTorch loop."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from descentry.guard.actions import Action, Checkpoint, ClipTo, RollBack, ScaleLr, SkipBatch, Stop
from descentry.guard.wall import Wall
from descentry.integrations.pytorch.checkpoints import Checkpoints, Stateful
from descentry.integrations.pytorch.reins import Reins, as_optimizers
from descentry.integrations.pytorch.states import copied
from descentry.integrations.watcher import Keeps

_log = logging.getLogger("descentry.guard")


class Keeper:
    """Owns the checkpoints of a training and performs the guard's actions.

    `optimizer`: one or several; `scheduler`, `scaler`, `data` (an iterator over batches with a state and `skip`, such
    as `Batches`) and `others` go back with model and optimizer, as do the random states of Python, NumPy and torch.
    `every`: steps between checkpoints, which are made only for a guard that acts; `n_kept`, `folder`: see
    `Checkpoints`; `batches_per_step`: drawn from `data` for one step, where gradients are accumulated.  UsageError: an
    optimizer that cannot be guarded (LBFGS).

    `stopped`: the guard's Stop, once it has come; `reins.rates.factor`: what the learning rate is multiplied by.
    """

    def __init__(
        self,
        guard: Keeps,
        model: nn.Module,
        optimizer: torch.optim.Optimizer | Iterable[torch.optim.Optimizer],
        *,
        scheduler: Stateful | None = None,
        scaler: Stateful | None = None,
        data: Any = None,
        others: Mapping[str, Stateful] | None = None,
        every: int = 100,
        n_kept: int = 12,
        folder: str | Path | None = None,
        batches_per_step: int = 1,
    ) -> None:
        optimizers = as_optimizers(optimizer)
        named = {"model": model, "scheduler": scheduler, "scaler": scaler, "data": data, **(others or {})}
        named |= {f"optimizer {i}": one for i, one in enumerate(optimizers)}
        self.guard, self.model, self.data, self.every = guard, model, data, every
        self.batches_per_step = batches_per_step
        self.checkpoints = Checkpoints(
            {name: part for name, part in named.items() if part is not None}, n_kept, folder
        )
        self.wall = Wall()
        self.reins = Reins(optimizers, wall=self.wall)
        self.stopped: Stop | None = None
        self.best: tuple[int, Any] | None = None
        self._going: RollBack | None = None
        self._next = 0
        self._saves_next = False

    def steps(self, n_steps: int, first: int = 0) -> Iterator[int]:
        """The steps to train, `first` to `n_steps` - 1: back again after a roll back, no more after a stop."""
        self._next = first
        while self.stopped is None:
            if self._going is not None:
                self._go_back(self._going)
                self._going = None
            if self._next >= n_steps:
                return
            step = self._next
            is_due = step == first or step % self.every == 0
            if self._saves_next or (is_due and getattr(self.guard, "act", True)):
                self.save(step)
                self._saves_next = False
            self.reins.begin(step)
            self._next = step + 1
            yield step

    def save(self, step: int) -> None:
        """A checkpoint of the state before `step`; where it cannot be written, that is told and training goes on."""
        if step not in self.checkpoints.steps:
            self.wall.call(lambda: self._save(step), None)

    def allows(self, action: Action) -> bool:
        """Performs the action; whether the update of this step is to be applied.

        Refused gradients are taken away, whether the loop zeroes them or not.
        """
        may = self.perform(action)
        for optimizer in () if may else self.reins.optimizers:
            optimizer.zero_grad(set_to_none=True)
        return may

    def perform(self, action: Action) -> bool:
        """The same, but that refused gradients stay: for loops that call the optimizer's step in any case.

        A roll back happens when the loop asks for its next step: what it still does in this one is undone too.
        """
        self.wall.call(self._note_best, None)
        match action:
            case RollBack():
                self._going = action
            case ScaleLr(factor, for_steps):
                self.reins.rates.scale(factor, for_steps)
            case ClipTo(norm):
                self.reins.clip = norm
            case Checkpoint():
                self._saves_next = True
            case Stop():
                self.stopped = action
        return not isinstance(action, RollBack | SkipBatch | Stop)

    @property
    def goes_back(self) -> bool:
        """Whether this step is the last before a roll back: what is measured now belongs to what is given up."""
        return self._going is not None

    def restore_best(self) -> bool:
        """Loads the weights of the best validation that early stopping saw; whether there were any."""
        if self.best is None:
            return False
        self.model.load_state_dict(self.best[1])
        return True

    def _save(self, step: int) -> None:
        for gone in self.checkpoints.save(step):
            self.guard.forgotten(gone)
        if step in self.checkpoints.steps:
            self.guard.saved(step)

    def _go_back(self, action: RollBack) -> None:
        """The state of the checkpoint, past the batches to skip, at the rate asked for."""
        if not self.wall.call(lambda: self._loaded(action.to_step), False):
            _log.warning("the checkpoint of step %d cannot be loaded; training goes on", action.to_step)
            self.checkpoints.drop(action.to_step)
            self.wall.call(lambda: self.guard.forgotten(action.to_step), None)
            return
        self._next = action.to_step
        self.reins.rates.scale(action.rate, None)
        self.reins.clip = self.reins.clip if action.clip is None else action.clip
        if action.skip and self.data is not None:
            self.wall.call(lambda: self.data.skip(action.skip * self.batches_per_step), None)

    def _loaded(self, step: int) -> bool:
        if step not in self.checkpoints.steps:
            return False
        self.checkpoints.load(step)
        return True

    def _note_best(self) -> None:
        """The weights that early stopping has just seen the best validation of."""
        stopper = getattr(getattr(self.guard, "course", None), "stopper", None)
        step = self._next - 1
        if stopper is not None and stopper.best_step == step and (self.best is None or self.best[0] != step):
            self.best = (step, copied(self.model.state_dict()))
