"""What is learned: a model, its batches and its losses."""

from collections.abc import Callable, Mapping
from typing import Protocol

from torch import Generator, Tensor, nn

Batch = tuple[Tensor, ...]
Losses = Mapping[str, Tensor]
"""The loss to minimise under `loss`, and whatever else is logged."""


Change = Callable[[Batch], Batch]


def unchanged(batch: Batch) -> Batch:
    """The batch as it is."""
    return batch


class Task(Protocol):
    """A training problem.  `uniform` is the loss of an uninformed guess, `n_classes` the size of the output."""

    model: nn.Module
    uniform: float
    n_classes: int

    def batch(self, step: int, size: int, random: Generator) -> Batch:
        """The examples of one step."""
        ...

    def losses(self, batch: Batch) -> Losses:
        """The mean losses over a batch, with gradients."""
        ...

    def validate(self, n_batches: int, size: int, change: Change = unchanged) -> Mapping[str, float]:
        """Validation values by name; always the same examples, `change` applied to them."""
        ...
