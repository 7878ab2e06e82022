"""batch_items: the outputs for one example do not hang on the other examples of the batch.

One item becomes another one, in evaluation mode; the outputs of all others must stay as they are.
Source: Karpathy 2019, A Recipe for Training Neural Networks ("use backprop to chart dependencies").
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from descentry.preflight.answer import Answer, cannot_tell, fault, ok
from descentry.preflight.batches import disturbed, main_input, with_input
from descentry.preflight.passes import logits
from descentry.preflight.setup import Setup
from descentry.preflight.unlike import steady, tolerance, unlike
from descentry.signal.words import number


@dataclass(frozen=True, slots=True)
class BatchItems:
    """Nothing leaks from one item to another."""

    id: ClassVar[str] = "batch_items"
    title: ClassVar[str] = "batch items stay apart"

    n_items: int = 3
    """Items that are changed, one after the other."""

    def run(self, setup: Setup) -> Answer:
        setup.model.eval()
        inputs, before = main_input(setup.batch), logits(setup, setup.batch)
        if before is None or before.ndim < 2 or len(before) != len(inputs):
            return cannot_tell("no outputs for each item are seen")
        if len(inputs) < 2:
            return cannot_tell("the batch holds one item")
        if not steady(setup, before):
            return cannot_tell("two passes over the same batch differ, in evaluation mode")
        moved = {at: self._moved(setup, inputs, before, at) for at in self._chosen(len(inputs))}
        worst = max(moved, key=lambda at: moved[at])
        if moved[worst] > tolerance(before):
            said = f"changing item {worst} changes outputs of other items by {number(moved[worst])} of their spread"
            return fault("batch_items_mixed", said, _FIX, change=moved[worst])
        return ok("changing one item leaves the outputs of the others as they are", change=moved[worst])

    def _chosen(self, n: int) -> list[int]:
        return sorted({0, n // 2, n - 1})[: self.n_items]

    def _moved(self, setup: Setup, inputs: Any, before: Any, at: int) -> float:
        changed = inputs.clone()
        changed[at] = disturbed(inputs)[at]
        after = logits(setup, with_input(setup.batch, changed))
        others = [item for item in range(len(inputs)) if item != at]
        return unlike(before[others], after[others], before)


_FIX = (
    "Look for a view or reshape that mixes the batch with another axis, a softmax or mean over dimension 0, and "
    "normalisation that uses the batch's statistics in evaluation mode."
)
