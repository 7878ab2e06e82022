"""One pass through the model: the loss, and the outputs that it was made of.

A loss function takes the outputs and the targets, as those of torch do, or the model and the batch; without one the
model gives its own loss.  Outputs are taken from the model by a hook, so that they are seen in every case.
"""

import inspect
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from descentry.preflight.batches import target_key, targets
from descentry.preflight.setup import Setup
from descentry.record.errors import UsageError

MODEL_NAMES = frozenset({"model", "net", "network", "module"})
"""Names of a loss function's first parameter that say: it takes the model and the batch."""
SEED = 20_231


@dataclass(frozen=True, slots=True)
class Passed:
    """`loss`: one number with its graph; `logits`: the model's first tensor of outputs, or None."""

    loss: Any
    logits: Any


def passed(setup: Setup, batch: Any = None, seed: int = SEED) -> Passed:
    """One forward pass, under autocast where the setup has it, with random numbers from one seed."""
    torch.manual_seed(seed)
    seen: list[Any] = []
    handle = setup.model.register_forward_hook(lambda _model, _inputs, output: seen.append(output))
    try:
        with autocast(setup):
            loss = _loss(setup, setup.batch if batch is None else batch)
    finally:
        handle.remove()
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        found = f"shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
        raise UsageError(
            f"loss: found {found}; expected one number as a tensor; give a loss_fn that averages it"
        )
    return Passed(loss.reshape(()), logits_of(seen[-1]) if seen else None)


def logits(setup: Setup, batch: Any) -> Any:
    """The outputs for a batch without a graph, or None."""
    with torch.no_grad():
        return passed(setup, batch).logits


def autocast(setup: Setup) -> Any:
    """The context of the forward pass: the user's own, one made of a dtype, or none."""
    if setup.autocast is None:
        return nullcontext()
    if isinstance(setup.autocast, torch.dtype):
        return torch.autocast(device(setup).type, dtype=setup.autocast)
    return setup.autocast()


def device(setup: Setup) -> Any:
    """Where the model lies."""
    first = next(iter(setup.model.parameters()), None)
    return torch.device("cpu") if first is None else first.device


def uses_scaler(setup: Setup) -> bool:
    """Whether there is a scaler, and it is on."""
    return setup.scaler is not None and bool(setup.scaler.is_enabled())


def _loss(setup: Setup, batch: Any) -> Any:
    if setup.loss_fn is None:
        return loss_of(_called(setup.model, batch, with_targets=True))
    if takes_model(setup):
        return loss_of(setup.loss_fn(setup.model, batch))
    output = _called(setup.model, batch, with_targets=False)
    return loss_of(setup.loss_fn(output if isinstance(output, Tensor) else logits_of(output), targets(batch)))


def takes_model(setup: Setup) -> bool:
    """Whether the loss function takes (model, batch) and not (outputs, targets)."""
    if setup.loss_takes is not None:
        return setup.loss_takes == "model"
    if setup.loss_fn is None or isinstance(setup.loss_fn, torch.nn.Module):
        return False
    try:
        names = list(inspect.signature(setup.loss_fn).parameters)
    except (TypeError, ValueError):
        return False
    return bool(names) and names[0].lower() in MODEL_NAMES


def _called(model: Any, batch: Any, *, with_targets: bool) -> Any:
    """The model's output for a batch."""
    key = target_key(batch)
    if isinstance(batch, Tensor):
        return model(batch)
    if isinstance(batch, Mapping):
        is_asked = with_targets or key is None or _accepts(model, str(key))
        return model(**{name: value for name, value in batch.items() if is_asked or name != key})
    return model(*(value for at, value in enumerate(batch) if with_targets or at != key))


def _accepts(model: Any, name: str) -> bool:
    parameters = inspect.signature(model.forward).parameters
    return name in parameters


def loss_of(output: Any) -> Any:
    """The loss in what a model or a loss function returned: itself, `.loss`, ["loss"], or the first single number."""
    if isinstance(output, Tensor):
        return output
    named = output.get("loss") if isinstance(output, Mapping) else getattr(output, "loss", None)
    if named is not None:
        return named
    parts = output if isinstance(output, tuple | list) else ()
    return next((one for one in parts if isinstance(one, Tensor) and one.numel() == 1), output)


def logits_of(output: Any) -> Any:
    """The outputs in what a model returned: itself, `.logits`, ["logits"], or its first tensor of numbers."""
    if isinstance(output, Tensor):
        return output if output.ndim else None
    named = output.get("logits") if isinstance(output, Mapping) else getattr(output, "logits", None)
    if isinstance(named, Tensor):
        return named
    parts = list(output.values()) if isinstance(output, Mapping) else output
    if not isinstance(parts, tuple | list):
        return None
    return next(
        (one for one in parts if isinstance(one, Tensor) and one.ndim and one.is_floating_point()), None
    )
