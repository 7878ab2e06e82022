"""The first module of an update whose outputs, or whose outputs' gradients, are not finite."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class NonFinite:
    """Where numbers were lost.

    `update`: the number of updates made before; `direction`: "forward" or "backward"; `module`: the first one, in the
    order of the pass, whose outputs (forward) or whose outputs' gradients (backward) hold a NaN or an infinity.
    """

    update: int
    direction: str
    module: str


class Finite:
    """Asks every module's outputs, and their gradients, whether they are finite; answers stay on the device."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._forward: list[tuple[str, Any]] = []
        self._backward: list[tuple[str, Any]] = []

    def hooks(self, guarded: Callable[[Callable[[], object]], None]) -> list[Any]:
        """Register the hooks, each behind the wall `guarded`; what removes them comes back."""
        handles = []
        for name, module in self._model.named_modules():
            if next(module.children(), None) is None:

                def hook(module: Any, _: Any, output: Any, name: str = name) -> None:
                    if module.training:
                        guarded(lambda: self._note(name, output, guarded))

                handles.append(module.register_forward_hook(hook))
        return handles

    def _note(self, name: str, output: Any, guarded: Callable[[Callable[[], object]], None]) -> None:
        for one in output if isinstance(output, tuple | list) else (output,):
            if isinstance(one, Tensor) and one.is_floating_point():
                self._forward.append((name, _is_finite(one)))
                if one.requires_grad:
                    one.register_hook(lambda gradient: guarded(lambda: self._came(name, gradient)))

    def _came(self, name: str, gradient: Any) -> None:
        self._backward.append((name, _is_finite(gradient)))

    def flags(self) -> list[Any]:
        """1 for finite and 0 for not, in the order of the passes, as numbers on their device."""
        return [flag for _, flag in (*self._forward, *self._backward)]

    def first(self, flags: list[float], update: int) -> NonFinite | None:
        """The first of `flags`, as they came back, that is 0."""
        names = [(name, "forward") for name, _ in self._forward] + [
            (name, "backward") for name, _ in self._backward
        ]
        lost = next((one for one, flag in zip(names, flags, strict=True) if not flag), None)
        return None if lost is None else NonFinite(update, lost[1], lost[0] or "root")


def _is_finite(tensor: Any) -> Any:
    """Whether all is finite, as one number: a sum in float32 or better is not where one of its parts is not."""
    with torch.no_grad():
        values = tensor.detach()
        wide = torch.float32 if values.dtype in (torch.float16, torch.bfloat16) else values.dtype
        return torch.isfinite(values.sum(dtype=wide)).float()
