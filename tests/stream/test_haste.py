"""Looks out of turn: asked for when the training loss stands above all that it lately was."""

import numpy as np
import pytest

from descentry.patterns.registry import detectors
from descentry.record.chunk import Floats
from descentry.record.roles import Role
from descentry.signal.robust import median
from descentry.stream.clock import Clock
from descentry.stream.drive import Stream
from descentry.stream.haste import N_ABOVE, N_BLOCKS, N_SAVED, Haste
from descentry.testing import curves
from descentry.testing.curves import healthy
from descentry.testing.transforms import pieces, singles


def rising(n: int, at: int) -> Floats:
    values = np.random.default_rng(5).standard_normal(n)
    values[at:] += 20.0 * np.arange(n - at) / n * 10.0
    return values


def asked(values: Floats, sizes: list[int]) -> list[int]:
    """The places after which looks are asked for, as the pieces of these sizes come."""
    haste, found, begin = Haste(), [], 0
    for stop in [*np.cumsum(sizes).tolist(), len(values)]:
        while begin < stop:
            at = haste.take(values[begin:stop])
            if at is None:
                break
            begin += at + 1
            found.append(begin - 1)
        begin = stop
    return found


@pytest.mark.parametrize("n", [300, 5_000, 70_000])
def test_any_pieces_ask_at_the_same_places(n: int) -> None:
    values = rising(n, at=n // 2)
    values[n // 3] = np.nan
    whole, one = asked(values, []), Haste()
    assert whole == [k for k, value in enumerate(values.tolist()) if one.push(value)]
    assert whole == asked(values, [7, 100, 1, n // 3, 64, 65])
    assert n // 2 < whole[0] < n // 2 + n // 20


def test_a_falling_loss_asks_for_nothing() -> None:
    assert asked(-np.arange(10_000.0), []) == []


def test_values_without_a_trend_ask_hardly_ever() -> None:
    values = np.random.default_rng(0).standard_t(3, 200_000)
    assert len(asked(values, [])) <= 1


def test_looks_are_bounded_until_a_regular_one_allows_more() -> None:
    haste, values = Haste(), rising(60_000, at=20_000)
    assert sum(haste.push(value) for value in values.tolist()) == N_SAVED
    haste.allow()
    assert haste.n_saved == 1


def test_blocks_are_a_small_part_of_the_run_however_long() -> None:
    haste = Haste()
    for n in (1_000, 30_000, 500_000):
        haste = Haste()
        haste.take(-np.arange(float(n)))
        assert N_BLOCKS // 2 <= n / haste.size <= N_BLOCKS
        assert N_ABOVE * haste.size / n < 0.02


def test_before_and_after_a_restart_are_not_compared() -> None:
    haste = Haste()
    haste.take(-np.arange(1_000.0))
    haste.restart()
    assert haste.take(np.full(60, 1e3)) is None


def test_few_validations_are_looked_at_one_by_one() -> None:
    chunk = healthy(600, seed=1)
    held = chunk.columns[curves.VAL].rows
    clock = Clock()
    stop = clock.rows_to_haste(
        chunk, {Role.TRAIN_LOSS: curves.TRAIN, Role.VAL_LOSS: curves.VAL}, chunk.n_rows
    )
    assert stop == int(held[0]) + 1
    assert clock.is_asked


@pytest.mark.parametrize("name", ["divergence", "overfit", "plateau"])
def test_what_is_told_early_is_told_alike_in_pieces(name: str) -> None:
    base = healthy(1200, seed=2)
    chunk = {
        "divergence": curves.divergence(base, at=700, rise=3.0),
        "overfit": curves.overfit(base, at=500, rise=1.5),
        "plateau": curves.plateau(base, at=300),
    }[name]
    told = []
    for parts in ([chunk], singles(chunk), pieces(chunk, [333, 702, 710, 1100])):
        stream = Stream(detectors())
        changes = [change for part in parts for change in stream.feed(part)]
        told.append([(c.event, c.finding.pattern, c.step) for c in changes if c.finding.pattern == name])
    assert told[0] == told[1] == told[2] != []


def test_a_steep_divergence_is_told_within_two_hundredths_of_the_run() -> None:
    delays = []
    for seed in range(6):
        chunk = curves.divergence(healthy(4000, seed=seed), at=2400, rise=8.0)
        stream = Stream()
        stream.feed(chunk)
        found = next(one for one in stream.end().findings if one.pattern == "divergence")
        delays.append((found.detected_at_step - 2400) / 4000)
    assert median(np.array(delays)) < 0.02
