"""The wall: no failure of a job comes out, and no job is waited for."""

import threading

from descentry.watch.sinks.background import MOST_WAITING, Background


def test_jobs_are_done_and_failures_are_told() -> None:
    errors: list[Exception] = []
    done: list[int] = []
    background = Background(errors.append)
    background.put(lambda: done.append(1))
    background.put(lambda: 1 // 0)
    background.put(lambda: done.append(2))
    assert background.wait(10.0) == 0
    assert done == [1, 2]
    assert [type(error) for error in errors] == [ZeroDivisionError]


def test_too_many_jobs_are_refused_and_dropped() -> None:
    go = threading.Event()
    background = Background(lambda error: None)  # noqa: ARG005
    background.put(go.wait)
    put = [background.put(lambda: None) for _ in range(2 * MOST_WAITING)]
    assert MOST_WAITING - 1 <= sum(put) <= MOST_WAITING + 1
    assert background.wait(0.0) > 0
    background.drop()
    go.set()
    assert background.wait(10.0) == 0


def test_several_jobs_run_side_by_side() -> None:
    barrier = threading.Barrier(3)
    background = Background(lambda error: None, n_workers=3)  # noqa: ARG005
    for _ in range(3):
        background.put(lambda: barrier.wait(10.0))
    assert background.wait(10.0) == 0
    assert not barrier.broken
