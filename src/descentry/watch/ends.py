"""When the watching ends, and spans of time as people write them."""

import re
from dataclasses import dataclass

from descentry.record.errors import UsageError
from descentry.record.finding import Severity

REASONS = {
    "once": "all that was there is read",
    "input_end": "the input has ended",
    "idle": "no new point for the time allowed",
    "finding": "a finding as grave as asked for",
    "interrupted": "interrupted",
    "reader_gone": "nobody reads the output any more",
    "unreadable": "it cannot be read",
}
"""Why the watching of a run ended."""
COMPLETE = frozenset({"once", "input_end", "idle"})
"""Reasons by which the log is complete: it is judged for the last time, as a finished one."""

_SPAN = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*(ms|s|m|min|h|d)?", re.ASCII)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_LONGEST_S = 366 * 86400.0


@dataclass(frozen=True, slots=True)
class Ends:
    """What ends the watching beside Ctrl-C and the end of every stream.

    `once`: all that is there is read, no more.  `idle_s`: no new point in any run for so long; None waits for ever.
    `stop_on`: a finding this grave or graver opens; None never stops.
    """

    once: bool = False
    idle_s: float | None = None
    stop_on: Severity | None = None


def seconds(text: str) -> float:
    """A span of time in seconds: `90`, `90s`, `15m`, `1.5h`, `2d`.  Raises UsageError for anything else."""
    match = _SPAN.fullmatch(text.strip())
    span = float(match[1]) * _UNITS[match[2] or "s"] if match else 0.0
    if not 0.0 < span <= _LONGEST_S:
        raise UsageError(f"no span of time {text!r}; expected more than 0, up to a year: 90s, 15m, 2h")
    return span


def span(duration_s: float) -> str:
    """A span of time for people, with the two largest units: `2 h 5 min`, `41 s`, `0.4 s`."""
    if duration_s < 10:
        return f"{max(duration_s, 0.0):.1f} s".replace(".0 s", " s")
    whole = round(duration_s)
    parts: list[str] = []
    for n, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if whole >= n and len(parts) < 2:
            parts.append(f"{whole // n} {unit}")
            whole %= n
        elif parts:
            break
    return " ".join(parts)
