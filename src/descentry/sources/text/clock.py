"""Wall times of lines: a date and a clock, as UTC, to seconds since the epoch."""

from datetime import UTC, datetime

from descentry.sources.text.tokens import Moment

UNKNOWN = float("nan")


class Clock:
    """Remembers the day it saw last: most lines of a log are of one day."""

    def __init__(self) -> None:
        self._day = ""
        self._midnight = UNKNOWN

    def seconds(self, moment: Moment | None) -> float:
        """Seconds since the epoch of a day, clock and fraction; NaN where there is none or it is no time."""
        if moment is None or not moment[0]:
            return UNKNOWN
        day, clock, part = moment[0], moment[1], moment[2]
        if day != self._day:
            self._day, self._midnight = day, _midnight(day)
        hours, minutes, seconds = int(clock[:2]), int(clock[3:5]), int(clock[6:8])
        if hours > 23 or minutes > 59 or seconds > 60:
            return UNKNOWN
        fraction = int(part) / 10 ** len(part) if part else 0.0
        return self._midnight + 3600 * hours + 60 * minutes + seconds + fraction


def _midnight(day: str) -> float:
    try:
        return datetime(int(day[:4]), int(day[5:7]), int(day[8:10]), tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return UNKNOWN
