"""Faults of the optimiser and the loop."""

import torch

from lab.trainings.fault import Hook
from lab.trainings.loop import Loop, Row


class NeverSteps(Hook):
    """`optimizer.step()` is missing."""

    def may_update(self, loop: Loop, step: int, row: Row) -> bool:
        return False


class WipesGradients(Hook):
    """`zero_grad()` stands between `backward()` and `step()`."""

    def gradients(self, loop: Loop, step: int, micro: int) -> None:
        for weight in loop.task.model.parameters():
            if weight.grad is not None:
                weight.grad.zero_()


class Freezes(Hook):
    """Weights whose names hold one of `parts` never train; an empty string freezes all but the output bias."""

    def __init__(self, *parts: str) -> None:
        self.parts = parts

    def begin(self, loop: Loop) -> None:
        for name, weight in loop.task.model.named_parameters():
            weight.requires_grad_(not any(part in name for part in self.parts))
        loop.optimizer = loop.make_optimizer()


class NotDivided(Hook):
    """Gradients of accumulated batches are summed instead of averaged, and so is the loss that is logged."""

    def weight(self, loop: Loop, step: int, weight: float) -> float:
        return 1.0

    def log(self, loop: Loop, step: int, row: Row) -> None:
        row["train_loss"] *= loop.recipe.accumulate


class HeavyBatches(Hook):
    """Once in a while a batch brings a gradient many times the usual; harmless where it is clipped."""

    def __init__(self, factor: float, every: int) -> None:
        self.factor, self.every = factor, every

    def weight(self, loop: Loop, step: int, weight: float) -> float:
        return weight * self.factor if self.hit(step) else weight

    def hit(self, step: int) -> bool:
        """Whether this step's batch is heavy."""
        return step > self.every // 2 and step % self.every == self.every // 2


class Averaged(Hook):
    """The training loss is logged as the mean over the last `n` steps."""

    def __init__(self, n: int) -> None:
        self.n, self.last = n, list[float]()

    def log(self, loop: Loop, step: int, row: Row) -> None:
        self.last = [*self.last, row["train_loss"]][-self.n :]
        row["train_loss"] = sum(self.last) / len(self.last)


class Blows(Hook):
    """The weights of one layer are multiplied once, at a step: what one bad update does."""

    def __init__(self, at: int, factor: float) -> None:
        self.at, self.factor = at, factor

    def may_update(self, loop: Loop, step: int, row: Row) -> bool:
        if step == self.at:
            with torch.no_grad():
                for weight in list(loop.task.model.parameters())[-4:]:
                    weight.mul_(self.factor)
        return True
