"""How a tiny training is run: everything that a fault may change stands here."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

Schedule = Callable[[float], float]
"""From the share of the run that is done (0 to 1) to the factor on the peak learning rate."""


def constant(share: float) -> float:
    """1 throughout."""
    del share
    return 1.0


def cosine(share: float) -> float:
    """From 1 down to 0.1 along half a cosine."""
    return 0.1 + 0.45 * (1.0 + math.cos(math.pi * min(share, 1.0)))


def linear(share: float) -> float:
    """From 1 down to 0.02 in a line."""
    return 1.0 - 0.98 * min(share, 1.0)


def steps(share: float) -> float:
    """Cut tenfold at a half and at three quarters."""
    return 0.1 ** ((share >= 0.5) + (share >= 0.75))


def restarts(share: float) -> float:
    """Three cosines, each from 1 to 0.02."""
    inside = (3.0 * share) % 1.0
    return 0.02 + 0.49 * (1.0 + math.cos(math.pi * inside))


def cyclical(share: float) -> float:
    """Eight triangles between 0.1 and 1."""
    inside = (8.0 * share) % 1.0
    return 0.1 + 0.9 * (1.0 - abs(2.0 * inside - 1.0))


def stable_decay(share: float) -> float:
    """1 until four fifths, then down to 0.02 in a line (WSD)."""
    return 1.0 if share < 0.8 else 1.0 - 0.98 * (share - 0.8) / 0.2


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings of a training loop.

    `stop_at`: the share of the planned run after which it ends; `resume_at`: the share after which it is stopped
    and begun again from a checkpoint `resume_back` steps older.
    """

    n_steps: int = 1000
    batch: int = 16
    rate: float = 3e-3
    schedule: Schedule = cosine
    warmup: int = 50
    clip: float | None = 1.0
    optimizer: str = "adamw"
    momentum: float = 0.9
    beta2: float = 0.99
    decay: float = 0.01
    accumulate: int = 1
    eval_every: int = 25
    n_eval: int = 8
    log_every: int = 1
    stop_at: float = 1.0
    resume_at: float | None = None
    resume_back: int = 0
    keeps_optimizer: bool = True
    keeps_schedule: bool = True
    quiet: frozenset[str] = field(default_factory=frozenset)
    """Series that are not logged."""

    def rate_at(self, step: int, origin: int = 0) -> float:
        """The learning rate of a step (from 0), the schedule begun at `origin`."""
        k = step - origin
        warm = min(1.0, (k + 1) / self.warmup) if self.warmup else 1.0
        return self.rate * warm * self.schedule(k / self.n_steps)

    def changed(self, **changes: object) -> "Recipe":
        """The same recipe with other settings."""
        return replace(self, **changes)  # type: ignore[arg-type]
