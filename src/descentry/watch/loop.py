"""Follows every run in turn, hands what is worth telling to the sinks, and knows when to end."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from descentry.record.errors import InputError
from descentry.record.report import RunReport
from descentry.signal.words import grouped
from descentry.sources.protocol import Log
from descentry.watch.clock import Clock
from descentry.watch.ends import COMPLETE, Ends, span
from descentry.watch.places import MOST_RUNS, Places
from descentry.watch.run import WatchedRun
from descentry.watch.settings import Settings
from descentry.watch.sinks.protocol import Sink
from descentry.watch.told import Ended, Note, Told

Answer = TypeVar("Answer")
Attempt = Callable[[str, Callable[[], Answer]], Answer | None]
"""Calls; what goes wrong becomes one line and None."""

TURN_S = 0.25
"""A run that has much to read gives way to the others, and to the live line, after so long."""
PATIENCE_S, HURRY_S = 3600.0, 5.0
"""How long the sinks may take at the end; the second after Ctrl-C."""
WAITS_S = 1.0
"""What is not there is said to be waited for after so long: a pipe needs a moment."""
CHECK_S = 2.0
"""How often one looks whether the files are still there."""


@dataclass
class Watch:
    """All runs and all sinks.

    `attempt` is the door for errors that nobody foresaw; `fail` takes one line for an argument that cannot be read,
    `tell_skipped` takes what lies beside the logs and cannot
    be read; `is_read` says whether anybody still reads the output.
    """

    places: Places
    settings: Settings
    sinks: Sequence[Sink]
    ends: Ends
    attempt: Attempt[object]
    fail: Callable[[str], None]
    tell_skipped: Callable[[list[InputError]], None] = list.clear
    is_read: Callable[[], bool] = lambda: True
    clock: Clock = field(default_factory=Clock)
    poll_s: float = 0.5
    runs: list[WatchedRun] = field(default_factory=list)
    reports: list[RunReport] = field(default_factory=list)
    reason: str = ""

    def __post_init__(self) -> None:
        self._last_news = self._next_check = self._shown = self.clock.monotonic()
        self._waits: dict[str, float] = {}
        self._gone: dict[str, str] = {}
        self._caught_up: set[str] = set()

    def run(self) -> str:
        """Watch to the end; the reason comes back, a word of `ends.REASONS`."""
        try:
            while not self.reason:
                self._round()
        except KeyboardInterrupt:
            self.reason = "interrupted"
        self._close()
        return self.reason

    def _round(self) -> None:
        self._look()
        n_before = sum(run.n_points for run in self.runs)
        for run in self.runs:
            self._turn(run)
            if self.clock.monotonic() - self._shown >= TURN_S:
                self._show()
        has_news = sum(run.n_points for run in self.runs) != n_before
        now = self.clock.monotonic()
        if has_news:
            self._last_news = now
        if now >= self._next_check:
            self._next_check = now + CHECK_S
            self._check_files()
        self._show()
        self.reason = self.reason or self._end(now)
        if not self.reason and not has_news:
            self.clock.sleep(self.poll_s)

    def _look(self) -> None:
        """Find logs that are new."""
        joins = bool(self.runs)
        for log in self.places.look():
            self.runs.append(WatchedRun(log, self.settings, self.clock, once=self.ends.once))
            self._last_news = self.clock.monotonic()
            if joins:
                self._tell_note(f"{log.run}: a new run, watched from now on ({log.place})")
        self._note_places()

    def _note_places(self) -> None:
        self.tell_skipped(self.places.skipped)
        self.places.skipped.clear()
        for problem in self.places.problems:
            self.fail(problem)
        self.places.problems.clear()
        if self.places.n_left:
            self._tell_note(
                f"{self.places.n_left} more runs are not watched: {MOST_RUNS} at once, those written last"
            )
            self.places.n_left = 0
        now = self.clock.monotonic()
        self._waits = {argument: self._waits.get(argument, now) for argument in self.places.waits_for}
        for argument, since in self._waits.items():
            if now - since >= WAITS_S:
                self._waits[argument] = float("inf")
                self._tell_note(f"{'stdin' if argument == '-' else argument}: waiting for it")

    def _turn(self, run: WatchedRun) -> None:
        until = self.clock.monotonic() + TURN_S
        news = self.attempt(run.log.place, partial(self._told_by, run, until))
        if news is None:
            run.is_over = True
            run.problem = run.problem or "failed"

    def _told_by(self, run: WatchedRun, until: float) -> bool:
        was_over = run.is_over
        news = run.turn(until)
        self._tell_notes(run)
        for told in news:
            self._tell(told)
        if run.is_over and not was_over:
            for told in run.finish():
                self._tell(told)
        run.rest()
        return True

    def _tell_notes(self, run: WatchedRun) -> None:
        if run.is_caught_up and run.name not in self._caught_up and not self.ends.once and not run.is_over:
            self._caught_up.add(run.name)
            run.notes.append(Note(_where_it_stands(run, self.clock.time())))
        for note in run.notes:
            self._tell_note(f"{run.name}: {note.text}", is_alarm=note.is_alarm)
        run.notes.clear()

    def _tell(self, told: Told) -> None:
        for sink in self.sinks:
            sink.tell(told)
        stop_on = self.ends.stop_on
        if stop_on is not None and told.event != "resolved" and told.finding.severity.rank >= stop_on.rank:
            self.reason = "finding"

    def _tell_note(self, text: str, *, is_alarm: bool = False, by: Sink | None = None) -> None:
        for sink in self.sinks:
            if sink is not by:
                sink.note(Note(text, is_alarm))

    def _show(self) -> None:
        self._shown = self.clock.monotonic()
        states = [run.state() for run in self.runs]
        now = self.clock.time()
        for sink in self.sinks:
            sink.show(states, now)
        self._tell_problems()

    def _tell_problems(self) -> None:
        """What a sink could not do is told to the others."""
        for sink in self.sinks:
            while sink.problems:
                self._tell_note(sink.problems.pop(0), by=sink)

    def _check_files(self) -> None:
        """Tell once that a file is gone or may not be read any more, and once that it is there again."""
        for run in self.runs:
            problem = "" if run.is_over else _missing(run.log)
            if problem != self._gone.get(run.name, ""):
                self._tell_note(f"{run.log.place}: {problem or 'is there again'}", is_alarm=True)
                self._gone[run.name] = problem

    def _end(self, now: float) -> str:
        if not self.is_read():
            return "reader_gone"
        if self.places.is_done and all(run.is_over for run in self.runs):
            if not self.runs or all(run.problem for run in self.runs):
                return "unreadable"
            return "once" if self.ends.once else "input_end"
        is_idle = self.ends.idle_s is not None and now - self._last_news >= self.ends.idle_s
        return "idle" if is_idle else ""

    def _close(self) -> None:
        """Judge what is complete, tell the end of each run, let the sinks go."""
        for run in self.runs:
            self.attempt(run.log.place, partial(self._close_run, run))
        for sink in reversed(self.sinks):
            sink.close(HURRY_S if self.reason == "interrupted" else PATIENCE_S)
            self._tell_problems()

    def _close_run(self, run: WatchedRun) -> bool:
        if self.reason in COMPLETE and not run.is_over:
            for told in run.finish():
                self._tell(told)
        report = run.close()
        self.reports.append(report)
        now = self.clock.time()
        ended = Ended(
            run.name, run.log.place, run.step, now, self.reason, report, run.n_points, run.watched_s
        )
        for sink in self.sinks:
            sink.end(ended)
        return True


def _missing(log: Log) -> str:
    """What keeps a followed file from being read; "" where nothing does, or the log is no file here."""
    if log.where:
        return ""
    try:
        os.stat(log.path)
    except FileNotFoundError:
        return "is gone; waiting for it to come back"
    except (OSError, ValueError) as error:
        return f"cannot be looked at ({getattr(error, 'strerror', error)}); trying again"
    return "" if os.access(log.path, os.R_OK) else "may not be read any more; check its permissions"


def _where_it_stands(run: WatchedRun, now: float) -> str:
    """What was there when the watching began, and that one waits for more."""
    if not run.n_points:
        return "no point yet; waiting for the first"
    last = run.last_time
    age = "" if last is None or now < last else f", the last {span(now - last)} ago"
    return f"{grouped(run.n_points)} points up to step {grouped(run.step)}{age}; waiting for more"
