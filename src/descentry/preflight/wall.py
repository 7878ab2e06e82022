"""The wall between the checks and the user's own code, which may raise whatever it likes.

KeyboardInterrupt and SystemExit are no errors: they pass.
"""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def outcome(call: Callable[[], T]) -> T | Exception:
    """What `call` returns, or the error that it raised."""
    try:
        return call()
    except Exception as error:
        return error


def told(error: Exception) -> str:
    """An error on one line: its kind and its message."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
