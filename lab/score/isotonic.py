"""The best rising fit to shares: pool adjacent violators.

Source: M. Ayer et al., An empirical distribution function for sampling with incomplete information, Annals of
Mathematical Statistics 26, 1955; for probabilities B. Zadrozny and C. Elkan, KDD 2002.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from descentry.diagnosis.confidence import Curve

PRIOR = 4.0
"""Findings that the detector's own word is worth.  Higher: patterns of few findings keep nearer to what they said."""
MOST = 0.995
"""No share is told above this: it would take hundreds of findings of each kind to know it."""
DIGITS = 4


def pooled(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rising sequence nearest to `values` in weighted squares; float64[n] in and out, weights above 0."""
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        blocks.append((value, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (a, wa, na), (b, wb, nb) = blocks[-2:]
            blocks[-2:] = [((a * wa + b * wb) / (wa + wb), wa + wb, na + nb)]
    return np.repeat([block[0] for block in blocks], [block[2] for block in blocks])


def fit(said: Sequence[float], right: Sequence[bool], prior: float = PRIOR) -> Curve:
    """The rising map from what was said, 0 … 1, to the share that was right, drawn towards what was said by `prior`
    findings.

    `said` and `right` have one length; where they are empty the map is empty as well.  Below the least that was ever
    said the map falls straight to nothing: there it is not known, so what is said keeps its proportion.
    """
    if not said:
        return Curve()
    places, which = np.unique(np.round(np.asarray(said, float), DIGITS), return_inverse=True)
    count = np.bincount(which).astype(float)
    hits = np.bincount(which, weights=np.asarray(right, float))
    extra = prior * count / count.sum()
    shares = pooled((hits + extra * places) / (count + extra), count + extra)
    return thinned(np.append(0.0, places), np.append(0.0, np.minimum(shares, MOST)))


def thinned(places: NDArray[np.float64], shares: NDArray[np.float64]) -> Curve:
    """The curve through the first and last place of each level stretch: what lies inside says nothing more."""
    ends = np.ones(len(places), bool)
    ends[1:-1] = (shares[1:-1] != shares[:-2]) | (shares[1:-1] != shares[2:])
    return Curve(tuple(float(x) for x in places[ends]), tuple(round(float(y), DIGITS) for y in shares[ends]))
