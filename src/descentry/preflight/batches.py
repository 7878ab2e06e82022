"""What a batch holds: inputs, targets and how to change one of them.

A batch is a tensor, a tuple or list whose last member are the targets, or a mapping.  In a mapping the targets bear one
of the usual names; that name only says where they stand, never how they are shifted.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from descentry.record.errors import UsageError

TARGETS = ("labels", "targets", "label", "target", "y")
INPUTS = ("input_ids", "inputs", "tokens", "input", "x", "pixel_values", "input_features")
_BESIDE = ("mask", "position", "type_ids", "length", "weight")
"""Words in the keys of tensors that go with the inputs and are none themselves."""


def checked(batch: Any) -> Any:
    """The batch, its tensors copied, so that a model that writes into its inputs does no harm.

    Raises UsageError where it is of a kind that is not known or holds no tensor.
    """
    if not isinstance(batch, Tensor | tuple | list | Mapping):
        raise UsageError(
            f"batch: found {type(batch).__name__}; expected a tensor, a tuple, a list or a mapping"
        )
    copied = mapped(batch, lambda tensor: tensor.detach().clone())
    if main_input(copied) is None:
        raise UsageError(
            "batch: no input tensor in it; expected inputs and targets, such as (tokens, targets)"
        )
    return copied


def mapped(batch: Any, change: Callable[[Any], Any]) -> Any:
    """The batch with every tensor changed; a mapping becomes a plain dict."""
    if isinstance(batch, Tensor):
        return change(batch)
    if isinstance(batch, Mapping):
        return {key: mapped(value, change) for key, value in batch.items()}
    if isinstance(batch, tuple | list):
        return tuple(mapped(value, change) for value in batch)
    return batch


def target_key(batch: Any) -> Any:
    """The key or index at which the targets stand, or None where the inputs are their own targets."""
    if isinstance(batch, Mapping):
        return next((key for key in TARGETS if isinstance(batch.get(key), Tensor)), None)
    if isinstance(batch, tuple) and len(batch) >= 2 and isinstance(batch[-1], Tensor):
        return len(batch) - 1
    return None


def input_key(batch: Any) -> Any:
    """The key or index of the tensor that the model reads, or None for a bare tensor or where there is none."""
    if isinstance(batch, Mapping):
        tensors = [key for key, value in batch.items() if isinstance(value, Tensor) and key not in TARGETS]
        named = [key for key in INPUTS if key in tensors]
        plain = [key for key in tensors if not any(word in str(key) for word in _BESIDE)]
        return next(iter([*named, *plain]), None)
    if isinstance(batch, tuple):
        return next((at for at, value in enumerate(batch) if isinstance(value, Tensor)), None)
    return None


def main_input(batch: Any) -> Any:
    """The tensor that the model reads: tokens, features, pixels; None where there is none."""
    if isinstance(batch, Tensor):
        return batch
    key = input_key(batch)
    return None if key is None else batch[key]


def targets(batch: Any) -> Any:
    """The targets; the inputs themselves where nothing else is there."""
    key = target_key(batch)
    return main_input(batch) if key is None else batch[key]


def with_input(batch: Any, tensor: Any) -> Any:
    """The batch with other inputs and the same targets."""
    if isinstance(batch, Tensor):
        return tensor
    key = input_key(batch)
    if isinstance(batch, Mapping):
        return {**batch, key: tensor}
    return tuple(tensor if at == key else value for at, value in enumerate(batch))


def disturbed(values: Any) -> Any:
    """Other inputs of the same kind: every token becomes another one of the batch, every number another number."""
    if values.is_floating_point():
        spread = float(values.float().std()) if values.numel() > 1 else 0.0
        return values.flip(-1) * 0.5 + (spread or 1.0)
    if values.dtype is torch.bool:
        return ~values
    known = torch.unique(values)
    if len(known) == 1:
        return torch.where(values == 0, torch.ones_like(values), torch.zeros_like(values))
    place = torch.searchsorted(known, values.contiguous())
    return known[(place + 1) % len(known)].to(values.dtype)
