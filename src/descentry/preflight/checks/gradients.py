"""gradients: every trainable parameter gets a finite gradient that is not 0.

A parameter behind a layer that starts at 0 (an adapter, a residual branch) has none at first and one after the first
update: it is asked twice more before it is accused.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from descentry.preflight.answer import Answer, cannot_tell, fault, ok
from descentry.preflight.backward import gradients, is_finite, is_zero
from descentry.preflight.checks.parameters import listed
from descentry.preflight.passes import passed
from descentry.preflight.setup import Setup

RATE = 1e-3
"""Rate of the plain updates after which a gradient of 0 is looked at again."""


@dataclass(frozen=True, slots=True)
class Gradients:
    """The signal reaches all that should learn."""

    id: ClassVar[str] = "gradients"
    title: ClassVar[str] = "gradients arrive"

    n_retries: int = 2
    """Updates after which a gradient of 0 is looked at again."""

    def run(self, setup: Setup) -> Answer:
        setup.model.train()
        weights = setup.weights()
        if not weights:
            return cannot_tell("no parameter asks for a gradient")
        with torch.enable_grad():
            is_cut = not passed(setup).loss.requires_grad
        if is_cut:
            return fault(
                "gradients_zero",
                "the loss has no graph: it hangs on no parameter",
                "reconnect_loss",
                n=len(weights),
            )
        _, found = gradients(setup)
        bad = [name for name, one in found.items() if not is_finite(one)]
        if bad:
            said = f"{len(bad)} of {len(weights)} gradients are not finite: {listed(bad)}"
            return fault(
                "loss_computation_error", said, "guard_logarithms", n_nonfinite=len(bad), n=len(weights)
            )
        silent = [name for name, one in found.items() if is_zero(one)]
        return _judged(found, self._still(setup, silent), len(silent))

    def _still(self, setup: Setup, silent: list[str]) -> list[str]:
        """Those whose gradient is 0 also after a few updates of the others."""
        for retry in range(self.n_retries if silent else 0):
            with torch.no_grad():
                for weight in setup.weights().values():
                    if weight.grad is not None:
                        weight -= (
                            RATE * weight.grad.sign() if not weight.grad.is_sparse else RATE * weight.grad
                        )
            _, found = gradients(setup, seed=retry)
            silent = [name for name in silent if is_zero(found[name])]
        return silent


def _judged(found: dict[str, Any], silent: list[str], n_first: int) -> Answer:
    measured = {"n_zero": float(len(silent)), "n_zero_at_first": float(n_first), "n": float(len(found))}
    if not silent:
        late = (
            f"; {n_first} of them only after the first update, behind a layer that starts at 0"
            if n_first
            else ""
        )
        return ok(f"all {len(found)} parameters get a finite gradient{late}", **measured)
    if len(silent) == len(found):
        said = "no parameter gets a gradient: the loss is cut off from the weights"
        return fault("gradients_zero", said, "reconnect_loss", **measured)
    never = [name for name in silent if found[name] is None]
    how = "are not used by the loss" if len(never) == len(silent) else "get a gradient of exactly 0"
    said = f"{len(silent)} of {len(found)} parameters {how}: {listed(silent)}"
    return fault("gradients_zero", said, "check_weight_grads", **measured)
