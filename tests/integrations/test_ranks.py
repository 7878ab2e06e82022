"""Ranks: one that stands out is named, once; healthy ones are not, whatever their noise."""

import numpy as np
import pytest

from descentry.integrations.ranks import OddRank, Ranks, RankSettings, distance, places


def judged(table: np.ndarray, settings: RankSettings | None = None) -> list[OddRank]:
    ranks = Ranks(settings or RankSettings())
    return [one for step, row in enumerate(table) for one in ranks.observe(step, "loss", row)]


@pytest.mark.parametrize("noise", ["normal", "cauchy", "exponential", "coins"])
@pytest.mark.parametrize("n_ranks", [2, 8])
def test_healthy_ranks_are_not_named_whatever_their_noise(noise: str, n_ranks: int) -> None:
    random = np.random.default_rng(0)
    draw = {
        "normal": random.standard_normal,
        "cauchy": random.standard_cauchy,
        "exponential": random.standard_exponential,
        "coins": lambda size: random.integers(0, 2, size).astype(float),
    }[noise]
    descent = 1.0 / (1.0 + np.arange(4096.0))[:, None]
    for _ in range(20):
        assert judged(descent + draw((4096, n_ranks))) == []


@pytest.mark.parametrize("n_ranks", [2, 3, 8])
@pytest.mark.parametrize("odd", [0, 1])
def test_a_rank_with_a_bad_shard_is_named_once(n_ranks: int, odd: int) -> None:
    table = np.random.default_rng(0).normal(size=(1024, n_ranks)) + 5.0
    table[200:, odd] += 3.0
    found = judged(table)
    assert [(one.rank, one.kind) for one in found] == [(odd, "apart")]
    assert found[0].step in (128, 256)
    assert found[0].value - found[0].usual == pytest.approx(3.0, abs=1.5)
    assert str(found[0]).startswith(f"since step {found[0].step}: loss of rank {odd} lies at")


def test_a_rank_that_is_easier_than_the_others_is_named_too() -> None:
    table = np.random.default_rng(0).normal(size=(256, 4))
    table[:, 2] -= 3.0
    assert [one.rank for one in judged(table)] == [2]


def test_what_is_sure_but_small_is_not_told() -> None:
    table = np.random.default_rng(0).normal(size=(4096, 4))
    table[:, 2] += 1.0
    assert judged(table, RankSettings(least_distance=2.0)) == []
    assert [one.rank for one in judged(table, RankSettings(least_distance=0.5))] == [2]


def test_what_wavers_about_the_bar_is_told_once() -> None:
    table = np.random.default_rng(0).normal(size=(4096, 4))
    table[:, 2] += 1.2
    assert [one.rank for one in judged(table)] == [2]


def test_a_value_that_is_no_number_is_named_at_once_and_once() -> None:
    table = np.ones((6, 3))
    table[2:4, 1] = np.nan
    table[5, 0] = np.inf
    found = judged(table)
    assert [(one.rank, one.step, one.kind) for one in found] == [(1, 2, "nonfinite"), (0, 5, "nonfinite")]
    assert str(found[0]) == "step 2: loss of rank 1 is nan, of others 1"


def test_nobody_stands_out_where_all_are_no_numbers_alone_or_alike() -> None:
    assert judged(np.full((200, 3), np.nan)) == []
    assert judged(np.arange(300.0)[:, None]) == []
    assert judged(np.ones((300, 4))) == []


def test_places_share_ties() -> None:
    assert places(np.array([[1.0, 2.0, 3.0], [2.0, 2.0, 1.0]])).tolist() == [
        [0.0, 0.5, 1.0],
        [0.75, 0.75, 0.0],
    ]


def test_without_noise_any_distance_is_infinite() -> None:
    table = np.ones((8, 3))
    assert distance(table, 0) == 0.0
    table[:, 0] = 2.0
    assert distance(table, 0) == np.inf
