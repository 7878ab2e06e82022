"""Where the guard's own failures end: the training never sees them.

Values, callbacks and log handlers come from anywhere and may raise what they like, so here alone every exception is
caught.  KeyboardInterrupt and SystemExit are no errors: they pass.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

Answer = TypeVar("Answer")
_log = logging.getLogger("descentry.guard")
MAX_FAULTS = 10
"""Failures after which the guard no longer tries."""
LAST_STEP = 1 << 62
"""Beyond it no step is believed."""
OVERRUN, PARDON, MOST_OVERRUNS = 10, 1, 100
"""An overrun counts ten, each call within the budget takes one back: off at ten in about a hundred calls."""


@dataclass
class Wall:
    """Calls what may fail.  `what`: for the message; `most`: failures after which it no longer calls.

    `faults`: what failed, one line each; `is_open`: whether calls are still made.
    """

    what: str = "the guard"
    most: int = MAX_FAULTS
    faults: list[str] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return len(self.faults) < self.most

    def call(self, do: Callable[..., Answer], otherwise: Answer, *values: Any) -> Answer:
        """What `do` gives for these values; `otherwise` where it fails, or has failed too often."""
        if len(self.faults) >= self.most:
            return otherwise
        try:
            return do(*values)
        except Exception as error:  # the guard may fail, the training may not
            self.note(error)
            return otherwise

    def note(self, error: BaseException) -> None:
        """One more failure, told."""
        self.faults.append(_words(error))
        last = "" if self.is_open else f"; {self.what} is off from here on"
        tell("%s failed and the training goes on: %s%s", self.what, self.faults[-1], last)


@dataclass
class Budget:
    """The time that a call may take of the loop.  `is_spent`: it took more so often that it is not made any more."""

    seconds: float = 1e-3
    debt: int = 0

    @property
    def is_spent(self) -> bool:
        return self.debt >= MOST_OVERRUNS

    def timed(self, do: Callable[..., Answer], *values: Any) -> Answer:
        """What `do` gives for these values; what it took is counted.

        That is processor time of this thread, since others may hold the interpreter meanwhile.
        """
        start = time.thread_time()
        try:
            return do(*values)
        finally:
            if time.thread_time() - start > self.seconds:
                self.debt += OVERRUN
            elif self.debt:
                self.debt -= PARDON


def number(value: Any) -> float | None:
    """The value as a float; None where it is none: a string, an array of several values, what refuses."""
    if value is None or type(value) is float:
        return value
    if isinstance(value, str | bytes | bytearray):
        return None
    try:
        # An array's or tensor's own way: float() of one that records gradients warns.
        return float(value.item() if hasattr(value, "item") else value)
    except Exception:  # whatever stands in a row, the row's other values are good
        return None


def numbers(signals: Mapping[str, Any]) -> dict[str, float]:
    """Those of the signals that are numbers."""
    return {
        name: known
        for name, value in signals.items()
        if (known := value if type(value) is float else number(value)) is not None
    }


def is_step(step: Any) -> bool:
    """Whether it is a whole number that is believed."""
    return type(step) is int and -LAST_STEP < step < LAST_STEP


def whole(step: Any) -> int | None:
    """The step as a whole number; None where it is none that is believed."""
    known = number(step)
    return int(known) if known is not None and abs(known) < LAST_STEP else None


def tell(message: str, *values: object, level: int = logging.WARNING) -> None:
    """Logs; a handler that fails is no reason to."""
    try:
        _log.log(level, message, *values)
    except Exception:  # the user's own handlers and filters run in here
        return


def text(value: object, most: int = 200) -> str:
    """The value as a short text; its type where it has none."""
    try:
        return str(value)[:most]
    except Exception:  # any object may be a batch's name
        return type(value).__name__


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {text(error)}"
