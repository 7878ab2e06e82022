"""What became of the inputs: each is tried on its own, and the exit code tells the worst."""

import os
import sys
import traceback
from collections.abc import Callable
from typing import TypeVar

from descentry.cli.output import complain
from descentry.record.errors import DescentryError, InputError

Answer = TypeVar("Answer")

OK = 0
FOUND = 1
BAD_USAGE = 2
UNREADABLE = 3
INTERRUPTED = 130


class Outcome:
    """Collects failures while the other inputs are still answered."""

    def __init__(self) -> None:
        self.n_failed = 0

    def attempt(self, where: str, call: Callable[[], Answer]) -> Answer | None:
        """What `call` returns, or None after one line on stderr that says why there is nothing.

        Errors about options are not the input's fault: they pass.
        """
        try:
            return call()
        except InputError as error:
            self.fail(str(error))
        except DescentryError:
            raise
        except Exception as error:  # the door: no traceback reaches a user
            self.fail(crash(where, error))
        return None

    def fail(self, message: str) -> None:
        """Say one line and remember that an input was not answered."""
        self.n_failed += 1
        complain(message)

    def code(self, found: bool = False) -> int:
        """3 where an input failed, else 1 where something was `found`, else 0."""
        return UNREADABLE if self.n_failed else FOUND if found else OK


def crash(where: str, error: Exception) -> str:
    """One line for an error that nobody foresaw; the traceback only where it was asked for."""
    if os.environ.get("DESCENTRY_TRACEBACK"):
        traceback.print_exception(error, file=sys.stderr)
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"failed on {where}: {what}; please report; set DESCENTRY_TRACEBACK=1 to see where"
