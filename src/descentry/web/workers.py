"""Reads logs in processes of their own: the server answers meanwhile, and what breaks a reader breaks no more."""

import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait as wait_for
from threading import Thread

from descentry.report.jsonable import Json
from descentry.web.digest import digest, problem_row
from descentry.web.places import Place

N_WORKERS = 2
NICENESS = 10
"""What is trained on this machine goes first."""
Done = Callable[[Place, str, Json], None]


class Workers:
    """At most `n` logs are read at once.  n = 0: in the thread that asks."""

    def __init__(self, roots: Sequence[str], n: int = N_WORKERS) -> None:
        self._roots = tuple(roots)
        self._n = n
        self._pool: ProcessPoolExecutor | None = None
        self._running: dict[Future[Json], tuple[Place, str]] = {}

    @property
    def has_room(self) -> bool:
        """Whether another log can be taken at once."""
        return len(self._running) < max(2 * self._n, 1)

    def is_busy_with(self, place: Place) -> bool:
        """Whether that log is being read."""
        return any(one == place for one, _ in self._running.values())

    def start(self, place: Place, state: str, done: Done) -> None:
        """Read a log that has this state; `done` is called here or in `collect`."""
        if self._n == 0:
            done(place, state, digest(place, self._roots))
            return
        if self._pool is None:
            # Spawned: a fork of a process with threads may hold their locks for ever.
            self._pool = ProcessPoolExecutor(self._n, get_context("spawn"), _begin)
        try:
            self._running[self._pool.submit(digest, place, self._roots)] = place, state
        except BrokenProcessPool:
            self._pool = None

    def collect(self, done: Done, timeout_s: float) -> int:
        """How many became ready within the time; `done` is called for each."""
        if not self._running:
            return 0
        ready = wait(list(self._running), timeout_s, FIRST_COMPLETED).done
        for future in ready:
            place, state = self._running.pop(future)
            try:
                row = future.result()
            except BrokenProcessPool:
                row = {
                    **problem_row("cannot be read: its reading ended the process"),
                    "changed": None,
                    "took_s": 0.0,
                }
                self._pool = None
            done(place, state, row)
        return len(ready)

    def close(self) -> None:
        """Stop reading; what is begun is not waited for."""
        if self._pool is None:
            return
        processes = list((self._pool._processes or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()


def _begin() -> None:
    """In a fresh process: Ctrl-C is the server's affair, and no process outlives it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
    os._exit(0)
