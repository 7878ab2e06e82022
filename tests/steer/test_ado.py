"""ADO: the paper's lines, the domain that pays is found, scale, priors, late domains, bounded states."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.steer import naive
from tests.steer.samples import QUICK, fall

from descentry import UsageError
from descentry.steer import Ado, AdoSettings

LAWS = {"steep": (1.0, 5.0, 0.6), "slow": (2.0, 3.0, 0.2), "done": (0.5, 1.0, 1.5)}


def losses_at(step: int, unit: float = 1.0) -> dict[str, float]:
    return {name: unit * fall(step, *law) for name, law in LAWS.items()}


@pytest.mark.parametrize(("credit", "follow"), [(0.5, 0.1), (0.0, 0.7), (-0.5, 1.0)])
def test_as_the_papers_lines(credit: float, follow: float) -> None:
    prior = {"steep": 0.2, "slow": 0.5, "done": 0.3}
    settings = AdoSettings(skip=3, warmup=20, refit_every=10, floor=0.0, credit=credit, follow=follow)
    ado, obvious = Ado(prior, prior, settings), naive.Ado(prior, credit, settings.credit_rate, follow)
    for step in range(100):
        weights = ado.observe(step, losses_at(step))
        if step + 1 >= settings.warmup:
            laws = {name: (law.floor, law.height, law.exponent) for name, law in ado.laws.items() if law}
            assert weights == pytest.approx(obvious.turn(step + 1, laws), rel=1e-9)
        else:
            assert weights == pytest.approx(prior)


@settings(max_examples=20)
@given(st.floats(1e-3, 1e3))
def test_losses_in_another_unit_give_the_same_weights(unit: float) -> None:
    one, other = Ado(LAWS, settings=QUICK), Ado(LAWS, settings=QUICK)
    for step in range(40):
        one.observe(step, losses_at(step))
        other.observe(step, losses_at(step, unit))
    assert other.weights == pytest.approx(one.weights, rel=1e-6)


def simulated(seed: int, steers: bool) -> tuple[float, dict[str, float]]:
    """The mean loss after 2000 batches of domains that follow known laws of their own counts, and the weights."""
    laws = {"pays": (1.0, 6.0, 0.5), "noise": (4.0, 0.0, 1.0), "known": (0.3, 0.1, 1.0)}
    random, counts = np.random.default_rng(seed), dict.fromkeys(laws, 10.0)
    ado = Ado(laws, settings=AdoSettings(skip=30, warmup=100, refit_every=50))
    weights = ado.weights
    for step in range(2000):
        for name in laws:
            counts[name] += weights[name]
        losses = {name: fall(round(counts[name]), *law) for name, law in laws.items()}
        told = {name: loss * (1 + 0.02 * random.normal()) for name, loss in losses.items()}
        ado.observe(step, told)
        weights = ado.weights if steers else weights
    return sum(losses.values()), ado.weights


@pytest.mark.parametrize("seed", range(3))
def test_the_domain_that_pays_is_drawn_most_and_it_helps(seed: int) -> None:
    even, _ = simulated(seed, steers=False)
    steered, weights = simulated(seed, steers=True)
    assert weights["pays"] > 0.8
    assert min(weights.values()) >= 0.01
    assert steered < even - 0.05


def test_the_prior_holds_through_the_warm_up_and_weighs_after_it() -> None:
    same = dict.fromkeys(("a", "b"), (1.0, 4.0, 0.5))
    ado = Ado(["a", "b"], {"a": 3.0, "b": 1.0}, QUICK)
    for step in range(200):
        ado.observe(step, {name: fall(step, *law) for name, law in same.items()})
        assert step >= 14 or ado.weights == pytest.approx({"a": 0.75, "b": 0.25})
    assert ado.weights["a"] > 0.75


def test_a_domain_without_a_law_keeps_its_prior_share_and_it_is_told() -> None:
    ado = Ado(["a", "b", "never"], settings=AdoSettings(skip=0, warmup=20, refit_every=5, follow=1.0))
    for step in range(60):
        ado.observe(step, {"a": fall(step, 1, 4, 0.5), "b": 2.0})
    assert ado.weights["never"] == pytest.approx(1 / 3, abs=0.01)
    assert [event.message for event in ado.events if event.kind == "no_law"] == [
        "never: too few losses for a law yet; it keeps its prior share"
    ]


def test_where_nothing_falls_the_prior_is_drawn_and_it_is_told() -> None:
    ado = Ado(["a", "b"], settings=QUICK)
    for step in range(60):
        ado.observe(step, {"a": 3.0, "b": 2.0})
    assert ado.weights == pytest.approx({"a": 0.5, "b": 0.5})
    assert "no_speed" in {event.kind for event in ado.events}


def test_a_state_stays_small() -> None:
    ado = Ado(settings=QUICK)
    sizes = []
    for step in range(5_000):
        ado.observe(step, {"a": fall(step, 1, 4, 0.5)})
        if step in (600, 4_999):
            sizes.append(len(json.dumps(ado.state_dict())))
    assert sizes[1] < 2 * sizes[0]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (AdoSettings(skip=10, warmup=10), "expected 0 <= skip < warmup"),
        (AdoSettings(floor=0.6), "floor is 0.6, expected 0 to 0.5"),
        (AdoSettings(floor=float("nan")), "floor is nan"),
        (AdoSettings(follow=1.1), "follow is 1.1, expected 0 to 1"),
        (AdoSettings(max_exponent=0.0), "max_exponent is 0.0"),
    ],
)
def test_settings_out_of_range_are_usage_errors(settings: AdoSettings, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        Ado(["a", "b"], settings=settings)


def test_a_prior_of_nothing_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"the prior of a is 0\.0, expected a finite number above 0"):
        Ado(["a"], {"a": 0.0})


def test_a_floor_that_late_domains_make_too_high_is_told() -> None:
    ado = Ado(["a", "b"], settings=AdoSettings(floor=0.4))
    ado.observe(0, {"a": 1.0, "b": 1.0, "c": 1.0})
    assert ado.weights == pytest.approx(dict.fromkeys("abc", 1 / 3))
    assert "floor" in {event.kind for event in ado.events}


@pytest.mark.parametrize("n_calls", [50, 100, 3000])
def test_short_runs_have_settings_of_their_own(n_calls: int) -> None:
    settings = AdoSettings.short(n_calls, 5)
    ado = Ado("abcde", settings=settings)
    for step in range(n_calls):
        ado.observe(step, {name: fall(step, 1, 4, 0.1 * k + 0.1) for k, name in enumerate("abcde")})
    assert settings.floor == 0.1
    assert all(ado.laws.values())
