"""Performs what the guard asks of a plain PyTorch loop."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from descentry.guard.actions import Action, Checkpoint, ClipTo, RollBack, ScaleLr, SkipBatch, Stop
from descentry.guard.guard import Guard
from descentry.integrations.pytorch.checkpoints import Checkpoints, Stateful


class Keeper:
    """Owns the checkpoints of a training and performs the guard's actions.

    `scheduler`, `scaler`, `data` (an iterator over batches with a state, such as `Batches`) and `others` go back with
    model and optimizer, as do the random states of Python, NumPy and torch.  `every`: steps between checkpoints;
    `n_kept`, `folder`: see `Checkpoints`.

    The learning rate is scaled, and gradients are clipped further, inside `optimizer.step()` alone: any scheduler goes
    on as it would have, and where nothing was asked for nothing is touched.
    """

    def __init__(
        self,
        guard: Guard,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        scheduler: Stateful | None = None,
        scaler: Stateful | None = None,
        data: Any = None,
        others: Mapping[str, Stateful] | None = None,
        every: int = 100,
        n_kept: int = 12,
        folder: str | Path | None = None,
    ) -> None:
        named = {
            "model": model,
            "optimizer": optimizer,
            "scheduler": scheduler,
            "scaler": scaler,
            "data": data,
        }
        parts = {name: part for name, part in {**named, **(others or {})}.items() if part is not None}
        self.guard, self.data, self.every = guard, data, every
        self.checkpoints = Checkpoints(parts, n_kept, folder)
        self.rate, self.clip = 1.0, None  # type: float, float | None
        self.stopped: Stop | None = None
        self._next = 0
        self._saves_next = False
        self._until: list[tuple[int, float]] = []
        self._usual: list[float] = []
        optimizer.register_step_pre_hook(self._before_update)
        optimizer.register_step_post_hook(self._after_update)

    def steps(self, n_steps: int, first: int = 0) -> Iterator[int]:
        """The steps to train, `first` to `n_steps` - 1: back again after a roll back, no more after a stop."""
        self._next = first
        while self._next < n_steps and self.stopped is None:
            step = self._next
            if step == first or step % self.every == 0 or self._saves_next:
                self.save(step)
                self._saves_next = False
            self._next = step + 1
            self._until = [(until, factor) for until, factor in self._until if until > step]
            yield step

    def save(self, step: int) -> None:
        """A checkpoint of the state before `step`."""
        if step in self.checkpoints.steps:
            return
        for gone in self.checkpoints.save(step):
            self.guard.forgotten(gone)
        self.guard.saved(step)

    def allows(self, action: Action) -> bool:
        """Performs the action; whether the update of this step is to be applied."""
        match action:
            case RollBack():
                self._roll_back(action)
            case ScaleLr(factor, None):
                self.rate *= factor
            case ScaleLr(factor, int() as n):
                self._until.append((self._next + n, factor))
            case ClipTo(norm):
                self.clip = norm
            case Checkpoint():
                self._saves_next = True
            case Stop():
                self.stopped = action
        return not isinstance(action, RollBack | SkipBatch | Stop)

    def _roll_back(self, action: RollBack) -> None:
        """The state of the checkpoint, past the batches to skip, at the rate asked for."""
        self.checkpoints.load(action.to_step)
        if action.skip and self.data is not None:
            self.data.skip(action.skip)
        self.rate *= action.rate
        self.clip = self.clip if action.clip is None else action.clip
        self._next = action.to_step

    def _factor(self) -> float:
        factor = self.rate
        for _, temporary in self._until:
            factor *= temporary
        return factor

    def _before_update(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        if self.clip is not None:
            weights = [p for group in optimizer.param_groups for p in group["params"]]
            torch.nn.utils.clip_grad_norm_(weights, self.clip)
        factor = self._factor()
        self._usual = []
        if factor != 1.0:
            self._usual = [group["lr"] for group in optimizer.param_groups]
            for group in optimizer.param_groups:
                group["lr"] = group["lr"] * factor

    def _after_update(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        for group, rate in zip(optimizer.param_groups, self._usual, strict=False):
            group["lr"] = rate
