"""One run that is watched: its log followed, its stream fed, what changed told."""

import os
from collections.abc import Iterator, Mapping
from copy import deepcopy

from descentry.diagnosis.verdict import no_loss
from descentry.record.chunk import Chunk
from descentry.record.errors import InputError
from descentry.record.event import Event
from descentry.record.report import RunReport
from descentry.record.roles import LOSS_ROLES
from descentry.sources.protocol import Log
from descentry.sources.rows import is_empty
from descentry.watch.clock import Clock
from descentry.watch.course import Loss
from descentry.watch.ends import span
from descentry.watch.pace import Pace
from descentry.watch.settings import Settings
from descentry.watch.telling import Telling
from descentry.watch.told import Note, RunState, Told

RESTART = "restart"
"""The event by which a follower tells that it reads the log again from its start."""
MOST_NOTES = 20
"""Remarks of the reader that are told of one run."""
HELD_S = 10.0
"""While the log is still being read up to its end, what it says is held back for so long at most."""
FIRST_RETRY_S, MOST_RETRY_S = 1.0, 60.0


class WatchedRun:
    """State of one run.  `notes` are lines for people that the caller takes away; nothing here grows for ever.

    `once`: the log is read to its end as `diagnose` does, and not followed.
    """

    def __init__(self, log: Log, settings: Settings, clock: Clock, *, once: bool = False) -> None:
        self.log = log
        self.notes: list[Note] = []
        self.n_points = 0
        self.is_over = False
        self.is_caught_up = False
        self.problem = ""
        self._settings = settings
        self._clock = clock
        self._once = once
        self._stream = settings.stream()
        self._telling = Telling(log, settings)
        self._pace = Pace()
        self._chunks: Iterator[Chunk] | None = None
        self._began = clock.monotonic()
        self._held_since: float | None = self._began
        self._retry_at = self._began
        self._retry_s = FIRST_RETRY_S
        self._is_renewed = False
        self._n_live = 0
        self._told_events: set[tuple[str, str]] = set()
        self._silent_since: float | None = None
        self._loss = Loss()

    @property
    def name(self) -> str:
        """The id under which it is told."""
        return self.log.run

    @property
    def step(self) -> int:
        """The newest step; 0 before the first."""
        return self._stream.step

    @property
    def config(self) -> Mapping[str, object]:
        """The settings that the log holds."""
        return self._stream.so_far().config

    @property
    def last_time(self) -> float | None:
        """When the newest row was logged, in seconds since the epoch; None before the first."""
        return self._pace.last

    @property
    def watched_s(self) -> float:
        """For how long it has been watched."""
        return self._clock.monotonic() - self._began

    def turn(self, until: float) -> list[Told]:
        """Read what has come, at most up to the moment `until`; what is worth telling comes back."""
        if self.is_over or self._clock.monotonic() < self._retry_at:
            return []
        was_behind, self._n_live, n_rows = not self.is_caught_up, 0, 0
        try:
            n_rows = self._read(until)
            self._well()
        except InputError as error:
            self._fail(str(error))
        self._time(self._n_live)
        if self._is_held():
            return []
        if was_behind and self.is_caught_up:
            self._tell_what_is_missing()
        return self._news() if n_rows or was_behind else []

    def finish(self) -> list[Told]:
        """The log is complete: what the last judgement says comes back."""
        self._stream.finish()
        self._held_since = None
        return self._news(is_last=True)

    def as_complete(self) -> RunReport:
        """All that would be said of the run if nothing more came; what is followed goes on untouched."""
        stream = deepcopy(self._stream)
        stream.finish()
        return self._telling.report(stream)

    def close(self) -> RunReport:
        """All that is said of the run by now."""
        self._let_go()
        return self._telling.report(self._stream)

    def rest(self) -> None:
        """Look at the clock: a silence is told once, and so is its end."""
        silence = None if self.is_over else self._pace.silence_s(self._clock.time())
        if silence is not None and self._silent_since is None and self.is_caught_up:
            self._silent_since = self._pace.last
            usual = span(self._pace.usual_s())
            self.notes.append(
                Note(f"no new point for {span(silence)}; usually one comes every {usual}", True)
            )

    def state(self) -> RunState:
        """How it stands now."""
        self._loss.look(self._stream, self.n_points, self._telling.standing)
        return RunState(
            run=self.name,
            step=self._stream.step,
            curve=self._loss.curve,
            loss=self._loss.newest,
            level=self._loss.level,
            trend=self._loss.trend,
            verdict=self._loss.verdict,
            n_points=self.n_points,
            per_s=self._pace.per_s(self._clock.time()),
            last_time=self._pace.last,
            open=tuple((one.pattern, one.severity) for one in self._telling.standing if one.end_step is None),
            is_over=self.is_over,
            is_caught_up=self.is_caught_up,
        )

    def _read(self, until: float) -> int:
        """How many rows were read: all that have come, unless the time is up."""
        if self._chunks is None:
            self._chunks = self.log.chunks() if self._once else self.log.follow()
        n_rows = 0
        while True:
            chunk = next(self._chunks, None)
            if chunk is None or (is_empty(chunk) and not self._once):
                self.is_over = chunk is None
                self.is_caught_up = True
                return n_rows
            self._take(chunk)
            n_rows += chunk.n_rows
            if self._clock.monotonic() >= until:
                return n_rows

    def _take(self, chunk: Chunk) -> None:
        for event in chunk.events:
            self._note(event)
        if chunk.n_rows and self._is_renewed:
            self._renew(int(chunk.steps[0]))
        if chunk.n_rows and not self.n_points:
            self._telling.first_step = int(chunk.steps[0])
        self._stream.feed(chunk)
        self._loss.take(chunk, self._stream)
        self.n_points += chunk.n_rows
        if self.is_caught_up:
            self._n_live += chunk.n_rows
        elif chunk.n_rows:
            self._pace.read(chunk.wall_times, self._changed())

    def _note(self, event: Event) -> None:
        """Tell a remark of the reader once; take note that what comes next is the log from its start."""
        if event.kind == RESTART:
            self._is_renewed = True
        known = (event.kind, event.message)
        if event.warning and known not in self._told_events and len(self._told_events) < MOST_NOTES:
            self._told_events.add(known)
            self.notes.append(Note(f"{event.where}: {event.message}" if event.where else event.message))

    def _renew(self, step: int) -> None:
        """The log begins anew at `step`: what goes on behind the newest step is but another file of the same run."""
        self._is_renewed = False
        if step > self._stream.step:
            return
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Forget the points, not what was told of them: what still holds is not told again."""
        self._stream = self._settings.stream()
        self._loss = Loss()
        self.n_points = 0
        self.is_caught_up = False
        self._held_since = self._clock.monotonic()

    def _fail(self, problem: str) -> None:
        """Say why the log cannot be read, once, and try again later, from its start."""
        if problem != self.problem:
            self.notes.append(Note(f"{problem}; trying again", True))
        self.problem = problem
        self._let_go()
        self._is_renewed = True
        self._retry_at = self._clock.monotonic() + self._retry_s
        self._retry_s = min(2.0 * self._retry_s, MOST_RETRY_S)

    def _well(self) -> None:
        if self.problem:
            self.notes.append(Note("can be read again"))
        self.problem = ""
        self._retry_s = FIRST_RETRY_S

    def _tell_what_is_missing(self) -> None:
        """Say once which series was asked for and is not there, and that there is no loss."""
        if not self.n_points:
            return
        outcome = self._stream.so_far()
        for name, role in self._settings.roles.items():
            if name not in outcome.roles:
                self._note(Event("role", f"--role {role}={name}: there is no series {name!r} yet"))
        if not any(role in LOSS_ROLES for role in outcome.roles.values()):
            self._note(Event("no_loss", no_loss(self.log.place, outcome)))

    def _time(self, n_new: int) -> None:
        """Note the arrival of rows that were not there before."""
        if not n_new:
            return
        now = self._clock.time()
        if self._silent_since is not None:
            self.notes.append(Note(f"points come again, after {span(now - self._silent_since)}", True))
        self._silent_since = None
        self._pace.arrive(n_new, now)

    def _is_held(self) -> bool:
        """Whether the log is still being read up to its end: what it says on the way there is history."""
        if self._held_since is not None and not self.is_caught_up:
            return self._clock.monotonic() - self._held_since < HELD_S
        self._held_since = None
        return False

    def _changed(self) -> float:
        """When the log was written last, as far as can be told."""
        try:
            return os.stat(self.log.path).st_mtime
        except (OSError, ValueError):
            return self._clock.time()

    def _let_go(self) -> None:
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()
        self._chunks = None

    def _news(self, *, is_last: bool = False) -> list[Told]:
        news = self._telling.news(self._stream, self._clock.time(), is_last=is_last)
        self._loss.verdict = self._telling.verdict or self._loss.verdict
        return news
