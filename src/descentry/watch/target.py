"""One argument of the watching: looked at until it names its logs, then for new ones."""

from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from descentry.record.errors import InputError
from descentry.sources.places.streams import is_pipe
from descentry.sources.places.targets import STDIN, expand, logs_at
from descentry.sources.protocol import Log
from descentry.watch.arrivals import seen
from descentry.watch.clock import Clock

LEAST_PAUSE_S = 5.0
"""How often a folder is looked through for new runs, at most."""
WAIT_PAUSE_S = 1.0
"""How often one looks for what is not there yet."""
COST = 20.0
"""And no more often than this many times as long as the last look took."""


@dataclass
class Target:
    """One argument.  `is_done`: it is not looked at again."""

    argument: str
    clock: Clock
    is_done: bool = False
    is_found: bool = False
    _due: float = float("-inf")
    _seen: object = None
    _opening: "Opening | None" = None

    def look(self, skipped: list[InputError], *, live: bool) -> list[Log]:
        """The logs of the argument, if it is time to look and something has changed.  Raises InputError."""
        now = self.clock.monotonic()
        if self.is_done or now < self._due:
            return []
        if live and self._is_stream():
            return self._opened(skipped)
        now_seen = seen(self.argument)
        if self.is_found and now_seen == self._seen:
            self._due = now + LEAST_PAUSE_S
            return []
        try:
            logs = [log for one in expand(self.argument) for log in logs_at(one, skipped, live=live)]
        finally:
            took = self.clock.monotonic() - now
            pause = LEAST_PAUSE_S if self.is_found else WAIT_PAUSE_S
            self._due = now + took + max(pause, COST * took)
        self._seen = now_seen
        self.is_found = True
        self.is_done = not live or now_seen is None
        return logs

    def _is_stream(self) -> bool:
        return self.argument == STDIN or is_pipe(Path(self.argument))

    def _opened(self, skipped: list[InputError]) -> list[Log]:
        """The log of a stream, once it is recognised: to open it may take for ever, so it is not waited for."""
        if self._opening is None:
            self._opening = Opening(self.argument)
        if self._opening.is_alive():
            return []
        self.is_done = True
        skipped += self._opening.skipped
        if self._opening.problem is not None:
            raise self._opening.problem
        self.is_found = True
        return self._opening.logs


class Opening(Thread):
    """Opens a stream.  It ends with the program."""

    def __init__(self, argument: str) -> None:
        super().__init__(name="descentry-opening", daemon=True)
        self.logs: list[Log] = []
        self.skipped: list[InputError] = []
        self.problem: InputError | None = None
        self._argument = argument
        self.start()

    def run(self) -> None:
        """Fill `logs`, or `problem`."""
        try:
            self.logs = logs_at(self._argument, self.skipped, live=True)
        except InputError as error:
            self.problem = error
