"""The wall between the log and the training loop: what goes wrong behind it never reaches the loop.

Values come from any library, and their conversion may raise what it likes; so here alone every exception is
caught.  KeyboardInterrupt and SystemExit are no errors: they pass.
"""

import sys
import warnings
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class LogWarning(UserWarning):
    """What a log tells the user who writes it: each kind once."""


def outcome(call: Callable[[], T]) -> T | Exception:
    """What `call` returns, or the error that it raised."""
    try:
        return call()
    except Exception as error:
        return error


class Told:
    """Warns once per kind.  `where`: the log, for the message."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.kinds: set[str] = set()

    def __call__(self, kind: str, message: str) -> None:
        """Warns, unless this kind has been told.  Under `-W error` it prints: the loop goes on."""
        if kind in self.kinds:
            return
        self.kinds.add(kind)
        text = f"{self.where}: {message}"
        level = _level()
        if outcome(lambda: warnings.warn(text, LogWarning, stacklevel=level)) is not None:
            outcome(lambda: print(f"LogWarning: {text}", file=sys.stderr))


def _level() -> int:
    """The stack level, seen from inside `outcome`, of the user's line that called into this package."""
    level, frame = 3, sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).startswith("descentry."):
        level, frame = level + 1, frame.f_back
    return level
