"""precision: softmax, normalisation and loss come out in float32, whatever the rest is computed in.

Autocast of a CPU leaves softmax and normalisation in bfloat16 by design (its kernels sum in float32): not accused.
Source: Micikevicius et al. 2017, arXiv:1710.03740; PyTorch documentation, automatic mixed precision.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch

from descentry.preflight.answer import Answer, cannot_tell, fault, ok
from descentry.preflight.dtypes import dtypes, name
from descentry.preflight.setup import Setup

_WORDS = {"softmax": "softmax", "norm": "normalisation", "loss": "the loss"}


@dataclass(frozen=True, slots=True)
class Precision:
    """What sums or exponentiates many numbers has the bits for it."""

    id: ClassVar[str] = "precision"
    title: ClassVar[str] = "precision"

    def run(self, setup: Setup) -> Answer:
        seen = dtypes(setup)
        low = seen.low("product")
        tender = seen.low("softmax", "norm", "loss")
        if not low and not tender:
            return ok("nothing is computed in 16 bits", low=0.0)
        measured = {"low": 1.0, **{f"{kind}_low": float(kind in tender) for kind in _WORDS}}
        if not tender:
            kinds = " and ".join(sorted(name(one) for one in set(low.values())))
            return ok(
                f"products are in {kinds}; softmax, normalisation and loss in float32, where seen", **measured
            )
        said = ", ".join(f"{_WORDS[kind]} in {name(dtype)}" for kind, dtype in tender.items())
        if seen.on_cpu and "loss" not in tender and torch.float16 not in tender.values():
            return cannot_tell(
                f"{said}, as autocast has it on a CPU; on a GPU they would be in float32", **measured
            )
        return fault("autocast_misused", f"{said}, expected float32", "keep_float32", **measured)
