"""What `descentry watch` prints: lines for people with a live line below them, or JSON lines for programs."""

import time
from collections.abc import Sequence
from shlex import quote
from typing import TYPE_CHECKING

from descentry.cli.output import complain, has_live_line, redraw, say, say_bytes, style, width
from descentry.report.style import Style, shape
from descentry.report.text import clipped, escaped, n_cells, wrapped

if TYPE_CHECKING:
    from descentry.record.finding import Finding
    from descentry.watch.told import Ended, Note, RunState, Told

REDRAW_S = 0.25
"""The live line is drawn no more often."""
MOST_LINES = 2
"""Lines of the terminal that one statement may take."""
MOST_FINDINGS = 9
"""Findings that are listed at the end of a run."""


class JsonLines:
    """One line of `descentry/event/1` for each change, at once; notes go to stderr."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def tell(self, told: "Told") -> None:
        """Print a change."""
        from descentry.report.jsonable import dumps
        from descentry.watch.events import event

        say_bytes(dumps(event(told)))

    def note(self, note: "Note") -> None:
        """Say it on stderr."""
        complain(note.text)

    def show(self, states: "Sequence[RunState]", now: float) -> None:
        """Nothing."""

    def end(self, ended: "Ended") -> None:
        """Print the end of a run."""
        from descentry.report.jsonable import dumps
        from descentry.watch.events import end

        say_bytes(dumps(end(ended)))

    def close(self, most_s: float) -> None:
        """Nothing is left to print."""
        del most_s

    def clear(self) -> None:
        """Nothing stands in the way of a message."""


class Lines:
    """Lines for people.  On a terminal they are wrapped, and the live line stands below; elsewhere an event is a line.

    `n_runs`: with several runs every line begins with the run's name.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._is_live = has_live_line()
        self._drawn = ""
        self._next_draw = self._last = 0.0
        self._day = time.strftime("%Y-%m-%d")
        self._names: set[str] = set()

    def tell(self, told: "Told") -> None:
        """Print a change, with its likeliest cause."""
        if not told.is_news:
            return
        from descentry.report.text import steps
        from descentry.watch import words

        at = f"{self._name(told.run)}step {steps(told.step)}: "
        tone = str(told.finding.severity) if told.event != "resolved" else ""
        self._print(told.time, at, words.headline(told), words.reason(told), tone)

    def note(self, note: "Note") -> None:
        """Print it."""
        self._print(time.time(), "", escaped(note.text), "", "strong" if note.is_alarm else "faint")

    def show(self, states: "Sequence[RunState]", now: float) -> None:
        """Draw the live line anew, if its time has come."""
        self._names.update(state.run for state in states)
        if not self._is_live or time.monotonic() < self._next_draw:
            return
        from descentry.watch.live import line

        text = line(states, now, max(width() - 1, 10))
        self._next_draw = time.monotonic() + REDRAW_S
        if text != self._drawn:
            self._drawn = text
            redraw(style().paint(text, "faint"))

    def end(self, ended: "Ended") -> None:
        """Print how long the run was watched, the verdict, and what stands."""
        from descentry.watch import words

        self.clear()
        columns, look = self._columns(), style()
        verdict = ended.report.verdict
        lines = ["", *_cut(f"{escaped(ended.run)}: {words.farewell(ended)}", columns)]
        tone = verdict if verdict != "healthy" else "strong"
        lines += [look.paint(text, tone) for text in _cut(words.outcome(ended.report), columns)]
        for finding in ended.report.findings[:MOST_FINDINGS]:
            lines += _finding(finding, columns, look)
        n_more = len(ended.report.findings) - MOST_FINDINGS
        lines += [f"  and {n_more} more"] * (n_more > 0)
        if ended.n_points and ended.path != "stdin":
            more = f"More: descentry diagnose {escaped(quote(ended.path))}"
            lines.append(look.paint(clipped(more, columns), "faint"))
        say("\n".join(lines) + "\n")

    def close(self, most_s: float) -> None:
        """Leave the terminal clean."""
        del most_s
        self.clear()

    def clear(self) -> None:
        """Take the live line away before something else is printed."""
        if self._drawn:
            redraw("")
        self._drawn = ""
        self._next_draw = 0.0

    def _name(self, run: str) -> str:
        return f"{escaped(run)}: " if len(self._names) > 1 else ""

    def _columns(self) -> int:
        return max(width(), 40) if self._is_live else 10_000

    def _print(self, moment: float, at: str, text: str, why: str, tone: str) -> None:
        self.clear()
        self._last = max(moment, self._last)
        stamp = self._stamp(self._last)
        if not self._is_live:
            say(f"{stamp} {at}{text}" + (f" | {why}" if why else "") + "\n")
            return
        columns = self._columns()
        indent = " " * (n_cells(stamp) + 1)
        look = style()
        lines = wrapped(at + text, columns - len(indent), MOST_LINES + 1)
        lines = [look.paint(line, tone) for line in lines]
        lines += [
            look.paint(line, "faint")
            for line in (wrapped(why, columns - len(indent), MOST_LINES) if why else [])
        ]
        say(look.paint(stamp, "faint") + " " + f"\n{indent}".join(lines) + "\n")

    def _stamp(self, moment: float) -> str:
        """The time of day; with the date on a later day, and where it is no terminal."""
        local = time.localtime(moment)
        if not self._is_live:
            return time.strftime("%Y-%m-%dT%H:%M:%S%z", local)
        day = time.strftime("%Y-%m-%d", local)
        return time.strftime("%H:%M:%S" if day == self._day else "%m-%d %H:%M:%S", local)


def _cut(text: str, columns: int) -> list[str]:
    return wrapped(text, columns, MOST_LINES + 1)


def _finding(finding: "Finding", columns: int, look: Style) -> list[str]:
    mark = shape(finding.severity)
    follows = "" if finding.explained_by is None else f" (follows from {finding.explained_by + 1})"
    text = f"{finding.severity} {finding.pattern}{follows}: {escaped(finding.statement)}"
    first, *rest = wrapped(text, columns - 4, MOST_LINES)
    return [f"  {look.paint(mark, finding.severity)} {first}", *(f"    {line}" for line in rest)]
