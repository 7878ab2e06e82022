"""Before the update: what stands out of all before is kept away, what has changed for good is not."""

from typing import Any

import numpy as np
import pytest

from descentry.guard.gate import Gatekeeper
from descentry.guard.rules import Gate
from descentry.testing.noise import NOISES

NAN, INF = float("nan"), float("inf")


def judged(one: Gatekeeper, *values: Any, **options: Any) -> str:
    """What it says, and then has learnt."""
    why = one.judge(*values, **options)
    one.digest()
    return why


def taught(n_steps: int = 300, gate: Gate | None = None, seed: int = 0) -> Gatekeeper:
    """A gatekeeper that has seen a healthy run."""
    random, one = np.random.default_rng(seed), Gatekeeper(gate or Gate())
    for step in range(n_steps):
        loss = 2.0 + 3.0 / (1.0 + step / 100.0) ** 0.5 + 0.03 * random.standard_normal()
        assert judged(one, step, loss, 0.5 + 0.05 * random.standard_normal()) == ""
    return one


@pytest.mark.parametrize(("loss", "norm"), [(NAN, 1.0), (INF, 1.0), (-INF, None), (3.0, NAN), (None, INF)])
def test_what_is_not_finite_is_kept_away_from_the_first_step_on(
    loss: float | None, norm: float | None
) -> None:
    one = Gatekeeper(Gate())
    assert "is not finite" in judged(one, 0, loss, norm)
    assert one.n_bad == 1
    assert judged(one, 1, 3.0, 1.0) == ""
    assert one.n_bad == 0


def test_of_a_norm_under_loss_scaling_infinity_is_the_scaler_s() -> None:
    one = Gatekeeper(Gate())
    assert judged(one, 0, 3.0, INF, scaled=True) == ""
    assert judged(one, 1, NAN, INF, scaled=True) == "loss is not finite"


@pytest.mark.parametrize(
    ("loss", "norm", "named"), [(3.5, 20.0, "grad_norm"), (9.0, 0.5, "loss"), (9.0, None, "loss")]
)
def test_what_stands_out_is_kept_away(loss: float, norm: float | None, named: str) -> None:
    one = taught()
    assert judged(one, 300, loss, norm).startswith(f"{named} ")
    assert one.n_row == 1


def test_nothing_is_known_before_the_warm_up() -> None:
    one = taught(40)
    assert judged(one, 40, 3.5, 1e6) == ""


def test_a_small_rise_is_not_kept_away() -> None:
    one = taught()
    assert judged(one, 300, 3.5, 0.9) == ""
    assert judged(one, 301, 3.6, 0.5) == ""


def test_what_has_changed_for_good_is_learnt() -> None:
    one = taught(gate=Gate(most_in_a_row=5))
    said = [bool(judged(one, 300 + i, 3.4, 20.0)) for i in range(60)]
    assert said[:6] == [True] * 5 + [False]
    assert not any(said[30:])


def test_what_is_kept_away_is_not_learnt() -> None:
    one = taught()
    level = one.norm.state.base.level
    for i in range(20):
        judged(one, 300 + i, 3.4, 1e4)
    assert one.norm.state.base.level == level


@pytest.mark.parametrize("name", NOISES)
def test_healthy_norms_pass_whatever_their_noise(name: str) -> None:
    random, one = np.random.default_rng(3), Gatekeeper(Gate())
    norms = np.abs(1.0 + 0.1 * NOISES[name](random, 3000))
    losses = 2.0 + 3.0 / (1.0 + np.arange(3000) / 100.0) ** 0.5 + 0.05 * NOISES[name](random, 3000)
    said = [judged(one, i, float(losses[i]), float(norms[i])) for i in range(3000)]
    assert [why for why in said if why] == []


def test_values_that_come_late_are_asked_whether_they_are_finite() -> None:
    one = Gatekeeper(Gate())
    assert (one.late(3.0, None), one.n_bad, one.is_alert) == ("", 0, False)
    assert (one.late(NAN, 1.0), one.n_bad, one.is_alert) == ("loss is not finite", 1, True)


def test_one_that_is_off_keeps_away_only_what_is_not_finite() -> None:
    one = taught()
    one.is_off = True
    assert judged(one, 300, 3.4, 1e9) == ""
    assert judged(one, 301, NAN, 0.5) == "loss is not finite"


def test_the_short_way_is_that_of_judge() -> None:
    """Whatever comes: it passes only what `judge` would have let pass, and leaves the same behind."""
    random, short, long = np.random.default_rng(5), taught(), taught()
    n_short = 0
    for step in range(300, 900):
        odd = {350: NAN, 351: INF, 352: -INF, 400: 9.0}
        loss = odd.get(step, 3.5 + 0.03 * random.standard_normal())
        norm = {420: 20.0, 421: 20.0, 500: NAN}.get(step, 0.5 + 0.05 * random.standard_normal())
        why = judged(long, step, loss, norm)
        passed = short.passes(step, loss, norm)
        n_short += passed
        assert ("" if passed else short.judge(step, loss, norm)) == why
        short.digest()
    assert repr(short) == repr(long)
    assert n_short > 580


def test_however_late_and_many_at_once_the_same_is_learnt() -> None:
    at_once, later = taught(400), Gatekeeper(Gate())
    random = np.random.default_rng(0)
    for step in range(400):
        loss = 2.0 + 3.0 / (1.0 + step / 100.0) ** 0.5 + 0.03 * random.standard_normal()
        later.judge(step, loss, 0.5 + 0.05 * random.standard_normal())
        if step in (0, 7, 90, 399):
            later.digest()
    assert (later.n_pending, later.norm.known, later.loss.known) == (
        0,
        at_once.norm.known,
        at_once.loss.known,
    )


def test_a_leap_is_seen_soon_after_a_steep_descent() -> None:
    """Slow noise seems large there, since the descent bends; single points tell their own noise."""
    random, one = np.random.default_rng(2), Gatekeeper(Gate())
    for step in range(225):
        loss = 2.4 + 2.2 * float(np.exp(-step / 25.0)) + 0.08 * random.standard_normal()
        assert judged(one, step, loss, 0.9 + 0.2 * abs(random.standard_normal())) == ""
    assert judged(one, 225, 6.4, 0.9).startswith("loss 6.4 stands")
    assert judged(one, 226, 2.5, 0.9) == ""
