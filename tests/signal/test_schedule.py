"""Schedules are recognised from the rates that frameworks log: exactly, rounded, seldom, cut short, resumed."""

import numpy as np
import pytest

from descentry.record.chunk import Floats
from descentry.signal.schedule import KINDS, recognise

N = 1200


def share(n: int = N) -> Floats:
    return np.arange(n) / n


def cosine(done: Floats, low: float = 0.1) -> Floats:
    rates: Floats = low + (1 - low) * 0.5 * (1 + np.cos(np.pi * done))
    return rates


def warmed(rates: Floats, n_warm: int = 60) -> Floats:
    return rates * np.minimum(1.0, (np.arange(len(rates)) + 1) / n_warm)


def milestones(*at: float, factor: float = 0.1) -> Floats:
    cuts = sum((share() >= one).astype(float) for one in at)
    rates: Floats = np.power(factor, cuts)
    return rates


def one_cycle(pct: float = 0.3) -> Floats:
    """torch.optim.lr_scheduler.OneCycleLR, cosine annealing, div_factor 25, final_div_factor 1e4."""
    s = share()
    up = 0.04 + 0.96 * 0.5 * (1 - np.cos(np.pi * np.minimum(s / pct, 1)))
    down = 4e-6 + 0.5 * (1 + np.cos(np.pi * np.clip((s - pct) / (1 - pct), 0, 1)))
    return np.where(s < pct, up, down)


def triangles(n_cycles: float = 6) -> Floats:
    inside = (n_cycles * share()) % 1.0
    return 0.1 + 0.9 * (1 - np.abs(2 * inside - 1))


def restarts(starts: tuple[float, ...], n_rewarm: int = 0) -> Floats:
    edges = np.array([*starts, 1.0])
    k = np.searchsorted(edges, share(), side="right") - 1
    rates = cosine((share() - edges[k]) / (edges[k + 1] - edges[k]), 0.02)
    for one in starts if n_rewarm else ():
        at = round(one * N)
        rates[at : at + n_rewarm] *= (np.arange(n_rewarm) + 1) / n_rewarm
    return rates


