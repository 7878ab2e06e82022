"""The runs that somebody looks at: each is followed, so that a point that was flushed is there within a second."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Condition, Event, Lock, Thread

from descentry.record.errors import DescentryError, UnreadableError
from descentry.record.report import RunReport
from descentry.report.jsonable import Json
from descentry.signal.pyramid import Pyramid, Window
from descentry.watch.clock import Clock
from descentry.watch.run import WatchedRun
from descentry.watch.settings import Settings
from descentry.web.digest import row
from descentry.web.entries import Entry
from descentry.web.gathered import Gathered
from descentry.web.places import check_inside, open_log, state_of

POLL_S = 0.2
"""How often one looks for more."""
TURN_S = 0.25
"""A run that has much to read gives way to the others after so long."""
IDLE_S = 120.0
"""A run that nobody has asked for so long is no longer followed."""
MOST_RUNS = 256
MOST_BYTES = 900 << 20
"""Of all curves together; beyond it the run that nobody has asked for the longest is let go."""
COST = 20.0
"""A row is made anew no sooner than this many times as long as the last one took."""


class Followed:
    """One run that is followed.  All is done under its lock."""

    def __init__(self, entry: Entry, roots: Sequence[str], clock: Clock) -> None:
        """Raises InputError."""
        self.entry = entry
        self.used = time.monotonic()
        self.state = ""
        self.lock = Lock()
        log = open_log(entry.place, roots)
        self.gathered = Gathered(log.reader)
        self._run = WatchedRun(replace(log, reader=self.gathered), Settings(), clock)
        self._caught_up = Condition(self.lock)
        self._report: tuple[int, RunReport] | None = None
        self._row_due = 0.0
        self._n_in_row = -1

    @property
    def is_complete(self) -> bool:
        """Whether the log was read to its present end, and could be."""
        return self._run.is_caught_up and not self._run.problem

    def turn(self) -> tuple[int, Json | None]:
        """Read on; how many rows came, and the run's row where it is time for a new one."""
        with self.lock:
            before = self.gathered.n_rows
            self._run.turn(time.monotonic() + TURN_S)
            self._run.notes.clear()
            if self._run.is_caught_up or self._run.problem:
                self._caught_up.notify_all()
            n_new = self.gathered.n_rows - before
            is_due = self.is_complete and self._n_in_row != self.gathered.n_rows
            return n_new, self._new_row() if is_due and time.monotonic() >= self._row_due else None

    def wait(self, timeout_s: float) -> bool:
        """Whether the log was read to its present end, now or within the time; marks the run as asked for."""
        self.used = time.monotonic()
        with self.lock:
            self._caught_up.wait_for(lambda: self._run.is_caught_up or bool(self._run.problem), timeout_s)
            return self.is_complete

    def check(self) -> None:
        """None; raises UnreadableError where the log cannot be read any more."""
        if self._run.problem:
            raise UnreadableError(self.entry.place.path, "cannot be read at present", "it is tried again")

    def report(self) -> RunReport:
        """What `diagnose` says of the log as it stands."""
        with self.lock:
            return self._made_report()

    def config(self) -> dict[str, object]:
        """The settings that the log holds."""
        with self.lock:
            return dict(self._run.config)

    def window(
        self, name: str, first: float, last: float, n_columns: int
    ) -> tuple[Window, tuple[float, float]] | None:
        """A stretch of a series, and the span of all of it; None where there is no such series."""
        with self.lock:
            one: Pyramid | None = self.gathered.series.get(name)
            return None if one is None else (one.window(first, last, n_columns), one.span)

    def let_go(self) -> None:
        """Close the log."""
        with self.lock:
            self._run.close()

    def _made_report(self) -> RunReport:
        if self._report is None or self._report[0] != self.gathered.n_rows:
            self._report = self.gathered.n_rows, self._run.as_complete()
        return self._report[1]

    def _new_row(self) -> Json:
        began = time.monotonic()
        made = row(self._made_report(), self._run.config, self.gathered.last_time)
        self._n_in_row = self.gathered.n_rows
        self._row_due = time.monotonic() + COST * (time.monotonic() - began)
        return made


class Live:
    """All runs that are followed, in one thread.  `put` takes an entry and its new row, `grown` an entry's id."""

    def __init__(
        self, roots: Sequence[str], put: Callable[[Entry, str, Json], None], grown: Callable[[str, int], None],
        tell: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._roots = tuple(roots)
        self._put = put
        self._grown = grown
        self._tell = tell
        self._lock = Lock()
        self._runs: dict[str, Followed] = {}
        self._clock = Clock()
        self._stop, self._asked = Event(), Event()
        self._thread = Thread(target=self._loop, name="descentry-live", daemon=True)

    def start(self) -> None:
        """Begin to follow what is asked for."""
        self._thread.start()

    def close(self) -> None:
        """Let all runs go."""
        self._stop.set()
        self._asked.set()
        if self._thread.is_alive():
            self._thread.join(5.0)
        for one in self._runs.values():
            one.let_go()

    def has(self, run_id: str) -> bool:
        """Whether the run is followed."""
        return run_id in self._runs

    def open(self, entry: Entry) -> Followed:
        """The run, followed from now on if it was not yet.  Raises InputError."""
        with self._lock:
            known = self._runs.get(entry.id)
            if known is None:
                known = self._runs[entry.id] = Followed(entry, self._roots, self._clock)
                self._asked.set()
        known.used = time.monotonic()
        return known

    def drop(self, run_id: str) -> None:
        """Follow a run no longer."""
        with self._lock:
            one = self._runs.pop(run_id, None)
        if one is not None:
            one.let_go()

    def _loop(self) -> None:
        while not self._stop.is_set():
            self._asked.clear()
            n_behind = sum(self._turn(one) for one in list(self._runs.values()))
            self._let_idle_go()
            # A moment even then: who waits for a lock must come to have it.
            self._asked.wait(0.001 if n_behind else POLL_S)

    def _turn(self, one: Followed) -> bool:
        """Whether the run is not read to its end yet."""
        state = state_of(one.entry.place.path)
        try:
            if state != one.state:  # a link that leads out may have come into a run's folder
                check_inside(one.entry.place.path, self._roots)
                one.state = state
            n_new, made = one.turn()
        except Exception as error:  # the wall: a log that breaks its reader is let go, the others go on
            what = error.__class__.__name__ if not isinstance(error, DescentryError) else str(error)
            self._tell(f"{one.entry.place.path}: cannot be followed ({what})")
            self.drop(one.entry.id)
            return False
        if n_new:
            self._grown(one.entry.id, n_new)
        if made is not None:
            self._put(one.entry, state, made)
        return not one.is_complete and n_new > 0

    def _let_idle_go(self) -> None:
        now = time.monotonic()
        runs = sorted(self._runs.values(), key=lambda one: one.used, reverse=True)
        n_bytes = 0
        for rank, one in enumerate(runs):
            n_bytes += one.gathered.n_bytes
            is_crowded = rank > 0 and (n_bytes > MOST_BYTES or rank >= MOST_RUNS)
            if is_crowded or now - one.used > IDLE_S:
                self.drop(one.entry.id)
