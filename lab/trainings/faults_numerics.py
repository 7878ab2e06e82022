"""Faults of numbers: what half precision, bad starts and bad scales do."""

import math

import torch
from torch import Tensor, nn

from lab.trainings.fault import Hook
from lab.trainings.loop import Loop, Row

LARGEST_HALF = 65504.0


class Overflows(Hook):
    """From a step on, activations beyond what float16 holds become infinite, and the loss NaN."""

    def __init__(self, at: int, growth: float = 1.05) -> None:
        self.at, self.growth, self.size = at, growth, 600.0

    def loss(self, loop: Loop, step: int, loss: Tensor) -> Tensor:
        if step < self.at:
            return loss
        self.size *= self.growth
        return loss if self.size * float(loss.detach()) < LARGEST_HALF / 8 else loss * float("nan")


class HidesNan(Hook):
    """The loss becomes NaN at a step, and the logger writes 0.0 in its place; the gradient norm shows it."""

    def __init__(self, at: int) -> None:
        self.at = at

    def log(self, loop: Loop, step: int, row: Row) -> None:
        if step >= self.at:
            row["train_loss"], row["grad_norm"] = 0.0, math.nan
            row.pop("val_loss", None)


class LossScale(Hook):
    """Dynamic loss scaling: halved at an overflow, doubled after `patience` steps without one.

    Gradients overflow where their scaled norm passes what float16 holds; from `at` on they are `factor` times as
    large, so that no scale is small enough.
    """

    def __init__(self, at: int, factor: float, floor: float = 1.0, patience: int = 100) -> None:
        self.at, self.factor, self.floor, self.patience = at, factor, floor, patience
        self.scale, self.calm, self.skipped = 2.0**13, 0, 0

    def may_update(self, loop: Loop, step: int, row: Row) -> bool:
        size = row["grad_norm"] * (self.factor if step >= self.at else 1.0) * self.scale
        row["loss_scale"] = self.scale
        if size > LARGEST_HALF:
            self.scale, self.calm, self.skipped = max(self.floor, self.scale / 2), 0, self.skipped + 1
        else:
            self.calm += 1
            if self.calm >= self.patience:
                self.scale, self.calm = self.scale * 2, 0
        row["skipped_steps"] = float(self.skipped)
        return size <= LARGEST_HALF


class Underflows(Hook):
    """Gradients below `least` are lost, as small ones are in float16 without loss scaling."""

    def __init__(self, least: float) -> None:
        self.least = least

    def gradients(self, loop: Loop, step: int, micro: int) -> None:
        for weight in loop.task.model.parameters():
            if weight.grad is not None:
                weight.grad[weight.grad.abs() < self.least] = 0.0


class BadStart(Hook):
    """All matrices begin `factor` times as large as they should."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def begin(self, loop: Loop) -> None:
        with torch.no_grad():
            for module in loop.task.model.modules():
                if isinstance(module, nn.Linear):
                    module.weight.mul_(self.factor)


class GrowingLogits(Hook):
    """The output layer is driven up by `rate` at every step: logits grow without limit.  Logs their maximum."""

    def __init__(self, rate: float, at: int) -> None:
        self.rate, self.at = rate, at

    def may_update(self, loop: Loop, step: int, row: Row) -> bool:
        head = [module for module in loop.task.model.modules() if isinstance(module, nn.Linear)][-1]
        if step >= self.at:
            with torch.no_grad():
                head.weight.mul_(1.0 + self.rate)
        row["logit_max"] = float(head.weight.detach().norm(dim=1).max()) * math.sqrt(head.weight.shape[1])
        return True


class RoundsWeights(Hook):
    """Weights are kept in bfloat16: small updates are lost."""

    def may_update(self, loop: Loop, step: int, row: Row) -> bool:
        with torch.no_grad():
            for weight in loop.task.model.parameters():
                weight.copy_(weight.bfloat16().float())
        return True
