"""loss_scaler: float16 has a loss scaler, nothing else has one, and its scale is a usable number.

Source: Micikevicius et al. 2017, arXiv:1710.03740; PyTorch documentation, automatic mixed precision.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch

from descentry.preflight.answer import Answer, fault, ok
from descentry.preflight.dtypes import dtypes
from descentry.preflight.passes import uses_scaler
from descentry.preflight.setup import Setup
from descentry.signal.words import number


@dataclass(frozen=True, slots=True)
class Scaler:
    """The scaler fits the precision."""

    id: ClassVar[str] = "loss_scaler"
    title: ClassVar[str] = "loss scaler"

    least: float = 1.0
    """A scale below is none: it makes small gradients smaller."""

    def run(self, setup: Setup) -> Answer:
        halves = dtypes(setup).kinds.get("product", set())
        is_half = torch.float16 in halves
        if not uses_scaler(setup):
            if not is_half:
                return ok("no scaler, and none is needed: nothing is computed in float16")
            said = "products are in float16 without a loss scaler: gradients below 6e-8 become 0"
            return fault("gradient_underflow", said, "Use torch.amp.GradScaler, or bfloat16 without one.")
        scale = float(setup.scaler.get_scale())
        if not math.isfinite(scale) or scale < self.least:
            said = f"the loss scale is {number(scale)}, expected a number of at least {number(self.least)}"
            return fault("loss_scale_collapse", said, "tune_loss_scale", scale=scale)
        if not is_half:
            found = "bfloat16" if torch.bfloat16 in halves else "float32"
            said = f"a loss scaler is on, but products are in {found}, which has no need of one"
            return fault(
                "autocast_misused", said, "Drop the scaler: it may skip steps and helps nothing.", scale=scale
            )
        return ok(f"float16 with a loss scale of {number(scale)}", scale=scale)
