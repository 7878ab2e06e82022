"""What the activations of a module look like: mean, spread, units that are silent, activations at their bounds.

Seen in the first training pass of a sampled update.  A unit is the last axis, or the channel of an image; it is dead
when it is exactly 0 throughout the pass.  Where rectifiers are functions and no modules, they are seen at the inputs of
the layer that follows.
Source: Lu et al. 2019, arXiv:1903.06733 (dead units); Glorot & Bengio 2010, AISTATS (saturation).
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from descentry.probes.groups import series

RECTIFIERS = (nn.ReLU, nn.ReLU6, nn.Threshold)
BOUNDED = {nn.Tanh: -1.0, nn.Sigmoid: 0.0, nn.Hardtanh: -1.0, nn.Hardsigmoid: 0.0}
"""Activations between this number and 1."""
ACTIVATIONS: tuple[Any, ...] = (*RECTIFIERS, *BOUNDED)
EDGE = 0.01
"""An activation this near to a bound, in parts of the range, is saturated: its slope is below 4 % of the steepest."""

Found = dict[str, Any]
"""Numbers by the name of their series, still on their device."""


class Activations:
    """Collects what hooks see in one pass."""

    def __init__(self, model: Any) -> None:
        self.found: Found = {}
        self._model = model
        self._seen: set[str] = set()
        self._has_rectifiers = any(isinstance(one, RECTIFIERS) for one in model.modules())

    def hooks(self, guarded: Callable[[Callable[[], object]], None]) -> list[Any]:
        """Register the hooks, each behind the wall `guarded`; what removes them comes back."""
        handles = []
        for name, module in self._model.named_modules():
            if isinstance(module, ACTIVATIONS) or _is_layer(module):

                def hook(module: Any, inputs: Any, output: Any, name: str = name) -> None:
                    is_tensor = isinstance(output, Tensor) and output.is_floating_point()
                    if is_tensor and module.training and name not in self._seen:
                        self._seen.add(name)
                        guarded(lambda: self._note(name, module, inputs, output))

                handles.append(module.register_forward_hook(hook))
        return handles

    def _note(self, name: str, module: Any, inputs: Any, output: Any) -> None:
        with torch.no_grad(), torch.autocast(output.device.type, enabled=False):
            values = output.detach()
            floats = values.float()
            mean = floats.mean()
            self.found[series("activation_mean", name)] = mean
            # Two plain passes: `torch.std_mean` takes ten times as long on a CPU.
            self.found[series("activation_std", name)] = (floats - mean).norm() / max(
                1, floats.numel()
            ) ** 0.5
            if isinstance(module, RECTIFIERS):
                self._rectified(name, values)
            elif isinstance(module, tuple(BOUNDED)):
                self.found[series("saturation", name)] = _saturated(module, values)
            elif (
                not self._has_rectifiers
                and inputs
                and isinstance(inputs[0], Tensor)
                and inputs[0].requires_grad
            ):
                self._rectified(name, inputs[0].detach())

    def _rectified(self, name: str, values: Any) -> None:
        active = values != 0
        self.found[series("activation_zeros", name)] = 1.0 - active.float().mean()
        units = active.movedim(1, -1) if active.ndim >= 4 else active
        alive = units.reshape(-1, units.shape[-1]).any(0)
        self.found[series("dead_units", name)] = 1.0 - alive.float().mean()


def _is_layer(module: Any) -> bool:
    """Whether a module multiplies by a matrix or a kernel of its own, of torch or of another library."""
    weight = getattr(module, "weight", None)
    is_leaf = next(module.children(), None) is None
    return (
        is_leaf and isinstance(weight, Tensor) and weight.ndim >= 2 and not isinstance(module, nn.Embedding)
    )


def _saturated(module: Any, values: Any) -> Any:
    """The share of activations near their lower or upper bound."""
    low = next(bound for kind, bound in BOUNDED.items() if isinstance(module, kind))
    edge = EDGE * (1.0 - low)
    return ((values > 1.0 - edge) | (values < low + edge)).float().mean()
