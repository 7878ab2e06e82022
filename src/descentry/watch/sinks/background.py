"""Threads that do what waits for the world outside, one job at a time each; no failure of a job comes out of here."""

from collections.abc import Callable
from queue import Empty, Full, Queue
from threading import Thread

from descentry.watch.clock import Clock

Job = Callable[[], None]
MOST_WAITING = 64
"""Jobs that wait; a further one is refused."""


class Background:
    """`n_workers` threads, which end with the program.

    `fail` is told what was raised by a job, in the thread of that job.  This is the wall of the sinks: whatever a
    notification service or a command does to its own job, the watching goes on.
    """

    def __init__(self, fail: Callable[[Exception], None], n_workers: int = 1) -> None:
        self._fail = fail
        self._jobs: Queue[Job] = Queue(MOST_WAITING)
        self._n_workers = n_workers
        self._threads: list[Thread] = []

    def put(self, job: Job) -> bool:
        """Have it done; False where too many wait already."""
        if len(self._threads) < self._n_workers:
            self._threads.append(Thread(target=self._work, name="descentry-sink", daemon=True))
            self._threads[-1].start()
        try:
            self._jobs.put_nowait(job)
        except Full:
            return False
        return True

    def wait(self, most_s: float) -> int:
        """How many jobs are not done after waiting for `most_s` at most."""
        clock = Clock()
        end = clock.monotonic() + most_s
        while self._jobs.unfinished_tasks and clock.monotonic() < end:
            clock.sleep(0.01)
        return self._jobs.unfinished_tasks

    def drop(self) -> None:
        """Forget the jobs that have not begun."""
        while True:
            try:
                self._jobs.get_nowait()
            except Empty:
                return
            self._jobs.task_done()

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                job()
            except Exception as error:  # the wall: a service or a command may raise anything
                self._fail(error)
            finally:
                self._jobs.task_done()
