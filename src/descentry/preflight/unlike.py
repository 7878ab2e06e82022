"""How far two outputs lie apart, in units of the outputs' own spread."""

from typing import Any

import torch

from descentry.preflight.passes import logits
from descentry.preflight.setup import Setup

FLOAT32, LOW = 1e-4, 3e-2
"""Most that rounding alone changes outputs, in their spread: in float32 or better, and in 16 bits."""


def unlike(before: Any, after: Any, whole: Any) -> float:
    """The largest difference over the standard deviation of `whole`; NaN against NaN is alike."""
    if before.shape != after.shape:
        return float("inf")
    if not before.numel():
        return 0.0
    apart = (before.float() - after.float()).abs()
    apart = torch.where(before.isnan() & after.isnan(), torch.zeros_like(apart), apart)
    spread = float(whole.float().nan_to_num(posinf=0.0, neginf=0.0).std())
    return float(apart.nan_to_num(nan=float("inf")).max()) / max(spread, 1e-12)


def tolerance(outputs: Any) -> float:
    """What rounding may change."""
    return LOW if outputs.dtype in (torch.float16, torch.bfloat16) else FLOAT32


def steady(setup: Setup, before: Any) -> bool:
    """Whether a second pass over the batch gives the same outputs."""
    return unlike(before, logits(setup, setup.batch), before) <= tolerance(before)
