"""What one comparison gave: a record that needs no torch."""

from dataclasses import dataclass

MOST = 1.25
"""A mixture is given up after so many times the even run's steps; its ratio is then told as above that."""


@dataclass(frozen=True, slots=True)
class Reached:
    """One training beside its even twin.  `ratio`: of the steps; None where the target was not reached by `MOST`."""

    domains: str
    method: str
    seed: int
    n_steps: int
    """Planned for the even run."""
    ratio: float | None
    target: float
    weights: dict[str, float]
    """The mean of the weights after each evaluation."""
