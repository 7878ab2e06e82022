"""What a schedule explains: falls at cuts and in cool-downs, rises at restarts, stalls before and after it."""

import numpy as np
import pytest
from lab.synthetic.schedules import SCHEDULES

from descentry.patterns.planned import Move, explains, schedule
from descentry.patterns.protocol import View
from descentry.record.roles import Role
from descentry.signal.summary import Summary

N = 1000


def seen(name: str, scale: float = 1.0, stride: int = 1, resumes: tuple[int, ...] = ()) -> View:
    summary = Summary()
    summary.extend(np.arange(N, dtype=np.int64) * stride, scale * SCHEDULES[name](N))
    roles = {"lr": Role.LEARNING_RATE}
    return View(
        {"lr": summary.shape()}, {Role.LEARNING_RATE: "lr"}, (N - 1) * stride, roles=roles, resumes=resumes
    )


EXPLAINED: list[tuple[str, Move, int, str]] = [
    ("step", "fall", 505, "cut"),
    ("step", "fall", 755, "cut"),
    ("on_plateau", "fall", 312, "cut"),
    ("wsd", "fall", 900, "cooldown"),
    ("linear", "fall", 700, "cooldown"),
    ("warm_restarts", "rise", 145, "restart"),
    ("warm_restarts", "rise", 430, "restart"),
    ("cyclical", "rise", 220, "turn"),
    ("warmup", "stall", 20, "warm-up"),
    ("linear", "stall", 980, "end"),
    ("exponential", "stall", 900, "end"),
    ("step", "stall", 600, "cut"),
    ("cyclical", "fall", 140, "turn"),
]


@pytest.mark.parametrize(("name", "move", "step", "kind"), EXPLAINED)
@pytest.mark.parametrize(("scale", "stride"), [(3e-4, 1), (0.1, 50)])
def test_the_schedule_explains(
    name: str, move: Move, step: int, kind: str, scale: float, stride: int
) -> None:
    found = explains(seen(name, scale, stride), move, step * stride)
    assert found is not None
    assert found.kind == kind
    assert found.words.startswith("the learning rate ")


UNEXPLAINED: list[tuple[str, Move, int]] = [
    ("constant", "fall", 500),
    ("constant", "rise", 500),
    ("constant", "stall", 900),
    ("step", "fall", 300),
    ("step", "rise", 505),
    ("step", "stall", 300),
    ("wsd", "fall", 500),
    ("wsd", "stall", 500),
    ("cosine", "rise", 500),
    ("cosine", "stall", 300),
    ("warm_restarts", "rise", 300),
    ("warmup", "stall", 500),
]


@pytest.mark.parametrize(("name", "move", "step"), UNEXPLAINED)
def test_and_nothing_else(name: str, move: Move, step: int) -> None:
    assert explains(seen(name), move, step) is None


def test_no_rate_explains_nothing() -> None:
    view = View({}, {}, 100)
    assert schedule(view) is None
    assert explains(view, "fall", 50) is None


def test_it_is_recognised_once_a_moment() -> None:
    view = seen("cosine")
    assert schedule(view) is schedule(view)