LOGGED = {
    "constant": np.ones(N),
    "warmup": warmed(np.ones(N), 100),
    "cosine": cosine(share()),
    "cosine with warm-up": warmed(cosine(share())),
    "cosine begun after the warm-up": np.concatenate([np.arange(1, 61) / 60, cosine(share(N - 60))]),
    "cosine, a third of it": cosine(share() / 3),
    "cosine, nine tenths of it": cosine(share() * 0.9),
    "cosine, then its floor": cosine(np.minimum(share() / 0.7, 1)),
    "linear": 1 - share(),
    "linear with warm-up": warmed(1 - share()),
    "linear, then its floor": np.maximum(1 - share() / 0.8, 0.05),
    "polynomial": (1 - share()) ** 0.9,
    "polynomial, square": (1 - share()) ** 2,
    "exponential": 0.01 ** share(),
    "exponential with warm-up": warmed(0.05 ** share()),
    "inverse_sqrt": np.minimum((np.arange(N) + 1) / 50, np.sqrt(50 / (np.arange(N) + 1))),
    "inverse_time": 1 / (1 + 10 * share()),
    "step": milestones(0.5, 0.75),
    "step, every thirty epochs": milestones(1 / 3, 2 / 3),
    "step, one cut": milestones(0.8),
    "step, halved ten times": np.power(0.5, np.floor(share() * 10)),
    "step with warm-up": warmed(milestones(0.3, 0.6, 0.9)),
    "on_plateau": milestones(0.313, 0.522, 0.617, 0.834, factor=0.5),
    "wsd": warmed(np.minimum(1.0, (1 - share()) / 0.2)),
    "wsd, cosine at its end": np.where(share() < 0.7, 1.0, cosine((share() - 0.7) / 0.3)),
    "wsd, 1 - sqrt": np.where(share() < 0.8, 1.0, 1 - np.sqrt(np.clip((share() - 0.8) / 0.2, 0, 1))),
    "warm_restarts": restarts((0.0, 1 / 7, 3 / 7)),
    "warm_restarts, equal": restarts((0.0, 0.25, 0.5, 0.75)),
    "warm_restarts with re-warming": restarts((0.0, 0.25, 0.5, 0.75), 10),
    "cyclical": triangles(),
    "cyclical, from the top": np.roll(triangles(), N // 12),
    "one_cycle": one_cycle(),
    "one_cycle, half and half": one_cycle(0.5),
}


@pytest.mark.parametrize("name", LOGGED)
@pytest.mark.parametrize("peak", [3e-4, 0.1])
def test_exact_series_are_recognised(name: str, peak: float) -> None:
    found = recognise(np.arange(N) * 10.0, peak * LOGGED[name])
    assert found is not None
    assert found.kind == name.partition(",")[0].partition(" ")[0]
    assert found.kind in KINDS
    assert found.peak == pytest.approx(peak * LOGGED[name].max())
    assert found.residual < 0.002
    assert found.origin == "logged"


def per_epoch(rates: Floats, n_epochs: int = 40) -> Floats:
    return np.repeat(rates[:: N // n_epochs], N // n_epochs)


@pytest.mark.parametrize("name", ["cosine", "linear", "exponential", "cosine with warm-up"])
def test_a_rate_that_is_set_once_an_epoch_is_smooth_all_the_same(name: str) -> None:
    found = recognise(np.arange(N), per_epoch(LOGGED[name]))
    assert found is not None
    assert found.kind == name.partition(" ")[0]


@pytest.mark.parametrize("name", ["cosine", "linear", "wsd", "step", "exponential", "cosine with warm-up"])
def test_rounding_to_few_decimals_does_not_make_steps(name: str) -> None:
    rates = np.round(3e-4 * LOGGED[name], 5)
    found = recognise(np.arange(N), rates)
    assert found is not None
    assert found.kind == name.partition(" ")[0]


@pytest.mark.parametrize(
    "name", ["cosine", "step", "linear with warm-up", "wsd", "warm_restarts", "cyclical"]
)
@pytest.mark.parametrize("stride", [7, 40])
def test_sparse_logs_say_the_same(name: str, stride: int) -> None:
    found = recognise(np.arange(N)[::stride], LOGGED[name][::stride])
    assert found is not None
    assert found.kind == name.partition(" ")[0]


def test_warm_up_is_measured() -> None:
    found = recognise(np.arange(N), LOGGED["linear with warm-up"])
    assert found is not None
    assert found.warmup_end == pytest.approx(59, abs=2)
    assert found.warmup_share == pytest.approx(0.05, abs=0.005)


def test_cuts_and_restarts_are_placed_exactly() -> None:
    cut = recognise(np.arange(N) * 10, LOGGED["step"])
    again = recognise(np.arange(N) * 10, LOGGED["warm_restarts, equal"])
    assert cut is not None
    assert again is not None
    assert cut.changes == (6000, 9000)
    assert again.changes == (3000, 6000, 9000)


def test_the_stable_phase_and_the_end_are_placed() -> None:
    stable = recognise(np.arange(N), LOGGED["wsd"])
    ended = recognise(np.arange(N), LOGGED["cosine, then its floor"])
    assert stable is not None
    assert ended is not None
    assert stable.decay_start == pytest.approx(0.8 * N, abs=2)
    assert stable.decay == "linear"
    assert ended.end == pytest.approx(0.7 * N, abs=2)


def test_a_run_that_still_warms_up() -> None:
    found = recognise(np.arange(100), np.arange(1, 101) / 2000)
    assert found is not None
    assert (found.kind, found.warmup_share) == ("warmup", 1.0)


def test_a_resume_that_resets_the_rate_is_no_restart() -> None:
    rates = np.concatenate([cosine(share(800) * 0.8), cosine(share(400) * 0.4)])
    planned, reset = recognise(np.arange(N), rates), recognise(np.arange(N), rates, resumes=(800,))
    assert planned is not None
    assert reset is not None
    assert planned.kind == "warm_restarts"
    assert reset.kind == "cosine"


@pytest.mark.parametrize("rates", [[], [1.0], [1.0, 0.5], [np.nan] * 5, [-1.0, 0.0, 1.0]])
def test_too_little_is_no_schedule(rates: list[float]) -> None:
    assert recognise(np.arange(len(rates)), np.array(rates, float)) is None


def test_a_rate_of_zero_is_constant() -> None:
    found = recognise(np.arange(9), np.zeros(9))
    assert found is not None
    assert (found.kind, found.peak) == ("constant", 0.0)


def test_a_rate_that_is_scaled_by_each_batch_is_other() -> None:
    found = recognise(np.arange(N), 30 * np.random.default_rng(0).uniform(0.3, 1.1, N))
    assert found is not None
    assert found.kind == "other"


def test_a_long_linear_warm_up_is_no_cycle() -> None:
    warm = warmed(cosine(share(), 0.0), 300)
    found = recognise(np.arange(N)[4::10], warm[4::10])
    assert found is not None
    assert found.kind == "cosine"


def test_what_follows_no_formula_is_other() -> None:
    random = np.random.default_rng(0)
    rates = np.cumsum(-(random.exponential(1.0, 300) ** 3))
    found = recognise(np.arange(300), rates - rates.min() + 10)
    assert found is not None
    assert found.confidence <= 0.65 or found.kind == "other"
