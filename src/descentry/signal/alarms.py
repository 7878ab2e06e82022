"""Thresholds from a rate of false alarms: how much clearer a change must be where more chances to err are taken.

A run is given one rate: the share of healthy runs that may be alarmed at.  It is divided equally among the judgements
by noise (detectors times the windows that each tries); half of each part is kept for the judgement of the complete
log, and the other half is spent over the looks at a growing one, the k-th of them (k = 0, 1, …, at counts of points
that grow by a tenth) getting 1 / ((k + 1) (k + 2)) of it, which sums to one over any number of looks.  By the union
bound the run's rate holds however long the log grows and wherever one stops, whatever the looks have in common:
alpha spending (Lan and DeMets, 1983, Biometrika 70:659), valid at any time as e-detectors are (Shin, Ramdas and
Rinaldo, 2022, arXiv:2203.03532).

What a rate means for a score is read off Gaussian quantiles.  Where few bins tell the noise, Student's t widens them,
with the degrees of freedom that a median absolute deviation of so many has: once, since all looks share that chance.
Scores are not quite so distributed: what neighbours share is known by an estimate (`trend.shared`).  So each detector
states the score that was found to hold at the default rate, and only the ratio of quantiles counts; `lab simulate`
counts what comes of it.
"""

import math
from functools import lru_cache
from statistics import NormalDist

from descentry.record.errors import UsageError

DEFAULT_RATE = 0.001
"""False alarms per healthy run."""
LEAST_RATE, MOST_RATE = 1e-9, 0.5
"""Rates that are understood: beyond them tails are not known, or nothing is controlled."""
N_JUDGEMENTS = 200
"""Parts into which the rate is divided: some twenty judgements by noise with some ten independent windows each."""
END_SHARE = 0.5
"""Part of the rate that is kept for the judgement of the complete log."""
GROWTH = 1.1
"""Growth of the count of points from look to look."""
HASTE_COST = 1.2
"""What a judge spends that also looks in haste (stream/haste.py), as a multiple.  Such looks begin at 52 points, the
tenth look of one that begins at 20, and are at most eight more than the regular ones since: 8 / (11 * 12) for those
eight at the worst moment and 1 / 11 for the others."""
EFFICIENCY = 0.37
"""Information of a median absolute deviation, as a share of that of a standard deviation (Hampel, 1974)."""
LEAST_FREEDOM = 8.0
"""Fewer degrees of freedom would ask for more than any curve shows."""

_NORMAL = NormalDist()


def check_rate(rate: float | None) -> None:
    """None; raises UsageError for a rate of false alarms that cannot be controlled."""
    if rate is not None and not LEAST_RATE <= rate <= MOST_RATE:
        raise UsageError(f"no alarm rate {rate:g}; expected {LEAST_RATE:g} to {MOST_RATE:g} per healthy run")


def strictness(
    rate: float, *, ended: bool = True, n_points: int = 0, n_first: int = 1, n_bins: float = math.inf
) -> float:
    """By how much a score must be larger than the one that holds at `DEFAULT_RATE` at the end of a long run.

    `rate`: false alarms per healthy run, all detectors together; lower: larger.  A live run (not `ended`) is at the
    look that `n_points` points make, the first being made at `n_first`.  `n_bins`: the values that noise was
    estimated from; few: larger.  1.0 for the default rate, a complete log and noise that is known.
    """
    return _looks(rate * _share(ended, n_points, n_first)) * _widened(rate, n_bins)


def log_strictness(rate: float, *, ended: bool = True, n_points: int = 0, n_first: int = 1) -> float:
    """The same for a power, whose tail falls exponentially: the ratio of the logarithms of the rates."""
    asked = math.log(N_JUDGEMENTS / (rate * _share(ended, n_points, n_first)))
    return asked / math.log(N_JUDGEMENTS / (DEFAULT_RATE * END_SHARE))


def look(n_points: int, n_first: int) -> int:
    """The number of the look at a log of so many points, 0 for the first one, at `n_first` points."""
    return max(0, round(math.log(max(n_points, 1) / max(n_first, 1)) / math.log(GROWTH)))


def spent(at: int) -> float:
    """The part of the rate that the look with this number may spend; all of them together spend 1."""
    return 1.0 / ((at + 1.0) * (at + 2.0))


def quantile(tail: float, freedom: float = math.inf) -> float:
    """The value that Student's t passes upwards with this probability, 0 < `tail` < 0.5; Gaussian for infinity.

    By Wallace's transformation (1959, Annals of Mathematical Statistics 30:1121), within 1 % from three degrees of
    freedom on down to tails of 10^-12.
    """
    z = -_NORMAL.inv_cdf(tail)
    if math.isinf(freedom):
        return z
    bent = (8.0 * freedom + 3.0) / (8.0 * freedom + 1.0) * z
    exponent = bent * bent / freedom
    return math.sqrt(freedom) * math.exp(0.5 * exponent) * math.sqrt(-math.expm1(-exponent))


def _share(ended: bool, n_points: int, n_first: int) -> float:
    """The part of the rate that this look may spend."""
    return END_SHARE if ended else (1.0 - END_SHARE) * spent(look(n_points, n_first))


@lru_cache(maxsize=4096)
def _looks(part: float) -> float:
    """The Gaussian quantile of a part of the rate over that of the default rate's at the end."""
    return quantile(part / N_JUDGEMENTS) / quantile(DEFAULT_RATE * END_SHARE / N_JUDGEMENTS)


@lru_cache(maxsize=4096)
def _widened(rate: float, n_bins: float) -> float:
    """Student's quantile over the Gaussian one."""
    tail = rate * END_SHARE / N_JUDGEMENTS
    return quantile(tail, max(LEAST_FREEDOM, EFFICIENCY * n_bins)) / quantile(tail)
