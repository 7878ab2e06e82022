"""Where a fault takes hold of a training: one method per place, all of which do nothing here."""

from typing import TYPE_CHECKING

from torch import Tensor

from lab.trainings.task import Batch

if TYPE_CHECKING:
    from lab.trainings.loop import Loop, Row


class Hook:
    """A training without a fault; faults overrule the one place they need.

    `everywhere`: what is done to batches is done to those of validation too, as in a shared data loader.
    """

    everywhere = False

    def begin(self, loop: "Loop") -> None:
        """Before the first step."""

    def batch(self, loop: "Loop", step: int, batch: Batch) -> Batch:
        """The examples as the model gets them."""
        return batch

    def loss(self, loop: "Loop", step: int, loss: Tensor) -> Tensor:
        """The loss as it is minimised and logged."""
        return loss

    def weight(self, loop: "Loop", step: int, weight: float) -> float:
        """What the loss is multiplied by before the backward pass."""
        return weight

    def gradients(self, loop: "Loop", step: int, micro: int) -> None:
        """After each backward pass."""

    def may_update(self, loop: "Loop", step: int, row: "Row") -> bool:
        """Whether the optimiser steps."""
        return True

    def log(self, loop: "Loop", step: int, row: "Row") -> None:
        """What is written down may be changed here."""

    def resumed(self, loop: "Loop", step: int) -> None:
        """After a restart from a checkpoint."""
