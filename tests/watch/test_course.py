"""Level and trend of a curve's end."""

import math

import numpy as np
import pytest

from descentry.record.chunk import table
from descentry.signal.summary import Summary
from descentry.stream.drive import Stream
from descentry.watch.course import Loss, course


def shape(values: np.ndarray):
    summary = Summary()
    if len(values):
        summary.extend(np.arange(len(values), dtype=np.int64), values.astype(float))
    return summary.shape()


NOISE = np.random.default_rng(3).normal(0, 0.05, 400)


@pytest.mark.parametrize(
    ("values", "trend"),
    [
        (3.0 + NOISE, "level"),
        (np.linspace(6, 3, 400) + NOISE, "falling"),
        (np.linspace(3, 6, 400) + NOISE, "rising"),
        (np.full(50, 2.0), "level"),
        (np.array([3.0, 2.0, 1.0]), ""),
    ],
)
@pytest.mark.parametrize("factor", [1e-3, 1.0, 1e6])
def test_the_trend_is_named_when_it_stands_out(values: np.ndarray, trend: str, factor: float) -> None:
    assert course(shape(values * factor))[1] == trend


def test_the_level_shrugs_off_a_stray() -> None:
    values = np.full(40, 3.0)
    values[-1] = 1e9
    assert course(shape(values))[0] == 3.0


def test_an_empty_curve_has_neither() -> None:
    level, trend = course(shape(np.empty(0)))
    assert math.isnan(level)
    assert trend == ""


def test_the_newest_loss_may_be_nan_and_eight_points_are_healthy() -> None:
    stream, loss = Stream(), Loss()
    for n, last in ((7, 2.0), (1, math.nan)):
        start = stream.step + 1
        chunk = table(np.arange(start, start + n, dtype=np.int64), {"loss": np.full(n, last)})
        stream.feed(chunk)
        loss.take(chunk, stream)
        loss.look(stream, start)
    assert math.isnan(loss.newest)
    assert (loss.curve, loss.level) == ("loss", 2.0)


def test_a_log_without_loss_is_undetermined() -> None:
    stream, loss = Stream(), Loss()
    chunk = table(np.arange(9, dtype=np.int64), {"lr": np.full(9, 0.1)})
    stream.feed(chunk)
    loss.take(chunk, stream)
    loss.look(stream, 9)
    assert (loss.curve, loss.verdict) == ("", "undetermined")
