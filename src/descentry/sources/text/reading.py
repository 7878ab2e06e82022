"""Lines to rows: the state of one log, line after line."""

from collections.abc import Callable
from itertools import takewhile

from descentry.sources.notes import Notes
from descentry.sources.text.bar_lines import rows_of
from descentry.sources.text.bars import Bars, bar_of, looks_like_bar
from descentry.sources.text.boxed import Boxed
from descentry.sources.text.boxes import RULE, without_time
from descentry.sources.text.clock import Clock
from descentry.sources.text.config import Config
from descentry.sources.text.contexts import Contexts
from descentry.sources.text.gathering import Gathering
from descentry.sources.text.grid import Row
from descentry.sources.text.idle import Idle
from descentry.sources.text.in_turn import Place
from descentry.sources.text.known_plans import KnownPlans
from descentry.sources.text.mllog import MARK, event_of
from descentry.sources.text.odd import has_odd
from descentry.sources.text.placing import Placing
from descentry.sources.text.plan import NOTHING, Kind, Plan
from descentry.sources.text.position import Position
from descentry.sources.text.quick import Quick
from descentry.sources.text.respelling import Respelling, respelt_line
from descentry.sources.text.settings import settings_of
from descentry.sources.text.table import Sink
from descentry.sources.text.tabled import Tabled
from descentry.sources.text.tokens import clean, cut_moment, split

MAX_LINE = 1 << 16
"""Characters of a line that is looked at; a longer one is no log line."""
MAX_AT_ONCE = 1024
"""Lines that are stripped of their prefix at once."""


