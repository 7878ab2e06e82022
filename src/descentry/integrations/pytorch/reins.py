"""What the guard changes in an update, inside `optimizer.step()` alone: the rate, the clipping, whether it is applied.

A scheduler never sees any of it, so it goes on as it would have; where nothing was asked for, nothing is touched.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from descentry.guard.wall import Wall
from descentry.integrations.rates import Rates
from descentry.record.errors import UsageError

_log = logging.getLogger("descentry.guard")


@dataclass
class Reins:
    """Holds the updates of some optimizers.

    `rates`: factors on the learning rates; `clip`: global norm of all their gradients, None: as it comes;
    `is_held`: the next update is not applied: its gradients are taken away, so that neither weights nor moments move.
    `is_curbed_elsewhere`: where gradients are made inside `optimizer.step(closure)`, the loop itself calls `curb`.
    """

    optimizers: Sequence[torch.optim.Optimizer]
    clip: float | None = None
    is_held: bool = False
    is_curbed_elsewhere: bool = False
    rates: Rates = field(default_factory=Rates)
    wall: Wall = field(default_factory=Wall)

    def __post_init__(self) -> None:
        self.optimizers = [_innermost(one) for one in self.optimizers]
        self._usual: dict[int, list[Any]] = {}
        self._hooks = [one.register_step_pre_hook(self._before) for one in self.optimizers]
        self._hooks += [one.register_step_post_hook(self._after) for one in self.optimizers]

    def begin(self, step: int) -> None:
        """Another step begins."""
        self.is_held = False
        self.rates.begin(step)

    def release(self) -> None:
        """Lets go: nothing is changed any more."""
        for hook in self._hooks:
            hook.remove()

    def curb(self, optimizer: torch.optim.Optimizer) -> None:
        """Takes the gradients away, or clips them: for loops whose gradients are made inside `optimizer.step()`."""
        weights = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        if self.is_held:
            for weight in weights:
                weight.grad = None
        elif self.clip is not None and weights:
            scale = getattr(optimizer, "grad_scale", None)  # a fused optimizer unscales by itself, and later
            limit = self.clip if scale is None else self.clip * float(scale)
            torch.nn.utils.clip_grad_norm_(weights, limit)

    def _before(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        has_closure = any(
            one is not None for one in (*args[1:], kwargs.get("closure"))
        )  # args[0]: the optimizer
        self.wall.call(lambda: self._rein_in(optimizer, has_closure), None)

    def _after(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        for group, rate in zip(optimizer.param_groups, self._usual.pop(id(optimizer), []), strict=False):
            group["lr"] = rate

    def _rein_in(self, optimizer: torch.optim.Optimizer, has_closure: bool) -> None:
        self._after(optimizer)  # a step that failed has left its scaled rate behind
        if not has_closure:
            self.curb(optimizer)
        elif (self.is_held or self.clip is not None) and not self.is_curbed_elsewhere:
            self.is_curbed_elsewhere = True
            _log.warning(
                "optimizer.step(closure) makes its gradients inside: they are neither clipped nor refused"
            )
        factor = self.rates.factor
        if factor != 1.0:
            self._usual[id(optimizer)] = [group["lr"] for group in optimizer.param_groups]
            for group in optimizer.param_groups:
                group["lr"] = group["lr"] * factor


def as_optimizers(optimizers: Any) -> list[torch.optim.Optimizer]:
    """One optimizer or several, as a list.  UsageError: one that evaluates the loss itself, such as LBFGS."""
    several = list(optimizers) if isinstance(optimizers, Iterable) else [optimizers]
    for one in several:
        if isinstance(_innermost(one), torch.optim.LBFGS):
            raise UsageError(
                "LBFGS evaluates the loss many times inside one step: the guard cannot act between; "
                "found an optimizer LBFGS, expected one whose step uses gradients that are there; "
                "watch it with Guard() and guard.observe alone"
            )
    return several


def norm_of(optimizer: torch.optim.Optimizer) -> float:
    """The global norm of the gradients that the optimizer would use now; 0.0 where there are none."""
    gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    return float(torch.nn.utils.get_total_norm(gradients))


def _innermost(optimizer: Any) -> Any:
    """The optimizer that updates, whatever wraps it."""
    while isinstance(getattr(optimizer, "optimizer", None), torch.optim.Optimizer):
        optimizer = optimizer.optimizer
    return optimizer
