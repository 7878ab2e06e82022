"""What was done to a run is marked; what a schedule does by itself is not."""

import numpy as np
import pytest
from tests.plot.made import descent, drawn, made

from descentry.plot.verticals import MOST

STEPS, LOSS = descent(2000)
WARMUP = np.minimum(STEPS / 100, 1.0)
SCHEDULES = {
    "constant": 0 * LOSS + 1e-3,
    "warm-up": WARMUP * 1e-3,
    "cosine": WARMUP * (1 + np.cos(np.pi * STEPS / 1999)) / 2,
    "linear": WARMUP * (1 - STEPS / 2000),
    "linear to the last": (1999 - STEPS) * 1e-6,
    "exponential": 0.99**STEPS,
    "inverse square root": 1 / np.sqrt(1.0 + STEPS),
}


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("stride", [1, 10, 100])
def test_a_smooth_schedule_has_no_cuts(name: str, stride: int) -> None:
    steps, rate = STEPS[::stride], SCHEDULES[name][::stride]
    plan = drawn(made({"loss": (steps, LOSS[::stride]), "lr": (steps, rate)}))
    assert plan.verticals == ()


@pytest.mark.parametrize("factor", [0.1, 0.5, 3.0])
def test_a_cut_is_marked_where_it_is_first_logged(factor: float) -> None:
    rate = SCHEDULES["cosine"] * np.where(STEPS < 700, 1.0, factor)
    (cut,) = drawn(made({"loss": (STEPS, LOSS), "lr": (STEPS, rate)})).verticals
    assert (cut.kind, cut.x) == ("lr", 700)
    assert cut.label.startswith("lr ×")


def test_of_many_only_the_first_dozen_are_drawn() -> None:
    rate = np.where((STEPS // 20) % 2, 1.0, 0.1)
    versions = STEPS // 30
    plan = drawn(made({"loss": (STEPS, LOSS), "lr": (STEPS, rate), "data": (STEPS, versions)}))
    kinds = [one.kind for one in plan.verticals]
    assert (kinds.count("lr"), kinds.count("data")) == (MOST, MOST)
