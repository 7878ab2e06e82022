"""Early stopping against slow, obvious oracles."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from descentry.guard.early_stop import EarlyStopper
from descentry.guard.rules import EarlyStop
from descentry.record.errors import UsageError

Oracle = Callable[[list[float], list[list[float]], EarlyStop], bool]
N_TRAIN = 4


def patience(val: list[float], train: list[list[float]], rule: EarlyStop) -> bool:
    """Whether none of the last `limit` validations gained `min_delta` on the best that had."""
    del train
    best, since = math.inf, 0
    for loss in val:
        gained = loss < best - rule.min_delta
        best, since = (loss, 0) if gained else (best, since + 1)
    return since >= rule.limit


def gl(val: list[float], train: list[list[float]], rule: EarlyStop) -> bool:
    del train
    return 100.0 * (val[-1] / min(val) - 1.0) > rule.limit


def pq(val: list[float], train: list[list[float]], rule: EarlyStop) -> bool:
    means = [float(np.mean(part)) for part in train[-rule.strip :]]
    progress = 1000.0 * (sum(means) / (len(means) * min(means)) - 1.0)
    return len(val) % rule.strip == 0 and 100.0 * (val[-1] / min(val) - 1.0) > rule.limit * progress


def up(val: list[float], train: list[list[float]], rule: EarlyStop) -> bool:
    del train
    ends = val[rule.strip - 1 :: rule.strip]
    n = int(rule.limit)
    rises = [b > a for a, b in pairwise(ends)]
    return len(val) % rule.strip == 0 and len(rises) >= n and all(rises[-n:])


RULES: list[tuple[Oracle, EarlyStop]] = [
    (patience, EarlyStop("patience", 5)),
    (patience, EarlyStop("patience", 3, min_delta=0.05)),
    (gl, EarlyStop("gl", 3.0)),
    (pq, EarlyStop("pq", 0.5, strip=5)),
    (pq, EarlyStop("pq", 2.0, strip=3)),
    (up, EarlyStop("up", 1, strip=4)),
    (up, EarlyStop("up", 3, strip=2)),
]


def curve(seed: int, n: int = 80) -> tuple[list[float], list[list[float]]]:
    """A validation that turns up after its middle, and the training losses before each."""
    random = np.random.default_rng(seed)
    at = np.arange(n)
    val = 2.0 + np.exp(-at / 12.0) + 0.006 * np.maximum(0, at - n // 2) + 0.02 * random.standard_normal(n)
    train = [list(2.0 + math.exp(-i / 10.0) + 0.01 * random.standard_normal(N_TRAIN)) for i in at]
    return val.tolist(), train


@pytest.mark.parametrize(("oracle", "rule"), RULES)
@pytest.mark.parametrize("seed", range(5))
def test_it_stops_where_the_oracle_does(oracle: Oracle, rule: EarlyStop, seed: int) -> None:
    val, train = curve(seed)
    one, said, wanted = EarlyStopper(rule), [], []
    for i, loss in enumerate(val):
        for value in (*train[i], math.nan, math.inf):
            one.train(value)
        said.append(bool(one.validate(i, loss)))
        wanted.append(oracle(val[: i + 1], train[: i + 1], rule))
    assert said == wanted
    assert any(said)


def test_the_best_step_is_told() -> None:
    one = EarlyStopper(EarlyStop("patience", 2))
    said = [one.validate(step, loss) for step, loss in ((10, 3.0), (20, 2.0), (30, 2.5), (40, math.nan))]
    assert said == ["", "", "", "2 validations without a gain; the best validation was 2 at step 20"]
    assert one.best_step == 20


@pytest.mark.parametrize("criterion", ["gl", "pq"])
def test_losses_that_are_not_positive_or_finite_stop_nothing(criterion: str) -> None:
    one = EarlyStopper(EarlyStop(criterion, 0.1, strip=2))
    for step, loss in enumerate((-1.0, -0.5, 0.0, -0.2, math.nan, math.inf, -0.1, 3.0)):
        one.train(-loss)
        assert not one.validate(step, loss)


def test_memory_does_not_grow_without_validations() -> None:
    one = EarlyStopper(EarlyStop("pq", 1.0, strip=3))
    for step in range(1000):
        one.train(1.0)
        if step < 30:
            one.validate(step, 1.0)
    assert len(one.strip) == 3


def test_an_unknown_criterion_is_told() -> None:
    with pytest.raises(UsageError, match="unknown criterion 'gut'"):
        EarlyStopper(EarlyStop("gut"))
