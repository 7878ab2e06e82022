"""own_loop: in the user's own loop, gradients are still there when the optimizer steps, and none are left from before.

The body of the loop is called; hooks see what arrives by backward() and what the optimizer finds at step().
"""

import inspect
import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch

from descentry.preflight.answer import Answer, cannot_tell, fault, ok
from descentry.preflight.backward import dense, is_zero
from descentry.preflight.setup import Setup
from descentry.signal.words import number

_AGAIN = "Call optimizer.zero_grad() once per update, after optimizer.step() or before the first backward()."


@dataclass(slots=True)
class Seen:
    """`fresh`: what backward() brought, summed, by name; `at_step`: what the optimizer found, or None before a step."""

    fresh: dict[str, Any] = field(default_factory=dict)
    at_step: dict[str, Any] | None = None

    def arrives(self, name: str, gradient: Any) -> None:
        """Add a gradient that backward() brought."""
        held = self.fresh.get(name)
        self.fresh[name] = gradient.detach().clone() if held is None else held + gradient


@dataclass(frozen=True, slots=True)
class OwnLoop:
    """The order of backward, step and zero_grad."""

    id: ClassVar[str] = "own_loop"
    title: ClassVar[str] = "order in your loop"

    n_calls: int = 16
    """Calls within which the optimizer must step.  Higher: longer accumulation is waited for."""
    left: float = 0.5
    """Least cosine between what arrived and what the optimizer found; clipping hardly turns a gradient."""

    def run(self, setup: Setup) -> Answer:
        if setup.train_step is None:
            return cannot_tell("give train_step=, the body of your loop, to have its order checked")
        setup.model.train()
        first = self._until_step(setup)
        measured = {"arrives": _norm(first.fresh), "at_step": _norm(first.at_step or {})}
        if first.at_step is None:
            said = f"optimizer.step() does not come in {self.n_calls} calls of train_step"
            return fault("optimizer_not_stepping", said, "step_the_optimizer", **measured)
        if not measured["arrives"]:
            said = "train_step steps, but no gradient arrives before: backward() is missing or the loss is cut off"
            return fault("gradients_zero", said, "reconnect_loss", **measured)
        if all(map(is_zero, first.at_step.values())):
            said = f"gradients of norm {number(measured['arrives'])} arrive, and none is left when the optimizer steps"
            return fault("grads_wiped", said, "reorder_zero_grad", **measured)
        return self._second(setup, measured)

    def _second(self, setup: Setup, measured: dict[str, float]) -> Answer:
        """Marks what the first update left in the gradients, and looks for it in the second."""
        marks = [weight for weight in setup.weights().values() if not is_zero(weight.grad)]
        for weight in marks:
            weight.grad = torch.randn_like(weight) * 10.0 * weight.grad.norm()
        second = self._until_step(setup)
        if second.at_step is None or not marks:
            return ok(
                f"gradients of norm {number(measured['at_step'])} are there when the optimizer steps",
                **measured,
            )
        alike = _cosine(second.fresh, second.at_step)
        if alike < self.left:
            said = "gradients of one update are still there in the next: they are not cleared between updates"
            return fault("grads_not_cleared", said, _AGAIN, **measured, cosine=alike)
        return ok(
            "gradients are there when the optimizer steps, and cleared between updates",
            **measured,
            cosine=alike,
        )

    def _until_step(self, setup: Setup) -> Seen:
        seen = Seen()
        weights = setup.weights()
        hooks = [weight.register_hook(_arrival(seen, name)) for name, weight in weights.items()]

        def note(*_: object) -> None:
            if seen.at_step is None:
                seen.at_step = {
                    name: None if one.grad is None else one.grad.detach().clone()
                    for name, one in weights.items()
                }

        hooks.append(setup.optimizer.register_step_pre_hook(note))
        try:
            for _ in range(self.n_calls):
                _call(setup)
                if seen.at_step is not None:
                    break
        finally:
            for hook in hooks:
                hook.remove()
        return seen


def _arrival(seen: Seen, name: str) -> Any:
    def arrives(gradient: Any) -> None:
        if seen.at_step is None:
            seen.arrives(name, gradient)

    return arrives


def _call(setup: Setup) -> None:
    assert setup.train_step is not None
    takes_batch = bool(inspect.signature(setup.train_step).parameters)
    with torch.enable_grad():
        setup.train_step(*((setup.batch,) if takes_batch else ()))


def _norm(found: dict[str, Any]) -> float:
    return math.hypot(*(float(dense(one).float().norm()) for one in found.values() if one is not None))


def _cosine(fresh: dict[str, Any], found: dict[str, Any]) -> float:
    """The cosine between two sets of gradients."""
    both = [name for name, one in found.items() if one is not None and name in fresh]
    inner = sum(float((dense(fresh[name]).float() * dense(found[name]).float()).sum()) for name in both)
    size = _norm({name: fresh[name] for name in both}) * _norm({name: found[name] for name in both})
    return inner / size if size else 0.0
