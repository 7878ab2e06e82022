"""Shares: non-negative numbers that sum to 1, none below a floor."""

from collections.abc import Iterable, Mapping

import numpy as np

from descentry.record.chunk import Floats
from descentry.record.errors import UsageError


def floored(values: Floats, floor: float) -> Floats:
    """The shares nearest in proportion to `values`, none below `floor`, float64[k].

    `values`: float64[k], finite, at least 0; all 0 gives equal shares.  Those that would fall below the floor stand
    at it, the others keep their proportions.  A floor above 1/k is held as 1/k.
    """
    k = len(values)
    if k == 0:
        return np.zeros(0)
    least = min(floor, 1.0 / k)
    highest = float(values.max())
    if highest <= 0:
        return np.full(k, 1.0 / k)
    free = values / highest  # a sum of the largest floats is no infinity
    low = np.zeros(k, np.bool_)
    shares: Floats = free / free.sum()
    while bool((newly := (shares < least) & ~low).any()):
        low |= newly
        rest = float(free[~low].sum())
        if rest <= 0:
            return np.full(k, 1.0 / k)
        shares = np.where(low, least, free * ((1.0 - least * int(low.sum())) / rest))
    return shares


def prior_shares(names: Iterable[str], prior: Mapping[str, float] | None) -> Floats:
    """The prior share of each name, float64[k].  A name without one gets the mean of those that have."""
    given = prior or {}
    known = [given[name] for name in names if name in given]
    usual = sum(known) / len(known) if known else 1.0
    values = np.array([given.get(name, usual) for name in names])
    shares: Floats = values / values.sum() if len(values) else values
    return shares


def check_prior(kind: str, prior: Mapping[str, float] | None) -> None:
    """Raises UsageError unless every prior weight is finite and above 0."""
    for name, weight in (prior or {}).items():
        if not (np.isfinite(weight) and weight > 0):
            raise UsageError(f"{kind}: the prior of {name} is {weight}, expected a finite number above 0")


def check_between(kind: str, name: str, value: float, low: float, high: float) -> None:
    """Raises UsageError unless `low <= value <= high`; NaN is never between."""
    if not low <= value <= high:
        raise UsageError(f"{kind}: {name} is {value}, expected {low:g} to {high:g}")


def widened(shares: Floats, joined: Floats) -> Floats:
    """The shares of float64[k] and those of newcomers float64[m] behind them, float64[k + m], summing to 1."""
    if not len(shares):
        return joined / joined.sum() if len(joined) else joined
    return np.concatenate([shares * (1.0 - float(joined.sum())), joined])
