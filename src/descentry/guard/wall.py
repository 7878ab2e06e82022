"""Where the guard's own failures end: the training never sees them."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

Answer = TypeVar("Answer")
_log = logging.getLogger("descentry.guard")
MAX_FAULTS = 10
"""Failures after which the guard no longer tries."""


@dataclass
class Wall:
    """Calls what may fail.  `faults`: what failed, one line each; `is_open`: whether calls are still made."""

    faults: list[str] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return len(self.faults) < MAX_FAULTS

    def call(self, do: Callable[[], Answer], otherwise: Answer) -> Answer:
        """What `do` gives; `otherwise` where it fails, or has failed too often.  KeyboardInterrupt passes."""
        if not self.is_open:
            return otherwise
        try:
            return do()
        except Exception as error:  # the guard may fail, the training may not
            self.faults.append(f"{type(error).__name__}: {error}")
            last = "" if self.is_open else "; the guard is off from here on"
            _log.warning("the guard failed and the training goes on: %s%s", self.faults[-1], last)
            return otherwise