class Reading:
    """Reads the lines of one process.  `diverts` takes the lines that are of another one, or wait."""

    def __init__(
        self, notes: Notes, sink: Sink, config: Config, diverts: Callable[[str, int], bool] | None = None
    ) -> None:
        self._known = known = KnownPlans()
        self.plan = known.plan
        self.plans = known.plans
        self.last_spellings = known.last_spellings
        self.prefix = ""
        self._notes = notes
        self._diverts = diverts
        self._placing = Placing(sink)
        position = Position()
        self._bars = Bars()
        self._idle = Idle()
        self._is_idle = self._is_context = False
        self._clock = Clock()
        self._config = config
        self._gathering = Gathering(self._placing, position, notes, config)
        self._quick = Quick(self._gathering, position, sink, self._clock)
        self._boxed = Boxed(self._gathering, notes, config, self._saw_summary)
        self._number = 0
        self._numbers: list[str] = []
        self._left_at = 0
        self._contexts = Contexts()
        self._tabled = Tabled(self._gathering, self._quick, self._idle)
        self._respelling = Respelling(notes, self._idle.clear)

    def lines(self, lines: list[str], number: int, *, is_one: bool = False) -> None:
        """Reads lines, the first of which is line `number`; all of them are parts of it where `is_one`."""
        place: Place = (lambda _: number) if is_one else number.__add__
        i, n, is_pointed = 0, len(lines), False
        while i < n:
            at = place(i)
            if self._respelling.has_commas and not is_pointed:
                # Lines that are spelt as usual can be read quickly.
                lines, is_pointed = lines[:i] + self._respelling.pointed(lines[i:], at), True
            is_held = self._bars.is_held or self._tabled.is_held
            done = 0 if is_held else self._quick_lines(lines, i, place) or self._n_contexts(lines, i)
            if done:
                i += done
                continue
            skipped = 0 if self._is_busy else self._n_idle(lines, i)
            if not skipped:
                self._number = at
                self._line(lines[i])
            if self._known.n_left and not self._left_at:
                self._left_at = at
            i += skipped or 1

    def _n_contexts(self, lines: list[str], start: int) -> int:
        """How many lines from `start` say again what those below are about."""
        said = [] if self._is_busy else self._contexts.of(lines, start)
        if said:
            self._gathering.context = said[-1]
        return len(said)

    @property
    def _is_busy(self) -> bool:
        """Whether a line that says nothing may end something, too."""
        return self._bars.is_held or self._boxed.is_open or self._tabled.is_held

    def _n_idle(self, lines: list[str], start: int) -> int:
        """How many lines from `start` are not looked at, none of which the quick way would read."""
        return self._idle.after(lines, start) - start or int(self._known.leaves(lines[start]))

    def line(self, text: str, number: int, *, learns: bool) -> None:
        """Reads a clean line that is of this process.  `learns`: others of its shape may be read quickly."""
        self._number = number
        if not (learns and not self._bars.is_held and self._quick.run([text], 0, number.__add__)):
            self._own_line(text.strip(), learns=learns)

    @property
    def has_begun(self) -> bool:
        """Whether a row was read."""
        return self._placing.has_begun

    @property
    def has_counted(self) -> bool:
        """Whether a row with a step of its own was read."""
        return self._placing.has_counted

    @property
    def last_step(self) -> int:
        """The newest step."""
        return self._placing.last

    def lead(self, step: int) -> None:
        """Lines that count nothing belong to this step, where none has counted yet."""
        self._placing.header(step)

    def counts(self, text: str) -> bool:
        """Whether a text is a row with a counter."""
        skeleton, numbers = self.understood(text)
        plan = self.plan(skeleton) if numbers else NOTHING
        return plan.kind is Kind.ROW and plan.is_counted

    def table_row(self, text: str) -> Row | None:
        """The text as a row of the table that the log prints, or None."""
        return self._tabled.row(text)

    def pause(self, *, is_line_done: bool) -> None:
        """Nothing follows for now: the states of bars that are done go out."""
        for text, at in self._bars.pause(self._number, is_line_done=is_line_done):
            self._row_of(text, at)

    def end(self, number: int) -> None:
        """The log has ended: what waited goes out."""
        self._tabled.feed("", self._number)
        self._boxed.end()
        for text, at in self._bars.end(number):
            self._row_of(text, at)
        if self._bars.n_left_out:
            message = "progress bars beside the lines with losses were left out"
            self._notes.add("progress_bar", message, warning=False, count=self._bars.n_left_out)
        if self._known.n_left:
            message = "lines of ever new shapes were not looked at: too many had come before"
            self._notes.add("left_out", message, self._left_at, count=self._known.n_left)
        self._placing.end()

    def understood(self, text: str) -> tuple[str, list[str]]:
        """The skeleton and the numbers of a line."""
        return split(respelt_line(cut_moment(clean(text.strip()))[0].strip()))

    def _quick_lines(self, lines: list[str], start: int, place: Place) -> int:
        """How many lines from `start` the quick way has read; the prefix of the log's own rank is no hindrance."""
        done = self._quick.run(lines, start, place)
        if done or not self.prefix or not lines[start].startswith(self.prefix):
            return done
        n = len(self.prefix)
        own = takewhile(lambda line: line.startswith(self.prefix), lines[start : start + MAX_AT_ONCE])
        return self._quick.run([line[n:] for line in own], 0, lambda i: place(start + i))

    def _line(self, text: str) -> None:
        if len(text) > MAX_LINE:
            self._notes.add(
                "bad_line", f"a line of {len(text)} characters was left out: too long for a log", self._number
            )
            return
        line, text = text, clean(text).strip()
        if not text or (self._diverts is not None and self._diverts(text, self._number)):
            return
        self._is_idle = self._is_context = False
        self._own_line(text, learns=True)
        if self._is_context and not self._is_busy:
            self._contexts.learn(line, self._gathering.context)
        if self._is_idle and not self._is_busy:
            self._idle.learn(line)
        elif not self._is_idle:
            self._known.note_said(line)

    def _own_line(self, text: str, *, learns: bool) -> None:
        if not text:
            return
        if MARK in text:
            self._event(text)
            return
        if (
            self._in_box(text)
            or self._tabled.feed(text, self._number, learns=learns)
            or (looks_like_bar(text) and self._bar(text))
        ):
            self._is_idle = False
            return
        for row, at in self._bars.settle(self._number):
            self._row_of(row, at)
        found = settings_of(text) if text[0] == "|" or "(" in text or "{" in text else None
        if found:
            self._config.add(found)
            return
        plan = self._row_of(text)
        if plan is not None and learns:
            self._quick.learn(text, plan, self._numbers)

    def _in_box(self, text: str) -> bool:
        """Reads a line of a box, and the boxes that it ends; False when more is to be said of it."""
        if not (self._boxed.is_open or text.endswith(RULE)):
            return False
        text = without_time(text)
        is_tabled = text[:1] == "|" and self._tabled.is_of_table(text)
        return not is_tabled and self._boxed.feed(text, self._number)

    def _saw_summary(self) -> None:
        """A line with a loss came.  States of bars that went out before it stay."""
        if self._bars.saw_summary():
            message = "states of progress bars were read before the first line with a loss, and are kept; a read of "
            self._notes.add(
                "progress_bar", f"{message}the whole log leaves them out", self._number, warning=False
            )

    def _event(self, text: str) -> None:
        """Reads a line of MLPerf."""
        event = event_of(text)
        if event is None:
            self._notes.add("bad_line", "is no whole event of MLPerf and was left out", self._number)
        else:
            self._gathering.event(event, self._number)

    def _bar(self, text: str) -> bool:
        """Reads the bars that a line begins with, and what stands behind them; False when there are none."""
        bar = bar_of(text)
        if bar is None:
            return False
        for row, at in rows_of(bar, self._bars, self._gathering.epoch_above, self._number):
            self._row_of(row, at)
        return True

    def _row_of(self, text: str, number: int = 0) -> Plan | None:
        """Reads the present line, or the state of a bar at line `number`, as a row; the plan of one that was."""
        line, moment = cut_moment(text)
        plain = line.strip()
        line = self._respelling.line(plain, number or self._number)
        plan, skeleton, numbers = self._known.planned(line)
        self._numbers = numbers
        if plan.is_broken:
            self._notes.add("bad_line", "another message broke a line off: its rest is missing", self._number)
        if plan.kind is Kind.NOTHING:
            self._is_idle = not (plan.is_broken or has_odd(line)) and skeleton in self.plans
            return None
        self._is_idle = False
        if numbers:
            self.last_spellings[skeleton] = numbers[-1]
        if plan.kind is Kind.CONTEXT:
            self._gathering.context = plan.context
            self._is_context = True
        elif plan.kind is Kind.HEADER:
            self._gathering.header(plan, numbers)
            return plan if line == plain else None
        else:
            if not number and (plan.has_train_loss or plan.has_val):
                self._saw_summary()
            self._respelling.has_named_loss |= plan.has_train_loss and line == plain
            self._gathering.row(plan, numbers, self._clock.seconds(moment), number or self._number)
            return plan if line == plain else None
        return None
