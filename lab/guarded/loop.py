"""The lab's training loop with a guard in it: batches have a position, and the run can go back."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import inf
from typing import Any

import torch
from torch import nn

from descentry.guard.actions import Action, Continue, Stop
from descentry.guard.guard import Guard
from descentry.integrations.pytorch.keeper import Keeper
from descentry.probes import Probes
from lab.trainings.fault import Hook
from lab.trainings.loop import Loop, Row
from lab.trainings.recipe import Recipe
from lab.trainings.task import Batch, Task

EVERY_PROBE = 10
"""Updates between two that are measured."""
Says = Callable[[int, Row], Action]
"""What is asked of the loop at a step: a guard's `observe`, or a script."""


@dataclass
class Data:
    """The batches of a task by position: what they hold is the position's, whatever step trains on them."""

    task: Task
    size: int
    random: torch.Generator
    position: int = 0

    def draw(self) -> Batch:
        """The next batch."""
        self.position += 1
        return self.task.batch(self.position - 1, self.size, self.random)

    def skip(self, n: int) -> None:
        """Pass over n batches."""
        for _ in range(n):
            self.draw()

    def state_dict(self) -> dict[str, Any]:
        return {"position": self.position, "random": self.random.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.position = state["position"]
        self.random.set_state(state["random"])


@dataclass
class Ended:
    """How a guarded run ended.

    `loss`: the mean of its last validations; `n_trained`: steps trained in all, those trained twice included; `deeds`:
    what was asked for, with the step and the number of steps trained until then; `weights`: a digest of all of them.
    """

    loss: float
    n_trained: int
    stopped: Stop | None
    deeds: list[tuple[int, int, Action]] = field(default_factory=list)
    weights: str = ""


class GuardedLoop(Loop):
    """One training under a guard, or under a script of actions (`says`)."""

    def __init__(
        self, task: Task, recipe: Recipe, seed: int, hooks: Iterable[Hook], guard: Guard, every: int = 10
    ) -> None:
        super().__init__(task, recipe, seed, hooks)
        self.data = Data(task, recipe.batch, self.random)
        self.guard, self.every = guard, every
        self.says: Says = lambda step, row: self.guard.observe(step, **_signals(row))
        self.probes = Probes(task.model, self.optimizer, EVERY_PROBE) if guard.policy.rules else None
        self.n_trained, self.validated = 0, Row()
        self.deeds: list[tuple[int, int, Action]] = []

    def train(self, n_last: int = 3) -> Ended:
        """Trains to the end or until it is stopped."""
        for hook in self.hooks:
            hook.begin(self)
        keeper = Keeper(
            self.guard, self.task.model, self.optimizer, data=self.data, every=self.every, n_kept=24
        )
        self.keeper, losses = keeper, list[tuple[int, float]]()
        for step in keeper.steps(self.recipe.n_steps):
            losses = [one for one in losses if one[0] < step]
            row = self._guarded_step(step, keeper)
            self.n_trained += 1
            if "val_loss" in row:
                losses.append((step, row["val_loss"]))
        last = [value for _, value in losses[-n_last:]]
        mean = sum(last) / len(last) if last else float("nan")
        return Ended(mean, self.n_trained, keeper.stopped, self.deeds, _digest(self.task.model))

    def _guarded_step(self, step: int, keeper: Keeper) -> Row:
        """One step of the loop, the guard asked before its update."""
        row: Row = {}
        self.optimizer.zero_grad(set_to_none=True)
        for name, value in self._backward(step, 0).items():
            row["train_loss" if name == "loss" else name] = value
        rate = self.recipe.rate_at(step, self.origin)
        row["lr"], row["grad_norm"] = rate, self._norm()
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group.get("factor", 1.0)
        allowed = [hook.may_update(self, step, row) for hook in self.hooks]
        action = self.says(step, {**row, **self.validated, **self._probed()})
        self.validated = {}
        if not isinstance(action, Continue):
            self.deeds.append((step, self.n_trained, action))
        if keeper.allows(action) and all(allowed):
            self.optimizer.step()
        if keeper.goes_back:
            return row
        if (step + 1) % self.recipe.eval_every == 0:
            self.task.model.eval()
            row.update(
                self.task.validate(self.recipe.n_eval, 16, lambda batch: self._spoilt(step, batch, True))
            )
            self.task.model.train()
            self.validated = {name: value for name, value in row.items() if name == "val_loss"}
        return row

    def resume(self) -> None:
        """What a program does that was stopped and begun again: a new guard goes on from the state of the old one."""
        old = self.guard
        new = Guard(old.policy, act=old.act, n_steps=old.n_steps, background=False, budget_s=inf)
        new.load_state_dict(json.loads(json.dumps(old.state_dict())))
        self.guard = self.keeper.guard = new

    def _probed(self) -> Row:
        """The size of the last update, where it was measured."""
        values = {} if self.probes is None else self.probes.take()
        name = "update_ratio/global"
        return {name: values[name]} if name in values else {}

    def _backward(self, step: int, micro: int) -> dict[str, float]:
        at = self.data.position
        batch = self._spoilt(at, self.data.draw())
        losses = dict(self.task.losses(batch))
        weight = 1.0
        for hook in self.hooks:
            losses["loss"] = hook.loss(self, at, losses["loss"])
            weight = hook.weight(self, at, weight)
        (losses["loss"] * weight).backward()  # type: ignore[no-untyped-call]
        for hook in self.hooks:
            hook.gradients(self, step, micro)
        return {name: float(value.detach()) for name, value in losses.items()}


def _digest(model: nn.Module) -> str:
    whole = hashlib.sha256()
    for weight in model.parameters():
        whole.update(weight.detach().numpy().tobytes())
    return whole.hexdigest()


def _signals(row: Row) -> dict[str, float]:
    return {("loss" if name == "train_loss" else name): value for name, value in row.items()}
