"""The x axis in every unit, and what is said where the log does not know it."""

import numpy as np
import pytest
from tests.plot.made import descent, drawn, finding, made

from descentry.record.errors import UsageError

STEPS, LOSS = descent(101)


def _last(x: str, run: object, **more: object) -> float:
    plan = drawn(run, x=x, **more)  # type: ignore[arg-type]
    return float(np.nanmax(plan.panels[0].lines[0].x))


def test_a_running_count_of_tokens_is_used() -> None:
    run = made({"loss": (STEPS, LOSS), "tokens": (STEPS[::10], 1000.0 * STEPS[::10])})
    assert _last("tokens", run) == pytest.approx(100_000)


def test_tokens_of_one_step_are_counted_on() -> None:
    assert _last("tokens", made({"loss": (STEPS, LOSS)}), tokens_per_step=512) == pytest.approx(51_200)


@pytest.mark.parametrize(
    ("config", "per_step"),
    [
        ({"tokens_per_step": 64}, 64),
        ({"total_batch_size": 4096, "sequence_length": 1024}, 4096),
        ({"global_batch_size": 8, "seq_length": 128}, 1024),
    ],
)
def test_settings_tell_the_tokens_of_a_step(config: dict[str, object], per_step: float) -> None:
    assert _last("tokens", made({"loss": (STEPS, LOSS)}, **config)) == pytest.approx(100 * per_step)


@pytest.mark.parametrize(
    "config", [{}, {"total_batch_size": 32, "sequence_length": 1024}, {"tokens_per_step": True}]
)
def test_where_nothing_tells_the_tokens_it_is_said(config: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=r"run-a: cannot be drawn by tokens.*--tokens-per-step N"):
        drawn(made({"loss": (STEPS, LOSS), "tokens": (STEPS, 500 + 0 * LOSS)}, **config), x="tokens")


def test_flops_are_six_per_parameter_and_token() -> None:
    run = made({"loss": (STEPS, LOSS)}, num_parameters=1000, tokens_per_step=10)
    assert _last("flops", run) == pytest.approx(6 * 1000 * 1000)
    assert _last("flops", run, n_params=5) == pytest.approx(6 * 5 * 1000)
    with pytest.raises(UsageError, match="--params N"):
        drawn(made({"loss": (STEPS, LOSS)}, tokens_per_step=10), x="flops")


@pytest.mark.parametrize(
    ("seconds", "unit", "last"),
    [(0.1, "seconds", 10), (6, "minutes", 10), (360, "hours", 10), (86400, "days", 100)],
)
def test_time_has_the_unit_that_suits_it(seconds: float, unit: str, last: float) -> None:
    run = made({"loss": (STEPS, LOSS)}, wall=seconds)
    plan = drawn(run, x="time")
    assert plan.x_label == f"elapsed time ({unit})"
    assert np.nanmax(plan.panels[0].lines[0].x) == pytest.approx(last)


def test_epochs_place_findings_too() -> None:
    run = made({"loss": (STEPS, LOSS), "epoch": (STEPS, STEPS / 25)})
    plan = drawn(run, finding("spike", 50, 75), x="epoch")
    assert (plan.pins[0].first, plan.pins[0].last) == (pytest.approx(2.0), pytest.approx(3.0))


@pytest.mark.parametrize("x", ["epoch", "time"])
def test_units_that_are_not_logged_are_refused(x: str) -> None:
    with pytest.raises(UsageError, match=f"cannot be drawn by {x}: .*--x step"):
        drawn(made({"loss": (STEPS, LOSS)}), x=x)


def test_beyond_the_counted_steps_the_axis_goes_on() -> None:
    run = made({"loss": (STEPS, LOSS), "tokens": (STEPS[10:50], 10.0 * STEPS[10:50])})
    plan = drawn(run, x="tokens")
    np.testing.assert_allclose(plan.panels[0].lines[0].x, 10.0 * STEPS)
