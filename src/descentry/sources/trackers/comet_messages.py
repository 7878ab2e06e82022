"""The messages of a Comet experiment, a JSON object a line, to rows."""

from typing import Any

from descentry.record.chunk import Chunk
from descentry.record.event import Event
from descentry.sources.json.leaves import as_number
from descentry.sources.json.messages import JsonMessages
from descentry.sources.json.values import clean_name
from descentry.sources.notes import Notes, quoted
from descentry.sources.numbers import is_fraction, wall_seconds, whole_step
from descentry.sources.point_rows import PointRows
from descentry.sources.rows import Rows

MESSAGES = "messages.json"
OWN = frozenset({"process duration"})
"""Metrics that Comet adds of itself, without a step of the run."""
OWN_SETTINGS = frozenset({"curr_step", "curr_epoch", "offline_experiment", "hasNestedParams"})
MAX_SETTINGS = 1000


class CometPoints:
    """Metrics as Comet tells them, one by one, to rows.  What is odd goes to `notes`."""

    def __init__(self, notes: Notes, *, is_resumed: bool = False) -> None:
        self._notes = notes
        self._points = PointRows(Rows())
        self._n_stepless: dict[str, int] = {}
        self._is_resumed = is_resumed

    def put(self, line: int, name: str, raw: object, raw_step: object, raw_wall: object) -> None:
        """One metric; a value that is no number is left out."""
        if name in OWN:
            self._notes.add("derived", f"`{name}` is Comet's own and was left out", line, warning=False)
            return
        value = as_number(raw)
        if value is None:
            shown = quoted(str(raw)) if isinstance(raw, str | bool) else "no number"
            self._notes.add("bad_value", f"`{name}` is {shown}, expected a number; left out", line)
            return
        if isinstance(raw, str) and value - value != 0:
            message = "NaN and infinities are stored as text: read as numbers"
            self._notes.add("spelled_value", message, line, warning=False)
        step = self._step(line, name, raw_step)
        if self._is_resumed:
            self._is_resumed = False
            message = "a further archive of the same experiment starts here: the run was resumed"
            self._notes.put(Event("resume", message, self._notes.name, step=step, warning=False))
        self._points.put(step, name, value, wall_seconds(raw_wall))

    def _step(self, line: int, name: str, raw: object) -> int:
        step = whole_step(raw)
        if step is None:
            step = self._n_stepless.get(name, 0)
            self._n_stepless[name] = step + 1
            message = f"`{name}` was logged without a step: its values are counted from 0"
            self._notes.add("missing_step", message, line)
        elif is_fraction(raw):
            message = f"the step of `{name}` is no whole number; taken for {step}"
            self._notes.add("bad_step", message, line)
        return step

    def chunk(self, config: dict[str, object], *, is_end: bool = False) -> Chunk:
        """What was collected; the newest row only at the end."""
        if is_end:
            self._points.close()
        return self._points.rows.chunk(self._notes.take(), config)


class Messages:
    """Bytes of `messages.json` to chunks; see `drive.Decoder`.  `is_resumed`: an archive came before."""

    def __init__(self, name: str, *, is_resumed: bool = False) -> None:
        self._notes = Notes(name)
        self._lines = JsonMessages(self._notes)
        self._points = CometPoints(self._notes, is_resumed=is_resumed)
        self._config: dict[str, object] = {}
        self._n_settings = 0
        self.n_empty = 0
        """Lines that are no message."""

    def feed(self, data: bytes) -> Chunk:
        """The rows of the messages that are whole now."""
        for line, message in self._lines.feed(data):
            self._take(line, message)
        return self._chunk()

    def end(self) -> Chunk:
        """The last row, and what a last line without newline holds."""
        for line, message in self._lines.end():
            self._take(line, message)
        return self._chunk(is_end=True)

    def _chunk(self, *, is_end: bool = False) -> Chunk:
        config, self._config = self._config, {}
        return self._points.chunk(config, is_end=is_end)

    def _take(self, line: int, message: Any) -> None:
        payload = message.get("payload") if isinstance(message, dict) else None
        if not isinstance(payload, dict):
            self.n_empty += 1
            self._notes.add("bad_line", "is no message of Comet and was left out", line)
            return
        kind = message.get("type")
        if kind == "metric_msg":
            self._metric(line, payload)
        elif kind == "parameter_msg":
            its = payload.get("param")
            if isinstance(its, dict):
                self._set(its.get("paramName"), its.get("paramValue"))
        elif kind == "log_other":
            self._set(payload.get("key"), payload.get("value"))

    def _metric(self, line: int, payload: dict[str, Any]) -> None:
        its, context = payload.get("metric"), payload.get("context")
        name = its.get("metricName") if isinstance(its, dict) else None
        if not isinstance(its, dict) or not isinstance(name, str) or not name:
            self._notes.add("bad_line", "is a metric without a name and was left out", line)
            return
        full = clean_name(f"{context}_{name}" if isinstance(context, str) and context else name)
        self._points.put(line, full, its.get("metricValue"), its.get("step"), payload.get("local_timestamp"))

    def _set(self, name: object, value: object) -> None:
        if not isinstance(name, str) or name in OWN_SETTINGS or self._n_settings >= MAX_SETTINGS:
            return
        if isinstance(value, str | int | float | bool):
            self._n_settings += 1
            self._config[clean_name(name)] = clean_name(value) if isinstance(value, str) else value
