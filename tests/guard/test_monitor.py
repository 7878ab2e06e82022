"""The monitor: the same findings whoever drives it; it may fail, die and hang."""

import threading
import time
from typing import Any

import pytest
from tests.guard.made import plain, rows

from descentry.guard import monitor as module
from descentry.guard.monitor import MAX_DEATHS, Mark, Monitor, Row
from descentry.record.chunk import Chunk
from descentry.record.errors import UsageError
from descentry.stream.drive import Stream

SPIKY: dict[str, dict[int, float]] = {"loss": dict.fromkeys(range(700, 712), 40.0)}


def fed(one: Monitor, n_steps: int = 1000, first: int = 0) -> Monitor:
    for step, row in enumerate(rows(n_steps, **SPIKY)):
        if step >= first:
            one.push(Row(step, row))
    return one


def patterns(one: Monitor) -> list[str]:
    return sorted({finding.pattern for finding in one.standing.findings})


def test_in_a_thread_it_says_what_it_says_at_once() -> None:
    here, there = fed(Monitor(False)), fed(Monitor(True))
    assert there.wait(60.0)
    assert patterns(here) == ["spike"]
    assert [finding.onset_step for finding in there.standing.findings] == [700]
    assert (there.standing.step, there.standing.n_points) == (999, 1000)
    there.close()


def test_a_state_goes_on_exactly() -> None:
    whole, half = fed(Monitor(False)), Monitor(False)
    fed(half, 600)
    other = Monitor(False)
    other.restore(half.dump())
    fed(other, first=600)
    assert other.standing == whole.standing
    assert plain(other.report()) == plain(whole.report())


def test_going_back_forgets_what_came_later_and_tells_the_era() -> None:
    one = Monitor(False)
    for step, row in enumerate(rows(720, **SPIKY)):
        if step in (500, 710):
            one.push(Mark(step, "keep"))
        one.push(Row(step, row))
    assert patterns(one) == ["spike"]
    one.push(Mark(500, "back", era=3))
    assert (one.standing.findings, one.standing.era, one.standing.n_points) == ((), 3, 500)
    assert sorted(one._kept) == [500]
    one.push(Mark(500, "drop"))
    one.push(Mark(500, "back", era=4))
    assert (one.standing.era, one.standing.n_points) == (4, 0)


def test_kept_states_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_KEPT", 3)
    one = fed(Monitor(False), 100)
    for step in range(10):
        one.push(Mark(step, "keep"))
    assert sorted(one._kept) == [7, 8, 9]
    monkeypatch.setattr(module, "MAX_KEPT_BYTES", 10)
    one.push(Mark(11, "keep"))
    assert one._kept == {}


class Failing(Stream):
    """A stream that fails at some of its chunks."""

    at: range = range(0)
    n_fed = 0

    def feed(self, chunk: Chunk) -> Any:
        Failing.n_fed += 1
        if Failing.n_fed in self.at:
            raise MemoryError("no room")
        return super().feed(chunk)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> type[Failing]:
    monkeypatch.setattr(module, "Stream", Failing)
    Failing.n_fed, Failing.at = 0, range(0)
    return Failing


def test_after_a_failure_it_begins_anew(failing: type[Failing]) -> None:
    failing.at = range(100, 101)
    one = fed(Monitor(False))
    assert (one.faults, one.is_dead, one.n_lost) == (["MemoryError: no room"], False, 0)
    assert (one.standing.n_points, patterns(one)) == (900, ["spike"])


def test_after_some_failures_it_is_left_alone(
    failing: type[Failing], caplog: pytest.LogCaptureFixture
) -> None:
    failing.at = range(100, 10_000)
    one = fed(Monitor(False))
    assert (len(one.faults), one.is_dead) == (MAX_DEATHS, True)
    assert one.n_lost == 1000 - 99 - MAX_DEATHS
    assert sum("goes on without its findings" in message for message in caplog.messages) == 1
    assert not one.standing.findings
    assert not one._waiting


def test_a_mark_is_not_lost_by_a_failure_before_it(failing: type[Failing]) -> None:
    one = Monitor(True)
    one._start = lambda: None  # type: ignore[method-assign]
    for step, row in enumerate(rows(10)):
        one.push(Row(step, row))
    one.push(Mark(0, "back", era=1))
    failing.at = range(1, 2)
    one._drain()
    assert one.standing.era == 1


def test_one_that_hangs_takes_no_more_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    class Sleeping(Stream):
        def feed(self, chunk: Chunk) -> Any:
            go_on.wait(30.0)
            return super().feed(chunk)

    monkeypatch.setattr(module, "Stream", Sleeping)
    monkeypatch.setattr(module, "MAX_WAITING", 300)
    one = fed(Monitor(True), 2000)
    assert one.n_lost > 1000
    assert one._n_put - one._n_taken < 400 + 6 * module.MOST_AT_ONCE
    assert not one.wait(0.05)
    before = time.monotonic()
    assert not one.wait(60.0)
    assert time.monotonic() - before < 30.0
    with pytest.raises(RuntimeError, match="has not answered"):
        one.dump(0.01)
    go_on.set()
    while one._waiting:
        time.sleep(0.01)
    assert one.wait(30.0)
    one.close()


def test_a_thread_that_dies_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dying(Stream):
        n_fed = 0

        def feed(self, chunk: Chunk) -> Any:
            Dying.n_fed += 1
            if Dying.n_fed == 1:
                raise SystemExit
            return super().feed(chunk)

    monkeypatch.setattr(module, "Stream", Dying)
    one = Monitor(True)
    one.push(Row(0, {"loss": 1.0}))
    thread = one._thread
    assert thread is not None
    thread.join(30.0)
    one.push(Row(1, {"loss": 1.0}))
    assert one.wait(30.0)
    assert one.faults == ["RuntimeError: its thread died"]
    one.close()


def test_an_idle_thread_ends_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.0)
    monkeypatch.setattr(module, "IDLE_LOOKS", 2)
    one = Monitor(True)
    for step in range(3):
        one.push(Row(step, {"loss": 1.0}))
        thread = one._thread
        assert thread is not None
        thread.join(30.0)
    assert one.wait(30.0)
    assert (one.standing.n_points, one.faults) == (3, [])


def test_a_thread_that_cannot_start_is_a_failure_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuses)
    one = fed(Monitor(True), 100)
    assert one.is_dead
    assert not one.wait(0.0)


def test_states_of_others_are_refused() -> None:
    with pytest.raises(UsageError):
        Monitor(False).restore(b"nothing")
    from descentry.guard.kept import dumps

    with pytest.raises(TypeError, match="begins with a stream, not with int"):
        Monitor(False).restore(dumps((1, 2, 3)))


def test_causes_are_ranked_where_a_rule_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fed(Monitor(False)).standing.causes == {}
    calls: list[int] = []
    ranks = module.report_of
    monkeypatch.setattr(module, "report_of", lambda *args: (calls.append(1), ranks(*args))[1])
    one = fed(Monitor(False, asks_causes=True))
    assert set(one.standing.causes) == {"spike"}
    assert len(calls) < 5


def test_a_report_changes_nothing() -> None:
    one = fed(Monitor(False))
    before = one.dump()
    assert plain(one.report()) == plain(one.report())
    assert {finding.pattern for finding in one.report().findings} >= {"spike"}
    assert one.dump() == before
