"""One backward pass and one update, as a plain loop would make them."""

from typing import Any

import torch

from descentry.preflight.passes import SEED, passed, scaled, uses_scaler
from descentry.preflight.setup import Setup


def gradients(setup: Setup, seed: int = SEED) -> tuple[float, dict[str, Any]]:
    """The loss, and each trainable parameter's gradient by name: None where none arrives."""
    setup.optimizer.zero_grad(set_to_none=True)
    setup.model.zero_grad(set_to_none=True)
    with torch.enable_grad():
        loss = passed(setup, seed=seed).loss
        if loss.requires_grad:
            scaled(setup, loss).backward()
    if uses_scaler(setup):
        _unscale(setup)
    return float(loss.detach()), {name: weight.grad for name, weight in setup.weights().items()}


def _unscale(setup: Setup) -> None:
    scale = setup.scaler.get_scale()
    for weight in setup.weights().values():
        if weight.grad is not None:
            weight.grad.div_(scale)


def update(setup: Setup, seed: int = SEED) -> float:
    """The loss of one step of training: forward, backward, update."""
    loss, _ = gradients(setup, seed)
    setup.optimizer.step()
    return loss


def dense(gradient: Any) -> Any:
    """A gradient with its zeros written out."""
    return gradient.to_dense() if gradient.is_sparse else gradient


def is_zero(gradient: Any) -> bool:
    """Whether nothing arrives."""
    return gradient is None or not bool(dense(gradient).any())
