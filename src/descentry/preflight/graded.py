"""Which answer the loss wants at each place, read from its gradient and not from any name.

The gradient of a cross-entropy with respect to the logits is softmax - target: it sums to 0 over the classes, and the
one class at which it is negative is the one that is asked for.  Where it is 0 throughout, nothing is asked.
"""

from dataclasses import dataclass
from typing import Any

import torch

from descentry.preflight.batches import main_input
from descentry.preflight.passes import passed
from descentry.preflight.setup import Setup

OFFSETS = (-1, 0, 1, 2, 3)
FIT = 0.95
"""Least share of the places at which the gradient has the form of a cross-entropy's."""
BALANCE = 0.02
"""Most that such a gradient may sum to, as a share of its absolute sum: low precision rounds."""


@dataclass(frozen=True, slots=True)
class Graded:
    """`tokens`: int64[n, …], the class that is asked for at each place; `asked`: bool of that shape; `n_classes`."""

    tokens: Any
    asked: Any
    n_classes: int


def graded(setup: Setup) -> Graded | None:
    """What is asked for in the setup's batch, or None where the loss is no cross-entropy of visible logits."""
    setup.model.eval()
    with torch.enable_grad():
        out = passed(setup)
        if (
            out.logits is None
            or out.logits.ndim < 2
            or not (out.logits.requires_grad and out.loss.requires_grad)
        ):
            return None
        (gradient,) = torch.autograd.grad(out.loss, out.logits, allow_unused=True)
    if gradient is None:
        return None
    by_last = _read(gradient.float())
    return by_last or (_read(gradient.float().movedim(1, -1)) if gradient.ndim > 2 else None)


def _read(gradient: Any) -> Graded | None:
    """The answers, where the last axis holds the classes."""
    if gradient.shape[-1] < 2:
        return None
    size = gradient.abs().sum(-1)
    asked = size > 0
    if not bool(asked.any()) or not bool(torch.isfinite(size).all()):
        return None
    fits = ((gradient < 0).sum(-1) == 1) & (gradient.sum(-1).abs() <= BALANCE * size)
    if float(fits[asked].float().mean()) < FIT:
        return None
    return Graded(gradient.argmin(-1), asked, int(gradient.shape[-1]))


def agreement(setup: Setup, found: Graded | None) -> dict[int, float]:
    """For each offset k: the share of places t whose answer is the input at t + k; empty where these are no tokens."""
    tokens = main_input(setup.batch)
    if found is None or tokens.is_floating_point() or tokens.ndim != 2 or found.tokens.shape != tokens.shape:
        return {}
    n = tokens.shape[1]
    shares = {}
    for offset in OFFSETS:
        if n <= abs(offset) + 1:
            continue
        at = slice(max(0, -offset), n - max(0, offset))
        asked = found.asked[:, at]
        agrees = found.tokens[:, at] == tokens.roll(-offset, 1)[:, at]
        if bool(asked.any()):
            shares[offset] = float(agrees[asked].float().mean())
    return shares


def predicts_next(shares: dict[int, float], least: float = 0.9) -> bool:
    """Whether the answers are the inputs, moved: then no output may see what comes after it."""
    return max(shares.values(), default=0.0) >= least
