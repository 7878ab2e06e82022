"""Notifications by apprise (extra `notify`): the first at once, what follows soon after in one digest."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

from descentry.record.errors import UsageError
from descentry.record.finding import Severity
from descentry.report.text import clipped, escaped
from descentry.watch import words
from descentry.watch.clock import Clock
from descentry.watch.sinks.background import Background
from descentry.watch.told import RESOLVED, Ended, Note, RunState, Told

EVERY_S = 600.0
"""Seconds between two messages.  Higher: fewer, longer messages.  What is graver than all of the last goes at once."""
START_S = 60.0
"""While logs are read up to their ends, what they say is held back for one message, for so long at most."""
MOST_LINES = 20
"""Lines of one message; of more it is told how many."""
_LINE = 500
_CLOSE_S = 15.0

Send = Callable[[str, str], bool]
"""Title and text to a service; whether it took them."""


class _Line(NamedTuple):
    rank: int
    text: str


class Notify:
    """One service for each address.  `on`: findings less grave than this are not sent.

    Addresses hold secrets: they are told by their scheme alone.  Raises UsageError for one that apprise does not
    know, and where apprise is missing.
    """

    def __init__(
        self,
        urls: Sequence[str],
        on: Severity = Severity.WARNING,
        every_s: float = EVERY_S,
        clock: Clock | None = None,
    ) -> None:
        self.problems: list[str] = []
        self._services = [(_shown(url), _service(url)) for url in urls]
        self._on = on
        self._every_s = every_s
        self._clock = clock or Clock()
        self._held: list[_Line] = []
        self._n_more = 0
        self._sent_rank = -1
        self._due = self._began = self._clock.monotonic()
        self._failed: set[str] = set()
        self._told: set[tuple[str, str, str]] = set()
        self._background = Background(self._broke)

    def tell(self, told: Told) -> None:
        """Hold it for the next message, if it is grave enough, or the end of what was."""
        key = (told.run, told.finding.pattern, told.finding.curve)
        is_grave = told.finding.severity.rank >= self._on.rank
        if not told.is_news or not (is_grave or key in self._told):
            return
        if told.event == RESOLVED and key not in self._told:
            return
        self._told.add(key)
        why = words.reason(told)
        text = f"{escaped(told.run)}: {words.headline(told)}" + (f" ({why})" if why else "")
        self._hold(0 if told.event == RESOLVED else told.finding.severity.rank, text)

    def note(self, note: Note) -> None:
        """Hold it, if it asks somebody to look."""
        if note.is_alarm:
            self._hold(Severity.WARNING.rank, escaped(note.text))

    def show(self, states: Sequence[RunState], now: float) -> None:
        """Send what is held, if it is time, or graver than what was sent last; at the start, once all is read."""
        del now
        is_reading = any(not (state.is_caught_up or state.is_over) for state in states)
        if is_reading and self._clock.monotonic() < self._began + START_S:
            return
        gravest = max((line.rank for line in self._held), default=-1)
        is_due = self._clock.monotonic() >= self._due
        if self._held and (is_due or gravest > self._sent_rank):
            self._sent_rank = gravest if is_due else max(gravest, self._sent_rank)
            self._send()

    def end(self, ended: Ended) -> None:
        """Tell the end of a run, but not to whom has ended it himself."""
        if ended.reason not in ("interrupted", "reader_gone"):
            self._hold(0, f"{escaped(ended.run)}: {words.farewell(ended)}; {words.outcome(ended.report)}")

    def close(self, most_s: float) -> None:
        """Send what is held, and wait for it a little."""
        if self._held:
            self._send()
        left = self._background.wait(min(most_s, _CLOSE_S))
        if left:
            self.problems.append(f"--notify: {left} not sent by the end")

    def _hold(self, rank: int, text: str) -> None:
        if len(self._held) < MOST_LINES:
            self._held.append(_Line(rank, clipped(text, _LINE)))
        else:
            self._n_more += 1

    def _send(self) -> None:
        title, body = _message(self._held, self._n_more)
        self._held, self._n_more = [], 0
        self._due = self._clock.monotonic() + self._every_s
        for name, send in self._services:
            if not self._background.put(partial(self._send_one, name, send, title, body)):
                self._fail(name, "it does not keep up")

    def _send_one(self, name: str, send: Send, title: str, body: str) -> None:
        if not send(title, body):
            self._fail(name, "it did not take the message")

    def _fail(self, name: str, why: str) -> None:
        """Say once for each service that it fails; it is tried again with the next message."""
        if name not in self._failed:
            self._failed.add(name)
            self.problems.append(f"--notify {name}: {why}; check the address. The watching goes on")

    def _broke(self, error: Exception) -> None:
        self._fail("", f"failed with {type(error).__name__}")


def _message(lines: Sequence[_Line], n_more: int) -> tuple[str, str]:
    n = len(lines) + n_more
    gravest = max(line.rank for line in lines)
    word = {3: "critical", 2: "warning"}.get(gravest, "news")
    title = f"descentry: {word}" + (f" ({n} messages)" if n > 1 else "")
    text = "\n".join(line.text for line in lines)
    return title, text + (f"\nand {n_more} more" if n_more else "")


def _service(url: str) -> Send:
    try:
        apprise: Any = import_module("apprise")
    except ImportError as error:
        raise UsageError("--notify needs an extra: pip install 'descentry[notify]'") from error
    logging.getLogger("apprise").addHandler(logging.NullHandler())
    service = apprise.Apprise()
    if not service.add(url):
        raise UsageError(
            f"--notify {_shown(url)}: no address that apprise knows; expected SERVICE://..., as its documentation tells"
        )
    return lambda title, body: bool(service.notify(title=title, body=body))


def _shown(url: str) -> str:
    scheme, colon, _ = url.partition("://")
    return f"{escaped(scheme[:20])}://..." if colon else "(no address)"
