"""initial_loss: the first loss of a fresh model is that of a uniform guess, ln V for a cross-entropy over V classes.

A loss far above says that the first outputs are confidently wrong or that losses are summed; one far below is that of a
model that was trained before, or of an answer that stands in the input: which of the two, the loss does not tell.
Source: Karpathy 2019, A Recipe for Training Neural Networks ("verify loss @ init").
"""

import math
from dataclasses import dataclass
from typing import ClassVar

from descentry.patterns.bad_init import BadInit
from descentry.preflight.answer import Answer, cannot_tell, fault, ok
from descentry.preflight.graded import graded
from descentry.preflight.passes import passed
from descentry.preflight.setup import Setup
from descentry.signal.loss_function import Start, expected_start, named
from descentry.signal.words import number


@dataclass(frozen=True, slots=True)
class InitialLoss:
    """The first loss against the one that is expected."""

    id: ClassVar[str] = "initial_loss"
    title: ClassVar[str] = "initial loss"

    high: float = BadInit().ratio
    """First loss over the expected one from which it is a fault.  Higher: only gross ones."""
    low: float = 0.7
    """First loss over the expected one below which the model knows something already."""
    whole: float = 0.03
    """How near to a whole multiple a loss must be to be called a sum."""

    def run(self, setup: Setup) -> Answer:
        setup.model.train()
        loss = float(passed(setup).loss.detach())
        if not math.isfinite(loss):
            return fault("loss_computation_error", f"the first loss is {number(loss)}", "check_loss_function")
        start = _expected(setup)
        if start is None or start.loss <= 0:
            return cannot_tell(
                f"the first loss is {number(loss)}; what it should be is not known: give vocab_size=",
                loss=loss,
            )
        return self._judged(loss, start)

    def _judged(self, loss: float, start: Start) -> Answer:
        ratio = loss / start.loss
        of = (
            f"ln {start.size} = {number(start.loss)}"
            if start.size
            else f"the {number(start.loss)} of a uniform guess"
        )
        said = f"the first loss is {number(loss)}, expected about {of}"
        if ratio > self.high and start.accuses:
            multiple = round(ratio)
            if abs(ratio - multiple) <= self.whole * ratio:
                said += f": {multiple} times as much, as sums make"
                return fault(
                    "loss_computation_error", said, "average_accumulated_loss", loss=loss, expected=start.loss
                )
            return fault("bad_init", said, "fix_initialisation", loss=loss, expected=start.loss)
        if not self.low <= ratio <= self.high:
            why = (
                "trained before? else the answer stands in the input"
                if ratio < 1
                else "the scale of the targets decides"
            )
            return cannot_tell(f"{said}: {why}", loss=loss, expected=start.loss)
        return ok(said, loss=loss, expected=start.loss)


def _expected(setup: Setup) -> Start | None:
    """The start of the loss function as its gradient or its name tells it."""
    found = graded(setup)
    if found is not None:
        return expected_start({}, setup.vocab_size or found.n_classes)
    name = getattr(setup.loss_fn, "__name__", type(setup.loss_fn).__name__)
    return expected_start({}, setup.vocab_size, function=name) if named(name) or setup.vocab_size else None
