"""The clock of the watching, so that tests can bring their own."""

import time


class Clock:
    """Time of day, time that never goes back, and sleep; all in seconds."""

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def sleep(self, duration_s: float) -> None:
        """Let so much time pass."""
        time.sleep(duration_s)
