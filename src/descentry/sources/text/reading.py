"""Lines to rows: the state of one log, line after line."""

from descentry.record.chunk import Chunk
from descentry.sources.notes import Notes
from descentry.sources.text.bars import Bars, bar_of, below, looks_like_bar
from descentry.sources.text.clock import Clock
from descentry.sources.text.config import Config
from descentry.sources.text.dialects import INTRUDERS
from descentry.sources.text.gathering import Gathering
from descentry.sources.text.mllog import MARK, event_of
from descentry.sources.text.odd import has_odd, has_wrong, respelt, split_odd, with_points, without_absent
from descentry.sources.text.placing import Placing
from descentry.sources.text.plan import NOTHING, Kind, Plan
from descentry.sources.text.position import Position
from descentry.sources.text.quick import Quick
from descentry.sources.text.settings import settings_of
from descentry.sources.text.skeletons import broken_off, plan_of
from descentry.sources.text.table import Table
from descentry.sources.text.tokens import clean, cut_moment, split

MAX_LINE = 1 << 16
"""Characters of a line that is looked at; a longer one is no log line."""
MAX_BARS = 64
"""Bars in one line that are looked at."""
MAX_PLANS = 2048
MAX_SKELETON = 4096
"""Characters of a skeleton that is remembered."""


class Reading:
    """Reads lines; `take` gives the rows that are done."""

    def __init__(self, notes: Notes) -> None:
        self.plans: dict[str, Plan] = {}
        self.last_spellings: dict[str, str] = {}
        self._notes = notes
        self._table = Table()
        self._placing = Placing(self._table)
        position = Position()
        self._bars = Bars()
        self._clock = Clock()
        self._quick = Quick(self._placing, position, self._table, self._clock)
        self._config = Config()
        self._gathering = Gathering(self._placing, position, notes, self._config)
        self._number = 0
        self._has_commas = False

    def lines(self, lines: list[str], number: int, *, is_one: bool = False) -> None:
        """Reads lines, the first of which is line `number`; all of them are parts of it where `is_one`."""
        i, n = 0, len(lines)
        while i < n:
            done = 0 if self._bars.is_held else self._quick.run(lines, i)
            if done:
                self._gathering.context = ""
                i += done
                continue
            self._number = number if is_one else number + i
            self._line(lines[i])
            i += 1

    def take(self) -> Chunk:
        """The finished rows, with what was noticed and found."""
        if self._table.n_refused:
            self._notes.add("too_many_series", "more names than a log has: further ones are left out")
            self._table.n_refused = 0
        return self._table.take(self._notes.take(), self._config.take())

    def pause(self) -> None:
        """Nothing follows for now: the newest row goes out as it is."""
        self._table.close()

    def end(self, number: int) -> None:
        """The log has ended: what waited goes out."""
        for text, at in self._bars.end(number):
            self._row_of(text, at)
        if self._bars.n_left_out:
            message = "progress bars beside the lines with losses were left out"
            self._notes.add("progress_bar", message, warning=False, count=self._bars.n_left_out)
        self._placing.end()
        self._table.close()

    def understood(self, text: str) -> tuple[str, list[str]]:
        """The skeleton and the numbers of a line."""
        return split(cut_moment(clean(text.strip()))[0].strip())

    def plan(self, skeleton: str, *, keep: bool = True) -> Plan:
        """The plan of a skeleton, worked out once."""
        plan = self.plans.get(skeleton)
        if plan is None:
            plan = self._mended(skeleton, plan_of(skeleton))
            if keep and len(skeleton) <= MAX_SKELETON:
                if len(self.plans) >= MAX_PLANS:
                    self.plans.clear()
                    self.last_spellings.clear()
                self.plans[skeleton] = plan
        return plan

    def _mended(self, skeleton: str, plan: Plan) -> Plan:
        """The plan, less what a message that broke into the line has made unsure."""
        if not plan.names or not INTRUDERS.search(skeleton):
            return plan
        n = len(plan.names)
        for other in self.plans.values():
            if len(other.names) > n and other.names[:n] == plan.names:
                return broken_off(skeleton, plan, other)
        return plan

    def _line(self, text: str) -> None:
        if len(text) > MAX_LINE:
            self._notes.add(
                "bad_line", f"a line of {len(text)} characters was left out: too long for a log", self._number
            )
            return
        text = clean(text).strip()
        if not text:
            return
        if MARK in text:
            self._event(text)
            return
        if looks_like_bar(text) and self._bar(text):
            return
        for row, at in self._bars.settle(self._number):
            self._row_of(row, at)
        found = settings_of(text) if text[0] == "|" or "(" in text or "{" in text else None
        if found:
            self._config.add(found)
            return
        plan = self._row_of(text)
        if plan is not None:
            self._quick.learn(text, plan)

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
        for _ in range(MAX_BARS):
            for row, at in self._bars.feed(below(bar, self._gathering.epoch_above()), self._number):
                self._row_of(row, at)
            after = bar_of(bar.rest) if looks_like_bar(bar.rest) else None
            if after is None:
                break
            bar = after
        if bar.rest and not looks_like_bar(bar.rest):
            self._row_of(bar.rest)
        return True

    def _row_of(self, text: str, number: int = 0) -> Plan | None:
        """Reads a line (line `number`, else the present one) as a row; the plan of one that was."""
        line, moment = cut_moment(text)
        plain = line.strip()
        line = self._with_points(respelt(plain), number or self._number)
        plan, skeleton, numbers = self._planned(line)
        if plan.is_broken:
            self._notes.add("bad_line", "another message broke a line off: its rest is missing", self._number)
        if plan.kind is Kind.NOTHING:
            return None
        if numbers:
            self.last_spellings[skeleton] = numbers[-1]
        if plan.kind is Kind.CONTEXT:
            self._gathering.context = plan.context
        elif plan.kind is Kind.HEADER:
            self._gathering.header(plan, numbers)
        else:
            if plan.has_train_loss or plan.has_val:
                self._bars.saw_summary()
            self._gathering.row(plan, numbers, self._clock.seconds(moment), number or self._number)
            return plan if line == plain and not has_odd(line) else None
        return None

    def _planned(self, line: str) -> tuple[Plan, str, list[str]]:
        """The plan of a line, its skeleton and its numbers.  What is odd is one of them where it stands in the
        place of a number of lines before, or would be taken for another number."""
        if has_odd(line):
            skeleton, numbers = split_odd(line)
            if has_wrong(line) or self.plans.get(skeleton, NOTHING).kind is Kind.ROW:
                return self.plan(skeleton), skeleton, numbers
            line = without_absent(line)
        skeleton, numbers = split(line)
        return self.plan(skeleton), skeleton, numbers

    def _with_points(self, line: str, number: int) -> str:
        """The line with points for its decimal commas."""
        pointed = with_points(line, is_known=self._has_commas) if "," in line else line
        if pointed != line:
            self._has_commas = True
            self._notes.add("decimal_comma", "a comma in a number was read as its decimal point", number)
        return pointed
