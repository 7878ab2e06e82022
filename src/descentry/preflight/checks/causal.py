"""causal_mask: what comes after t does not change the outputs up to t.

Tokens after t become other ones, in evaluation mode, at three places t.  Asked for where `causal` says so or the
targets are the inputs, moved: a model that sees the next token is asked for nothing.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from descentry.preflight.answer import Answer, cannot_tell, fault, ok
from descentry.preflight.batches import disturbed, main_input, with_input
from descentry.preflight.graded import agreement, graded, predicts_next
from descentry.preflight.passes import logits
from descentry.preflight.setup import Setup
from descentry.preflight.unlike import steady, tolerance, unlike
from descentry.signal.words import number


@dataclass(frozen=True, slots=True)
class CausalMask:
    """No output sees the future."""

    id: ClassVar[str] = "causal_mask"
    title: ClassVar[str] = "causal mask"

    places: tuple[float, ...] = (0.25, 0.5, 0.75)
    """Shares of the sequence after which the tokens are changed."""

    def run(self, setup: Setup) -> Answer:
        if not self._is_asked(setup):
            return cannot_tell(
                "the targets are not the inputs, moved: nothing says that the future must be hidden"
            )
        setup.model.eval()
        tokens = main_input(setup.batch)
        before = logits(setup, setup.batch)
        if before is None or before.ndim < 3 or before.shape[:2] != tokens.shape[:2] or tokens.shape[1] < 4:
            return cannot_tell("no outputs for each place are seen")
        if not steady(setup, before):
            return cannot_tell("two passes over the same batch differ, in evaluation mode")
        return self._judged(setup, tokens, before)

    def _is_asked(self, setup: Setup) -> bool:
        if setup.causal is not None:
            return setup.causal
        return predicts_next(agreement(setup, graded(setup)))

    def _judged(self, setup: Setup, tokens: Any, before: Any) -> Answer:
        n = tokens.shape[1]
        past = future = 0.0
        for share in self.places:
            t = max(1, min(n - 2, round(share * n)))
            changed = tokens.clone()
            changed[:, t + 1 :] = disturbed(tokens)[:, t + 1 :]
            after = logits(setup, with_input(setup.batch, changed))
            past = max(past, unlike(before[:, : t + 1], after[:, : t + 1], before))
            future = max(future, unlike(before[:, t + 1 :], after[:, t + 1 :], before))
        measured = {"past_change": past, "future_change": future}
        if past > tolerance(before):
            said = f"changing tokens after t changes outputs up to t by {number(past)} of their spread"
            return fault("padding_or_mask_error", said, _FIX, **measured)
        if future <= tolerance(before):
            said = "changing the tokens changes no output at all: the inputs do not reach the outputs"
            return fault(
                "targets_misaligned",
                said,
                "Follow the inputs through the forward pass: something drops them.",
                **measured,
            )
        return ok("changing the tokens after t leaves the outputs up to t as they are", **measured)


_FIX = (
    "Hide the future: is_causal=True, or scores above the diagonal at -inf before the softmax; see that neither a "
    "convolution nor a normalisation over the sequence looks ahead."
)
