"""What a reader or the stream noticed beside the numbers."""

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Event:
    """Something odd or telling in the log: a torn tail, an overlap, padding, a resume.

    `kind` is a short stable word (`torn_tail`, `bad_value`, `bad_line`, `overlap`, `resume`, `padding`,
    `bad_record`, `encoding`, `derived`, `missing_step`, …); `message` a sentence for people;
    `where` a place (`train.jsonl:1204`, `events.out…@byte 8812`) or None; `step` the log's step or None.
    A `warning` is shown to the user; the others only inform causes and marks.
    """

    kind: str
    message: str
    where: str | None = None
    count: int = 1
    step: int | None = None
    warning: bool = True


def merged(events: Iterable[Event]) -> list[Event]:
    """One event per (kind, message), in order of first sight, with the counts added up."""
    seen: dict[tuple[str, str, bool], Event] = {}
    for event in events:
        key = (event.kind, event.message, event.warning)
        first = seen.get(key)
        seen[key] = event if first is None else replace(first, count=first.count + event.count)
    return list(seen.values())
