"""One backward pass and one update, as a plain loop would make them."""

from typing import Any

import torch

from descentry.preflight.passes import SEED, passed, uses_scaler
from descentry.preflight.setup import Setup

N_HALVINGS = 32
"""Scales that are tried: a scaler starts at 2^16."""


def gradients(setup: Setup, seed: int = SEED) -> tuple[float, dict[str, Any]]:
    """The loss, and each trainable parameter's gradient by name: None where none arrives."""
    scale = float(setup.scaler.get_scale()) if uses_scaler(setup) else 1.0
    for _ in range(N_HALVINGS):
        loss = _backward(setup, seed, scale)
        found = {name: weight.grad for name, weight in setup.weights().items()}
        if scale <= 1.0 or all(map(is_finite, found.values())):
            break
        scale /= 2.0  # as the scaler itself does with a scale that overflows
    return loss, found


def _backward(setup: Setup, seed: int, scale: float) -> float:
    """The loss; gradients are left unscaled in the weights."""
    setup.optimizer.zero_grad(set_to_none=True)
    setup.model.zero_grad(set_to_none=True)
    with torch.enable_grad():
        loss = passed(setup, seed=seed).loss
        if loss.requires_grad:
            (loss * scale).backward()
    for weight in setup.weights().values():
        if scale != 1.0 and weight.grad is not None:
            weight.grad.div_(scale)
    return float(loss.detach())


def update(setup: Setup, seed: int = SEED) -> float:
    """The loss of one step of training: forward, backward, update."""
    loss, _ = gradients(setup, seed)
    setup.optimizer.step()
    return loss


def dense(gradient: Any) -> Any:
    """A gradient with its zeros written out."""
    return gradient.to_dense() if gradient.is_sparse else gradient


def is_finite(gradient: Any) -> bool:
    """Whether a gradient, if there is one, holds no NaN and no infinity."""
    return gradient is None or bool(torch.isfinite(dense(gradient)).all())


def is_zero(gradient: Any) -> bool:
    """Whether nothing arrives."""
    return gradient is None or not bool(dense(gradient).any())
