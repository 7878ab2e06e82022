"""overfit_batch: on one batch, again and again, the loss falls to half and below.

First with the user's optimizer at the highest rate that its scheduler will set; where that is not enough, with AdamW:
so that a low rate is told from a model, a loss or a batch that cannot be learned.  Dropout is off.
Source: Karpathy 2019, A Recipe for Training Neural Networks ("overfit one batch").
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch

from descentry.preflight.answer import Answer, cannot_tell, fault, ok
from descentry.preflight.backward import gradients, update
from descentry.preflight.graded import graded
from descentry.preflight.kept import Kept
from descentry.preflight.rates import peak
from descentry.preflight.setup import Setup
from descentry.signal.words import number


@dataclass(frozen=True, slots=True)
class Course:
    """The first loss, the last one, the number of steps, and whether time ran out before."""

    first: float
    last: float
    n_steps: int
    is_cut: bool

    @property
    def words(self) -> str:
        return f"from {number(self.first)} to {number(self.last)} in {self.n_steps} steps"


@dataclass(frozen=True, slots=True)
class OverfitBatch:
    """One batch can be learned by heart."""

    id: ClassVar[str] = "overfit_batch"
    title: ClassVar[str] = "one batch is learned"

    share: float = 0.5
    """The loss must fall to this share of the first one.  Lower: stricter, and longer."""
    rate: float = 1e-3
    """Rate of AdamW in the second attempt."""
    beyond: float = 0.95
    """A loss below this share of what the frequencies of the targets alone allow has learned from the inputs."""
    burst: float = 2.0
    """A loss that ends at this multiple of the first one has diverged."""

    def run(self, setup: Setup) -> Answer:
        setup.model.train()
        _without_dropout(setup)
        start = Kept(setup)
        rates = peak(setup)
        for group, rate in zip(setup.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        own = self._course(setup, lambda: update(setup))
        measured = {"first": own.first, "last": own.last, "n_steps": float(own.n_steps)}
        if own.first <= 0:
            return cannot_tell(
                f"the loss ({number(own.first)}) is not above 0: how far it should fall is not known",
                **measured,
            )
        if own.last <= self.share * own.first:
            return ok(f"your optimizer brings the loss on this batch {own.words}", **measured)
        start.restore()
        known = _frequencies(setup)
        setup.model.train()
        other = self._course(setup, self._plain(setup))
        return self._judged(
            own, other, max(rates, default=0.0), known, {**measured, "last_adamw": other.last}
        )

    def _judged(
        self, own: Course, other: Course, rate: float, known: float, measured: dict[str, float]
    ) -> Answer:
        learns = other.last <= self.share * other.first
        said = f"your optimizer at a rate of {number(rate)} brings the loss on this batch {own.words}"
        if learns and not own.last < self.burst * own.first:
            return fault(
                "lr_too_high", f"{said}; AdamW at {number(self.rate)} {other.words}", "lower_lr", **measured
            )
        if learns:
            return cannot_tell(
                f"{said}; AdamW at {number(self.rate)} {other.words}: is the rate too low?", **measured
            )
        if other.is_cut:
            return cannot_tell(f"time ran out: {said}; more: overfit_seconds=", **measured)
        if other.last < self.beyond * min(other.first, known):
            return cannot_tell(f"{said}; AdamW at {number(self.rate)} {other.words}: slowly", **measured)
        return fault(
            "batch_not_learned",
            f"one batch cannot be learned: {said}; AdamW at {number(self.rate)} {other.words}",
            _FIX,
            **measured,
        )

    def _plain(self, setup: Setup) -> Callable[[], float]:
        adam = torch.optim.AdamW(list(setup.weights().values()), lr=self.rate, weight_decay=0.0)

        def step() -> float:
            loss, _ = gradients(setup)
            adam.step()
            return loss

        return step

    def _course(self, setup: Setup, step: Callable[[], float]) -> Course:
        """Steps until the loss has fallen enough, or the bounds are reached."""
        began, first, loss = time.monotonic(), math.nan, math.nan
        for n_steps in range(1, setup.overfit_steps + 1):
            loss = step()
            first = loss if n_steps == 1 else first
            if not math.isfinite(loss):
                return Course(first, math.inf, n_steps, False)
            if loss <= self.share * first and n_steps > 1:
                break
            if time.monotonic() - began > setup.overfit_seconds / 2:
                return Course(first, loss, n_steps, True)
            if n_steps % 20 == 0:
                setup.tell(
                    f"preflight: learning one batch, step {n_steps} of {setup.overfit_steps}, loss {loss:.4g}"
                )
        return Course(first, loss, n_steps, False)


def _frequencies(setup: Setup) -> float:
    """The loss of one who knows how often each answer comes and looks at no input; infinite where it is not known."""
    found = graded(setup)
    if found is None:
        return math.inf
    counts = torch.unique(found.tokens[found.asked], return_counts=True)[1].float()
    shares = counts / counts.sum()
    return float(-(shares * shares.log()).sum())


def _without_dropout(setup: Setup) -> None:
    """Rates of dropout that stand as numbers in the modules become 0."""
    for module in setup.model.modules():
        for name, value in list(vars(module).items()):
            is_rate = "drop" in name.lower() or (name == "p" and "Drop" in type(module).__name__)
            if is_rate and isinstance(value, float):
                setattr(module, name, 0.0)


_FIX = (
    "Take the model apart until it learns: do the inputs reach the outputs, is the graph cut on the way, has the loss "
    "the right sign, do inputs and targets belong together?"
)
