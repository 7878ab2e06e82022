"""Norms of gradients, weights and updates by module, in one transfer from the device."""

import math
from collections.abc import Sequence
from typing import Any

import torch

from descentry.probes.groups import Group, series

Values = dict[str, float]


class Norms:
    """What one update does to the weights.  `before` is called with the gradients in place, `after` when it is made.

    Between the two a copy of the weights is held, unless `updates` is False.
    """

    def __init__(self, groups: Sequence[Group], updates: bool) -> None:
        self._groups, self._updates = groups, updates
        self._weights = [weight for group in groups for weight in group.weights]
        self._scale = 1.0
        self._asked: list[Any] = []
        self._gradients: list[Any] = []
        self._before: list[Any] = []

    def before(self, scale: Any = None) -> None:
        """Take the gradients' norms and keep the weights.  `scale`: what a fused optimizer will divide them by."""
        self._scale = 1.0 if scale is None else float(scale)
        self._asked = [one for one in self._weights if one.grad is not None]
        with torch.no_grad():
            self._gradients = _norms([one.grad for one in self._asked])
            if self._updates:
                self._before = [one.detach().clone() for one in self._weights]

    def after(self, extra: Sequence[Any]) -> tuple[Values, list[float]]:
        """The norms by module and of all, and the numbers of `extra`, which travel along."""
        with torch.no_grad():
            moved = torch._foreach_sub(self._weights, self._before) if self._before else []
            parts = [self._gradients, _norms(self._weights), _norms(moved), list(extra)]
            numbers = iter(_numbers([one for part in parts for one in part]))
        self._before = []
        gradients, weights, updates, others = ([next(numbers) for _ in part] for part in parts)
        return {**self._of_gradients(gradients), **self._of_weights(weights, updates)}, others

    def _of_gradients(self, found: list[float]) -> Values:
        """0 for a module that asks for a gradient and gets none."""
        norms = {id(one): norm / self._scale for one, norm in zip(self._asked, found, strict=True)}
        asking = [(one.name, [norms.get(id(weight), 0.0) for weight in one.weights if weight.requires_grad])
                  for one in self._groups]  # fmt: skip
        values = {series("grad_norm", name): math.hypot(*parts) for name, parts in asking if parts}
        return {**values, "grad_norm/global": math.hypot(*norms.values())}

    def _of_weights(self, weights: list[float], updates: list[float]) -> Values:
        values: Values = {}
        sizes, moves = iter(weights), iter(updates)
        for group in self._groups:
            size = math.hypot(*(next(sizes) for _ in group.weights))
            values[series("weight_norm", group.name)] = size
            if updates:
                move = math.hypot(*(next(moves) for _ in group.weights))
                values[series("update_ratio", group.name)] = _ratio(move, size)
        values["weight_norm/global"] = math.hypot(*weights)
        if updates:
            values["update_ratio/global"] = _ratio(math.hypot(*updates), math.hypot(*weights))
        return values


def _ratio(move: float, size: float) -> float:
    """An update over the weights that it made; weights that are 0 afterwards moved by all that they were."""
    return move / size if size else float(move > 0)


def _norms(tensors: Sequence[Any]) -> list[Any]:
    """The Euclidean norm of each tensor, summed in float32 at least, on its own device."""
    dense = [one.coalesce().values() if one.is_sparse else one for one in tensors]
    if not dense:
        return []
    if any(one.dtype in (torch.float16, torch.bfloat16) for one in dense):
        dense = [one.float() for one in dense]
    return list(torch._foreach_norm(dense))


def _numbers(found: Sequence[Any]) -> list[float]:
    """Tensors of one number each as floats: one transfer for each device."""
    by_device: dict[Any, list[int]] = {}
    for at, one in enumerate(found):
        by_device.setdefault(one.device, []).append(at)
    numbers = [0.0] * len(found)
    for places in by_device.values():
        stacked = torch.stack([found[at].reshape(()).double() for at in places]).tolist()
        for at, number in zip(places, stacked, strict=True):
            numbers[at] = number
    return numbers
