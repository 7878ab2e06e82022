"""The training loop that all tiny trainings share, with a place for each kind of fault."""

import copy
from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor

from lab.case import Series
from lab.trainings.fault import Hook
from lab.trainings.recipe import Recipe
from lab.trainings.task import Batch, Task

Row = dict[str, float]


class Loop:
    """One training: a task, a recipe, and what is done to it."""

    def __init__(self, task: Task, recipe: Recipe, seed: int, hooks: Iterable[Hook] = ()) -> None:
        self.task, self.recipe, self.hooks = task, recipe, tuple(hooks)
        self.random = torch.Generator().manual_seed(seed + 1)
        self.optimizer = self.make_optimizer()
        self.origin = 0
        self.rows: list[tuple[int, Row]] = []

    def run(self) -> Mapping[str, Series]:
        """Trains, and gives every series that was logged."""
        for hook in self.hooks:
            hook.begin(self)
        last = round(self.recipe.n_steps * self.recipe.stop_at)
        resume = None if self.recipe.resume_at is None else round(self.recipe.n_steps * self.recipe.resume_at)
        step, kept = 0, None
        while step < last:
            if resume is not None and step == resume - self.recipe.resume_back and kept is None:
                kept = self._checkpoint()
            if step == resume and kept is not None:
                step, resume = resume - self.recipe.resume_back, None
                self._restore(kept, step)
            self._step(step)
            step += 1
        return self._series()

    def _step(self, step: int) -> None:
        row: Row = {}
        self.optimizer.zero_grad(set_to_none=True)
        totals: dict[str, float] = {}
        for micro in range(self.recipe.accumulate):
            for name, value in self._backward(step, micro).items():
                totals[name] = totals.get(name, 0.0) + value / self.recipe.accumulate
        row.update({("train_loss" if name == "loss" else name): value for name, value in totals.items()})
        rate = self.recipe.rate_at(step, self.origin)
        row["lr"] = rate
        row["grad_norm"] = self._norm()
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group.get("factor", 1.0)
        allowed = [hook.may_update(self, step, row) for hook in self.hooks]
        if all(allowed):
            self.optimizer.step()
        if (step + 1) % self.recipe.eval_every == 0:
            self.task.model.eval()
            row.update(
                self.task.validate(self.recipe.n_eval, 16, lambda batch: self._spoilt(step, batch, True))
            )
            self.task.model.train()
        for hook in self.hooks:
            hook.log(self, step, row)
        if step % self.recipe.log_every == 0 or "val_loss" in row:
            self.rows.append((step + 1, row))

    def _backward(self, step: int, micro: int) -> Mapping[str, float]:
        batch = self._spoilt(step, self.task.batch(step, self.recipe.batch, self.random))
        losses = dict(self.task.losses(batch))
        for hook in self.hooks:
            losses["loss"] = hook.loss(self, step, losses["loss"])
        weight = 1.0 / self.recipe.accumulate
        for hook in self.hooks:
            weight = hook.weight(self, step, weight)
        (losses["loss"] * weight).backward()  # type: ignore[no-untyped-call]
        for hook in self.hooks:
            hook.gradients(self, step, micro)
        return {name: float(value.detach()) for name, value in losses.items()}

    def _spoilt(self, step: int, batch: Batch, validation: bool = False) -> Batch:
        for hook in self.hooks:
            if hook.everywhere or not validation:
                batch = hook.batch(self, step, batch)
        return batch

    def _norm(self) -> float:
        limit = float("inf") if self.recipe.clip is None else self.recipe.clip
        return float(torch.nn.utils.clip_grad_norm_(self.task.model.parameters(), limit))

    def make_optimizer(self) -> torch.optim.Optimizer:
        """A new optimizer over the weights that train."""
        weights = [p for p in self.task.model.parameters() if p.requires_grad]
        if self.recipe.optimizer == "sgd":
            return torch.optim.SGD(
                weights, self.recipe.rate, momentum=self.recipe.momentum, weight_decay=self.recipe.decay
            )
        betas = (self.recipe.momentum, self.recipe.beta2)
        return torch.optim.AdamW(
            weights, self.recipe.rate, betas=betas, weight_decay=self.recipe.decay, fused=True
        )

    def _checkpoint(self) -> tuple[dict[str, Tensor], dict[str, object]]:
        return copy.deepcopy((self.task.model.state_dict(), self.optimizer.state_dict()))

    def _restore(self, kept: tuple[dict[str, Tensor], dict[str, object]], step: int) -> None:
        """Begins again from a checkpoint, as a new process would: other batches from here on."""
        self.task.model.load_state_dict(kept[0])
        self.optimizer = self.make_optimizer()
        if self.recipe.keeps_optimizer:
            self.optimizer.load_state_dict(kept[1])
        if not self.recipe.keeps_schedule:
            self.origin = step
        for hook in self.hooks:
            hook.resumed(self, step)

    def _series(self) -> dict[str, Series]:
        names = dict.fromkeys(name for _, row in self.rows for name in row)
        kept = [name for name in names if name not in self.recipe.quiet]
        return {
            name: (
                np.array([step for step, row in self.rows if name in row], np.int64),
                np.array([row[name] for _, row in self.rows if name in row], np.float64),
            )
            for name in kept
        }
