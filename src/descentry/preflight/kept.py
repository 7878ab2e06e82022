"""The state of a setup, kept and put back bit by bit: weights, buffers, gradients, modes, optimizer, scheduler, scaler,
random numbers.

Tensors are written in place, so that whoever holds one (a scheduler, a graph, another optimizer) still holds it.
"""

import copy
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from descentry.preflight.setup import Setup

Undo = Callable[[], None]
_PLAIN = (bool, int, float, str, type(None))


class Kept:
    """The state at the moment of making; `restore` puts it back, as often as wanted."""

    def __init__(self, setup: Setup) -> None:
        self._undo = [_random(), *_model(setup.model), *_optimizer(setup.optimizer)]
        self._undo += [_fields(one) for one in (setup.scheduler, setup.scaler) if one is not None]

    def restore(self) -> None:
        """Put everything back."""
        with torch.no_grad():
            for undo in self._undo:
                undo()


def _tensor(tensor: Any) -> Undo:
    copied = tensor.detach().clone()

    def undo() -> None:
        tensor.copy_(copied)

    return undo


def _random() -> Undo:
    torch_state, numpy_state, python_state = torch.get_rng_state(), np.random.get_state(), random.getstate()
    # Asked for only where a device is in use: to ask would start one.
    on_device = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None

    def undo() -> None:
        torch.set_rng_state(torch_state)
        np.random.set_state(numpy_state)
        random.setstate(python_state)
        if on_device is not None:
            torch.cuda.set_rng_state_all(on_device)

    return undo


def _model(model: Any) -> list[Undo]:
    undo: list[Undo] = []
    for module in model.modules():
        undo.append(_plain(module))
        for name, buffer in module._buffers.items():
            undo.append(_slot(module._buffers, name, buffer))
    for weight in model.parameters():
        undo += [_tensor(weight), _gradient(weight)]
    return undo


def _plain(module: Any) -> Undo:
    """Modes, counters and other plain attributes of a module."""
    kept = {name: value for name, value in vars(module).items() if isinstance(value, _PLAIN)}

    def undo() -> None:
        vars(module).update(kept)

    return undo


def _slot(slots: Any, name: str, value: Any) -> Undo:
    """A place that holds a tensor or nothing, and may come to hold another one."""
    fill = _tensor(value) if isinstance(value, Tensor) else None

    def undo() -> None:
        if fill is not None:
            fill()
        slots[name] = value

    return undo


def _gradient(weight: Any) -> Undo:
    gradient, asks = weight.grad, weight.requires_grad
    fill = None if gradient is None else _tensor(gradient)

    def undo() -> None:
        weight.requires_grad_(asks)
        if fill is not None:
            fill()
        weight.grad = gradient

    return undo


def _optimizer(optimizer: Any) -> list[Undo]:
    """Groups and state.  `load_state_dict` would cast states of weights in low precision: not bit by bit."""
    groups, state = optimizer.param_groups, optimizer.state
    kept = [(group, _held(group), _tensors(group)) for group in groups]
    states = [(weight, one, _held(one), _tensors(one)) for weight, one in state.items()]

    def undo() -> None:
        # `load_state_dict` gives an optimizer new ones.
        optimizer.param_groups, optimizer.state = groups, state
        groups[:] = [group for group, *_ in kept]
        for group, fields, fills in kept:
            _refill(group, fields, fills)
        state.clear()
        for weight, one, fields, fills in states:
            _refill(one, fields, fills)
            state[weight] = one

    return [undo]


def _tensors(fields: Any) -> list[Undo]:
    return [_tensor(value) for value in fields.values() if isinstance(value, Tensor)]


def _held(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields, and lists by their own: they grow in place (the history of L-BFGS)."""
    return {name: list(value) if isinstance(value, list) else value for name, value in fields.items()}


def _refill(place: dict[str, Any], fields: dict[str, Any], fills: list[Undo]) -> None:
    for fill in fills:
        fill()
    place.clear()
    place.update(_held(fields))


def _fields(one: Any) -> Undo:
    """The attributes of a scheduler or scaler: data are copied, what is shared (an optimizer, a function) stays."""
    held = dict(vars(one))
    copied = {name: copy.deepcopy(value) for name, value in held.items() if _is_data(value)}
    fills = _tensors(held)
    inner = [_fields(part) for value in held.values() for part in _schedulers(value)]

    def undo() -> None:
        vars(one).clear()
        vars(one).update({**held, **copy.deepcopy(copied)})
        for fill in (*fills, *inner):
            fill()

    return undo


def _schedulers(value: Any) -> list[Any]:
    """The schedulers that a scheduler is made of."""
    parts = value if isinstance(value, list | tuple) else []
    return [part for part in parts if hasattr(part, "last_epoch") and hasattr(part, "optimizer")]


def _is_data(value: Any) -> bool:
    """Whether a list or a dict holds nothing but data."""
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    return isinstance(value, list | tuple) and all(map(_is_plain, value))


def _is_plain(value: Any) -> bool:
    own = type(value).__module__.startswith("torch.amp")
    return isinstance(value, (*_PLAIN, Tensor)) or own or _is_data(value)
