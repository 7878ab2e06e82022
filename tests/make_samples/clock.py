"""A clock that stands still unless it is told to go on, so that files come out the same every time."""

import contextlib
from collections.abc import Iterator
from unittest import mock

START = 1.7e9


class Clock:
    """Seconds since the epoch: `now`, 1.7e9 at first."""

    def __init__(self) -> None:
        self.now = START

    def tick(self) -> None:
        """Lets one second pass."""
        self.now += 1.0


@contextlib.contextmanager
def stopped() -> Iterator[Clock]:
    """`time.time()` shows the clock that is yielded."""
    clock = Clock()
    with mock.patch("time.time", side_effect=lambda: clock.now):
        yield clock
