"""weights_change: one update changes every parameter that has a gradient."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from descentry.preflight.answer import Answer, cannot_tell, fault, ok
from descentry.preflight.backward import dense, gradients, is_zero
from descentry.preflight.checks.parameters import listed
from descentry.preflight.rates import advanced, rates
from descentry.preflight.setup import Setup
from descentry.signal.words import number


@dataclass(frozen=True, slots=True)
class WeightsChange:
    """Weights before and after one step of the optimizer."""

    id: ClassVar[str] = "weights_change"
    title: ClassVar[str] = "weights change in a step"

    least: float = 1e-5
    """Root mean square of a gradient, over the largest one, below which it is rounding: a bias before a batch norm."""

    def run(self, setup: Setup) -> Answer:
        setup.model.train()
        if advanced(setup) is None and not any(rates(setup.optimizer)):
            return cannot_tell("the learning rate is 0")
        _, found = gradients(setup)
        asked = {name: one for name, one in setup.weights().items() if not is_zero(found[name])}
        if not asked:
            return cannot_tell("no gradient arrives")
        before = {name: one.detach().clone() for name, one in asked.items()}
        setup.optimizer.step()
        least = self.least * max(map(_size, found.values()))
        unmoved = [name for name, one in asked.items() if bool((one.detach() == before[name]).all())]
        still = [name for name in unmoved if _size(found[name]) > least]
        measured = {"n_still": float(len(still)), "n": float(len(asked))}
        if not still:
            return ok(
                f"one step changes the {len(asked)} parameters by {_ratio(asked, before)} of their norm",
                **measured,
            )
        return _told(asked, still, measured)


def _told(asked: dict[str, Any], still: list[str], measured: dict[str, float]) -> Answer:
    said = f"{len(still)} of {len(asked)} parameters do not change in a step, with gradients above 0: {listed(still)}"
    if all(asked[name].dtype in (torch.float16, torch.bfloat16) for name in still):
        said += "; the update is smaller than what their 16 bits can hold"
        if len(still) <= len(asked) // 2:
            return cannot_tell(f"{said}: meant so? float32 weights under autocast would move", **measured)
        return fault(
            "lr_too_low",
            said,
            "Keep the weights in float32 under autocast, or raise the learning rate.",
            **measured,
        )
    cause = "optimizer_not_stepping" if len(still) == len(asked) else "frozen_weights"
    return fault(
        cause, said, "step_the_optimizer" if len(still) == len(asked) else "unfreeze_weights", **measured
    )


def _size(gradient: Any) -> float:
    return 0.0 if gradient is None else float(dense(gradient).float().square().mean()) ** 0.5


def _ratio(asked: dict[str, Any], before: dict[str, Any]) -> str:
    """The norm of the update over that of the weights."""
    moved = sum(float((one.detach() - before[name]).float().norm()) ** 2 for name, one in asked.items())
    whole = sum(float(one.float().norm()) ** 2 for one in before.values())
    return number((moved / whole) ** 0.5) if whole else "more than 0"
