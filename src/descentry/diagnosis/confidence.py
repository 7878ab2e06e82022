"""Confidence that means something: what a detector says of itself, turned into the share of such that is right.

The curves are isotonic fits on the fit split of the proving ground.  They lie in `data/confidence.toml`, and
`python -m lab calibrate` remakes them.
Source: B. Zadrozny and C. Elkan, Transforming classifier scores into accurate multiclass probability estimates,
KDD 2002.
"""

import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from descentry.record.finding import Finding


@dataclass(frozen=True, slots=True)
class Curve:
    """A rising map: `shares` at the places `said`, straight lines between them, level outside; both of one length.

    `Curve((0.5, 0.9), (0.6, 1.0))(0.7)` is 0.8.  Without a place it gives back what it is given.
    """

    said: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()

    def __call__(self, value: float) -> float:
        if not self.said:
            return value
        k = bisect_right(self.said, value)
        if k == 0 or k == len(self.said):
            return self.shares[max(0, k - 1)]
        left, right = self.said[k - 1], self.said[k]
        low, high = self.shares[k - 1], self.shares[k]
        return low + (high - low) * (value - left) / (right - left)


@dataclass(frozen=True, slots=True)
class Calibration:
    """`findings`: pattern -> map of its raw confidence; `cause`: map of the likeliest cause's raw probability."""

    findings: Mapping[str, Curve]
    cause: Curve

    def finding(self, one: Finding) -> Finding:
        """The finding with the share of its like that is right; a pattern that was never measured stays as it is."""
        curve = self.findings.get(one.pattern)
        return one if curve is None else replace(one, confidence=curve(one.confidence))

    def causes(self, shares: list[float]) -> list[float]:
        """The probabilities of one finding's causes, likeliest first and summing to 1 at most, each made meaningful.

        The first is mapped; the others share what it leaves in their old proportions, and never pass it.
        """
        if not shares:
            return []
        first = self.cause(shares[0])
        left = (1.0 - first) / (1.0 - shares[0]) if shares[0] < 1.0 else 0.0
        return [first, *(min(first, share * left) for share in shares[1:])]


PLAIN = Calibration({}, Curve())
"""Leaves everything as it was said."""


@cache
def load() -> Calibration:
    """The calibration that ships with the package."""
    text = files("descentry.diagnosis").joinpath("data", "confidence.toml").read_text("utf-8")
    told = tomllib.loads(text)
    return Calibration(
        {pattern: _curve(places) for pattern, places in told["findings"].items()},
        _curve(told["causes"]["any"]),
    )


def _curve(places: list[list[float]]) -> Curve:
    return Curve(tuple(said for said, _ in places), tuple(share for _, share in places))
