"""A thousand faults inside the guard: none ends or alters a training."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from tests.guard.made import at_once, driven, rows

from descentry.guard import guard as guard_module
from descentry.guard import monitor as monitor_module
from descentry.guard.course import Course
from descentry.guard.gate import Gatekeeper
from descentry.guard.gating import Gating
from descentry.guard.guard import Guard
from descentry.guard.ladder import Ladder
from descentry.guard.ledger import Ledger
from descentry.guard.monitor import Monitor
from descentry.guard.rate_search import Search
from descentry.guard.resume import Rates
from descentry.patterns.registry import detectors
from descentry.stream.drive import Stream

N_STEPS, N_BEFORE, N_FAULTS = 24, 200, 1000
ERRORS: tuple[Callable[[], BaseException], ...] = (
    lambda: ValueError("x"), lambda: MemoryError(), lambda: RecursionError("deep"), lambda: AssertionError(),
    lambda: OSError(28, "no space left on device"), lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
    lambda: FloatingPointError("overflow"), lambda: StopIteration(), lambda: Unspeakable(),
)  # fmt: skip


class Unspeakable(Exception):
    """An error that cannot even be put into words."""

    def __str__(self) -> str:
        raise MemoryError


class Garbage:
    """A signal that refuses everything."""

    def __float__(self) -> float:
        raise MemoryError

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __reduce__(self) -> Any:
        raise TypeError("cannot be pickled")


@dataclass(frozen=True)
class Place:
    """A function of the guard that is made to fail."""

    owner: Any
    name: str


def places() -> list[Place]:
    """Every function that the guard's work goes through."""
    found = [
        Place(kind, name)
        for one in detectors()
        for kind in [type(one)]
        for name in vars(kind)
        if _is_work(kind, name)
    ]
    for kind in (Gatekeeper, Gating, Ladder, Ledger, Course, Rates, Search, Monitor, Stream):
        found += [Place(kind, name) for name in vars(kind) if _is_work(kind, name)]
    found += [
        Place(monitor_module, name) for name in ("dumps", "loads", "explained", "load_calibration", "_chunk")
    ]
    names = ("loads", "state_of", "parts_of", "chosen", "is_calm", "Moment", "Row", "Mark", "told", "numbers")
    found += [Place(guard_module, name) for name in names]
    return [place for place in found if place.name not in ("is_dead", "begin", "close", "faults", "_work")]


def _is_work(kind: type, name: str) -> bool:
    return not name.startswith("__") and callable(vars(kind)[name]) and not isinstance(vars(kind)[name], type)


@contextmanager
def failing(place: Place, error: BaseException, since: int) -> Iterator[list[str]]:
    """The function fails from its `since`-th call on; how often comes back."""
    failed: list[str] = []
    kept, real, n_calls = vars(place.owner)[place.name], getattr(place.owner, place.name), 0

    def fails(*args: Any, **options: Any) -> Any:
        nonlocal n_calls
        n_calls += 1
        if n_calls > since:
            failed.append(place.name)
            raise error
        return real(*args, **options)

    setattr(place.owner, place.name, fails)
    try:
        yield failed
    finally:
        setattr(place.owner, place.name, kept)


def train(guard: Guard | None, odd: bool = False) -> bytes:
    """The weights at the end of a small training that does whatever harmless a guard may ask for."""
    random = np.random.default_rng(0)
    truth, weights = random.standard_normal(8), np.zeros(8)
    for step in range(N_STEPS):
        x = random.standard_normal((16, 8))
        miss = x @ weights - x @ truth
        slope = x.T @ miss / 16
        if guard is not None:
            _ask(guard, step, float(miss @ miss / 16), float(np.linalg.norm(slope)), odd)
        weights -= 0.05 * slope
    return weights.tobytes()


def _ask(guard: Guard, step: int, loss: float, norm: float, odd: bool) -> None:
    if step == 5:
        guard.saved(step)
        guard.state_dict()
    more = {"a": Garbage(), "b": "NaN", "c": [], "d": None, "e": 10**400} if odd else {}
    assert guard.before_step(norm, loss) is True
    action = guard.observe(
        Garbage() if odd else step, loss=loss, grad_norm=norm, lr=0.05, batch=Garbage(), **more
    )
    assert action == guard_module.Continue()


