"""The events of a ClearML session, a list of them a line, to rows."""

from typing import Any

from descentry.record.chunk import Chunk
from descentry.sources.json.leaves import as_number
from descentry.sources.json.messages import JsonMessages
from descentry.sources.json.values import clean_name
from descentry.sources.notes import Notes
from descentry.sources.numbers import wall_seconds, whole_step
from descentry.sources.point_rows import PointRows
from descentry.sources.rows import Rows
from descentry.sources.suspect_zeros import SuspectZeros

SCALAR = "training_stats_scalar"


class ClearmlEvents:
    """Bytes of `metrics.jsonl` to chunks; see `drive.Decoder`.  A line, written at once, ends its last row."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._notes = Notes(name)
        self._lines = JsonMessages(self._notes)
        self._points = PointRows(Rows())
        self.n_empty = 0
        """Lines without an event."""
        self._zeros = SuspectZeros("ClearML")

    def feed(self, data: bytes) -> Chunk:
        """The rows of the lines that are whole now."""
        for line, events in self._lines.feed(data):
            self._take(line, events)
        return self._points.rows.chunk(self._notes.take())

    def end(self) -> Chunk:
        """The last row, what a last line without newline holds, and the zeros that may be NaN."""
        for line, events in self._lines.end():
            self._take(line, events)
        for event in self._zeros.events(self._name):
            self._notes.put(event)
        return self._points.rows.chunk(self._notes.take())

    def _take(self, line: int, events: Any) -> None:
        self.n_empty += not isinstance(events, dict | list) or not events
        for event in events if isinstance(events, list) else (events,):
            if not isinstance(event, dict):
                self._notes.add("bad_line", "is no list of events and was left out", line)
            elif event.get("type") == SCALAR:
                self._put(line, event)
        self._points.close()

    def _put(self, line: int, event: dict[str, Any]) -> None:
        name = _name(event.get("metric"), event.get("variant"))
        step, value = whole_step(event.get("iter")), as_number(event.get("value"))
        if not name or step is None or value is None:
            self._notes.add(
                "bad_line", "is a scalar without name, iteration or number and was left out", line
            )
            return
        self._zeros.see(name, step, value)
        self._points.put(step, name, value, wall_seconds(event.get("timestamp")))


def _name(metric: object, variant: object) -> str:
    parts = [part for part in (metric, variant) if isinstance(part, str) and part]
    return clean_name("/".join(dict.fromkeys(parts)))
