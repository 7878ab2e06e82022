"""targets_vary: the targets are not all the same.  targets_shifted: the output at t is held against token t + 1.

Where logits are visible, the answer that is asked for at each place is read from the gradient of the loss, so that a
shift inside the model or the loss counts as well, whatever things are called.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from descentry.preflight.answer import Answer, cannot_tell, fault, ok
from descentry.preflight.batches import main_input, target_key, targets
from descentry.preflight.graded import agreement, graded
from descentry.preflight.setup import Setup
from descentry.signal.words import percent


@dataclass(frozen=True, slots=True)
class TargetsVary:
    """Different examples have different answers."""

    id: ClassVar[str] = "targets_vary"
    title: ClassVar[str] = "targets vary"

    n_least: int = 8
    """Fewer answers may be the same by chance."""

    def run(self, setup: Setup) -> Answer:
        found = graded(setup)
        wanted: Any = targets(setup.batch) if found is None else found.tokens[found.asked]
        if found is None and target_key(setup.batch) is None:
            return cannot_tell("no targets are seen in the batch")
        kinds, n = torch.unique(wanted), wanted.numel()
        if len(kinds) > 1:
            return ok(f"{len(kinds)} different targets in {n}", kinds=len(kinds), n=n)
        if n < self.n_least:
            return cannot_tell(
                f"all {n} targets are {kinds[0].item():.4g}, which may be chance", kinds=1, n=n
            )
        said = f"all {n} targets are {kinds[0].item():.4g}"
        return fault("targets_constant", said, "check_targets", kinds=1, n=n)


@dataclass(frozen=True, slots=True)
class TargetsShifted:
    """Language models predict the next token: shifted once, neither never nor twice."""

    id: ClassVar[str] = "targets_shifted"
    title: ClassVar[str] = "targets shifted by one"

    agree: float = 0.9
    """Least share of places at which the answers are the inputs, moved by some offset."""
    margin: float = 0.1
    """Least lead of that offset before the offset of one: repeated tokens agree with many."""

    def run(self, setup: Setup) -> Answer:
        shares = agreement(setup, graded(setup))
        if not shares:
            return cannot_tell("no tokens with one answer each: there is nothing to shift" + _equal(setup))
        best = max(shares, key=lambda offset: (shares[offset], offset == 1))
        right = shares.get(1, 0.0)
        measured = {f"at_{offset:+d}": share for offset, share in shares.items()}
        if right >= self.agree and shares[best] < right + self.margin:
            also = shares.get(0, 0.0) >= self.agree
            said = f"the output at t is held against token t + 1 ({percent(right)} of the places)"
            return (
                cannot_tell(f"{said}, but tokens repeat so that token t fits as well", **measured)
                if also
                else ok(said, **measured)
            )
        if shares[best] < self.agree:
            return self._unrelated(setup, shares[best], measured)
        return _wrong(best, shares[best], measured)

    def _unrelated(self, setup: Setup, share: float, measured: dict[str, float]) -> Answer:
        said = f"the targets are no shift of the inputs (the best one fits {percent(share)} of the places)"
        if setup.causal:
            return fault("targets_misaligned", said, "align_targets", **measured)
        return cannot_tell(
            f"{said}: fine unless the model is to predict the next token; causal=True says so", **measured
        )


def _wrong(offset: int, share: float, measured: dict[str, float]) -> Answer:
    where = "token t itself" if offset == 0 else f"token t {'+' if offset > 0 else '-'} {abs(offset)}"
    said = f"the output at t is held against {where} ({percent(share)} of the places), expected token t + 1"
    if offset == 0:
        return fault("targets_equal_inputs", f"{said}: the shift is missing", "align_targets", **measured)
    why = "shifted twice" if offset == 2 else "shifted the wrong way" if offset < 0 else "shifted too far"
    return fault("targets_misaligned", f"{said}: {why}", "align_targets", **measured)


def _equal(setup: Setup) -> str:
    """Says so where inputs and targets are the same numbers, as in an autoencoder."""
    inputs, wanted = main_input(setup.batch), targets(setup.batch)
    is_same = (
        target_key(setup.batch) is not None
        and inputs.shape == wanted.shape
        and bool((inputs == wanted).all())
    )
    return "; the targets equal the inputs" if is_same else ""