PLAIN = train(None)


def grown() -> dict[str, Any]:
    """The state of a guard whose judges have something to judge."""
    guard = at_once("acting", act=True, n_steps=400)
    driven(guard, rows(N_BEFORE))
    return guard.state_dict()


GROWN = grown()


def faulted(i: int, place: Place, since: int) -> int:
    """How often the place failed beside a training that went as if nothing had been."""
    guard = at_once("acting", act=True, n_steps=400)
    guard.load_state_dict(GROWN)
    guard.course = guard._fresh()
    with failing(place, ERRORS[i % len(ERRORS)](), since) as failed:
        assert train(guard) == PLAIN, f"{ERRORS[i % len(ERRORS)]()!r} in {place}"
    return len(failed)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A thousand warnings help no one, and detectors are looked up once."""
    found = detectors()
    monkeypatch.setattr("descentry.stream.drive.all_detectors", lambda: found)
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_faults_in_every_third_function_alter_no_training() -> None:
    n_failed = [faulted(i, place, 0) for i, place in enumerate(places()[::3])]
    assert sum(map(bool, n_failed)) > 20


@pytest.mark.slow
def test_a_thousand_faults_alter_no_training() -> None:
    spots, random, n_failed, i = places(), np.random.default_rng(1), 0, 0
    while n_failed < N_FAULTS:
        n_failed += faulted(i, spots[i % len(spots)], int(random.integers(0, N_STEPS)))
        i += 1


def test_faults_in_the_thread_alter_no_training() -> None:
    for i, place in enumerate(places()[::7]):
        guard = Guard("acting", act=True)
        with failing(place, ERRORS[i % len(ERRORS)](), i % 5):
            assert train(guard) == PLAIN, place
            guard.close()


def test_a_monitor_that_sleeps_or_dies_alters_no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    for does in (lambda *_: go_on.wait(60.0), _exits):
        monkeypatch.setattr(Stream, "feed", does)
        monkeypatch.setattr(monitor_module.Monitor.dump, "__defaults__", (0.01,))
        monkeypatch.setattr(
            monitor_module.Monitor, "wait", lambda self, seconds: Monitor_wait(self, min(seconds, 0.05))
        )
        guard = Guard("acting", act=True)
        assert train(guard) == PLAIN
        guard.close()
    go_on.set()


Monitor_wait = Monitor.wait


def _exits(*_: Any) -> None:
    raise SystemExit


def test_signals_batches_and_steps_of_any_kind_alter_no_training() -> None:
    guard = Guard("acting", act=True, background=False)
    assert train(guard, odd=True) == PLAIN
    assert guard.faults == ()


def test_a_callback_that_fails_costs_no_action() -> None:
    heard: list[int] = []

    def broken(step: int, _: object) -> None:
        heard.append(step)
        raise Unspeakable

    guard = Guard("nan", act=True, background=False, on_action=broken)
    for step in range(30):
        assert isinstance(guard.observe(step, loss=float("nan")), guard_module.Deed)
        guard.saved(step)
        if guard.ledger.is_over:
            break
    assert guard.ledger.is_over
    assert len(heard) == len(guard.history)
    assert guard.wall.faults == []


def test_a_state_that_cannot_be_kept_is_left_out() -> None:
    guard = Guard("acting", act=True, background=False)
    train(guard)
    guard.course.note = Garbage()  # type: ignore[attr-defined]
    state = guard.state_dict()
    assert state == {"version": 1, "state": ""}
    guard.saved(99)
    other = Guard("acting", act=True, background=False)
    assert not other.load_state_dict(state)
    assert train(other) == PLAIN


def test_no_row_waits_for_the_monitor() -> None:
    """A hundred judgements that sleep a tenth of a second each would take ten seconds."""
    calls: list[float] = []

    class Slow(Stream):
        def feed(self, chunk: Any) -> Any:
            calls.append(time.monotonic())
            time.sleep(0.1)
            return super().feed(chunk)

    guard = Guard("acting", act=True)
    guard.monitor._stream = Slow()
    for step in range(100):
        guard.observe(step, loss=2.0)
    assert len(calls) < 50
    guard.close()
