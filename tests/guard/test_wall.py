"""Walls: what fails behind them stays there, and no more than told."""

import logging
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from descentry.guard import wall
from descentry.guard.wall import MOST_OVERRUNS, OVERRUN, Budget, Wall, number, tell, text


class Odd:
    """An object that refuses everything."""

    def __getattr__(self, name: str) -> Any:
        raise MemoryError(name)

    def __float__(self) -> float:
        raise MemoryError

    def __str__(self) -> str:
        raise MemoryError


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (1.5, 1.5), (2, 2.0), (True, 1.0), (None, None), ("1.5", None), ("nan", None), (b"1", None),
        ([], None), ({}, None),
        (np.float32(0.5), 0.5), (np.int64(3), 3.0), (np.array(0.25), 0.25), (np.array([0.25]), 0.25),
        (np.array([[0.25]]), 0.25), (np.array([1.0, 2.0]), None), (np.array([]), None), (1 + 2j, None),
        (np.complex128(1), None),
        (Decimal("0.5"), 0.5), (Decimal("sNaN"), None), (Fraction(1, 4), 0.25), (10**400, None), (object, None),
        (np.datetime64("2020-01-01"), None),
    ],
)  # fmt: skip
def test_numbers_are_what_they_are(value: Any, wanted: float | None) -> None:
    found = number(value)
    assert found == wanted
    assert found is None or type(found) is float


def test_what_refuses_everything_is_no_number() -> None:
    assert number(Odd()) is None


def test_tensors_are_numbers_without_a_warning() -> None:
    torch = pytest.importorskip("torch")
    assert number(torch.tensor(0.5, requires_grad=True) * 2) == 1.0
    assert number(torch.tensor([3])) == 3.0
    assert number(torch.ones(2)) is None
    assert number(torch.ones(1, device="meta")) is None


def test_a_wall_gives_up_in_the_end(caplog: pytest.LogCaptureFixture) -> None:
    one, n_calls = Wall("it", 3), 0

    def fails() -> int:
        nonlocal n_calls
        n_calls += 1
        raise ValueError(Odd())

    assert [one.call(fails, 7) for _ in range(10)] == [7] * 10
    assert (n_calls, one.is_open, one.faults) == (3, False, ["ValueError: ValueError"] * 3)
    assert (
        caplog.messages[-1]
        == "it failed and the training goes on: ValueError: ValueError; it is off from here on"
    )


def test_an_interrupt_passes() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Wall().call(interrupted, None)


@pytest.fixture
def broken_handler() -> Iterator[None]:
    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            del record
            raise OSError("no space left on device")

    handler = Broken()
    logging.getLogger("descentry.guard").addHandler(handler)
    yield
    logging.getLogger("descentry.guard").removeHandler(handler)


@pytest.mark.usefixtures("broken_handler")
def test_a_broken_log_handler_is_no_failure() -> None:
    tell("hello %s", 1)
    assert Wall().call(lambda: 1 // 0, 5) == 5


def test_any_object_has_a_text() -> None:
    assert text(Odd()) == "Odd"
    assert text("x" * 999) == "x" * 200


@pytest.mark.parametrize(("cpu", "is_over"), [(0.0005, False), (0.002, True)])
def test_a_budget_counts_its_own_time(monkeypatch: pytest.MonkeyPatch, cpu: float, is_over: bool) -> None:
    now = {"cpu": 0.0}
    monkeypatch.setattr(wall.time, "thread_time", lambda: now["cpu"])

    def works() -> None:
        now["cpu"] += cpu

    budget = Budget(1e-3)
    for _ in range(MOST_OVERRUNS // OVERRUN):
        budget.timed(works)
    assert budget.is_spent == is_over


def test_a_rare_overrun_is_pardoned(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(wall.time, "thread_time", lambda: now[0])
    budget = Budget(1e-3)
    for i in range(1000):
        budget.timed(lambda late=i % 20 == 0: now.__setitem__(0, now[0] + 0.002 * late))
    assert not budget.is_spent
