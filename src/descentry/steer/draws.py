"""Whole counts from weights: how many examples of each domain go into a batch."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from descentry.record.errors import UsageError
from descentry.steer.protocol import State


class Draws:
    """Draws batches by weight.  `seed`: the same seed and the same calls give the same counts.

    Systematic sampling (Madow, 1949): one random offset places `n` evenly spaced marks on the laid-out weights, so
    that each count is its expectation rounded down or up, and right on average.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed, self.n_drawn = int(seed), 0

    def counts(self, weights: Mapping[str, float], n: int) -> dict[str, int]:
        """How many of `n` fall to each name; they sum to `n`.  UsageError for weights below 0, or none above 0."""
        values = np.array(list(weights.values()), np.float64)
        if n < 0 or not len(values) or not np.isfinite(values).all() or values.min() < 0 or values.sum() <= 0:
            raise UsageError(
                f"cannot draw {n} by {dict(weights)}; expected finite weights of at least 0, one above 0"
            )
        offset = float(np.random.default_rng([self.seed, self.n_drawn]).random())
        self.n_drawn += 1
        edges = np.cumsum(values) * (n / values.sum())
        edges[-1] = n
        marks = np.ceil(edges - offset).astype(np.int64)  # marks at offset, offset + 1, …
        counts = np.diff(marks, prepend=0)
        return {name: int(count) for name, count in zip(weights, counts, strict=True)}

    def state_dict(self) -> State:
        """Seed and number of draws: each draw is made of these two alone."""
        return {"kind": "draws", "version": 1, "seed": self.seed, "n_drawn": self.n_drawn}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on where `state` was taken.  UsageError for a state of another kind."""
        if (state.get("kind"), state.get("version")) != ("draws", 1):
            raise UsageError(f"draws: the state is of {state.get('kind')!r}, expected 'draws', version 1")
        self.seed, self.n_drawn = int(state["seed"]), int(state["n_drawn"])
