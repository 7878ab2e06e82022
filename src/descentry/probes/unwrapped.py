"""The optimizer inside those that frameworks wrap around it."""

from typing import Any


def unwrapped(optimizer: Any) -> Any:
    """The innermost optimizer: wrappers (Accelerate's) hold it as `optimizer`, and its hooks see every real step."""
    while hasattr(getattr(optimizer, "optimizer", None), "param_groups"):
        optimizer = optimizer.optimizer
    return optimizer
