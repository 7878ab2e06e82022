"""From what a loop gives to the lines of a log: numbers are kept, and what is none is kept as text and told."""

from collections.abc import Iterator, Mapping
from itertools import islice
from time import time
from typing import Any, NamedTuple

from orjson import OPT_APPEND_NEWLINE, dumps

from descentry.formats.run_folder import MAX_STEP, RESERVED, line, spelled, told_line
from descentry.log.values import MAX_NAME, clean, flat, number, shown
from descentry.log.wall import Told, outcome

MAX_WIDTH = 2000
"""Values in one line; a wider row takes several lines of the same step."""
MAX_SETTINGS = 1000
MAX_MESSAGE = 4000
MAX_FAST = 1 << 17
"""Bytes of a line that is written without a look at its width."""

PLAIN = frozenset({float, int})


class Row(NamedTuple):
    """A line, and the numbers in it for the mirror."""

    line: bytes
    step: int
    values: dict[str, float | int]
    wall_time: float


def fast_line(step: int, now: float, values: Mapping[str, float | int]) -> bytes | None:
    """The line of a row of Python's own numbers; None where it needs care.

    NaN and infinities, which JSON has not, are seen as the nulls that they become.
    """
    row: dict[str, float | str] = {"step": step, "wall_time": now, **values}
    if len(row) != len(values) + 2 or "odd" in row or not -MAX_STEP < step < MAX_STEP:
        return None
    try:
        text = dumps(row, None, OPT_APPEND_NEWLINE)
        if text.find(b":null") >= 0:
            row.update((name, spelled(value)) for name, value in values.items() if value - value != 0)
            text = dumps(row, None, OPT_APPEND_NEWLINE)
    except TypeError:
        return None
    return None if len(text) > MAX_FAST else text


def as_numbers(step: object, values: Mapping[str, Any]) -> tuple[int, dict[str, float | int]] | None:
    """Step and values as Python's own numbers, where all of them are numbers; None else."""
    found = outcome(lambda: (number(step), {name: number(value) for name, value in values.items()}))
    if isinstance(found, Exception) or type(found[0]) is not int:
        return None
    return found[0], found[1]


class Lines:
    """Makes the lines of one log.  `step`: that of the newest row that had one."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self.step: int | None = None

    def rows(self, step: Any, values: Any, more: Mapping[str, Any]) -> Iterator[Row]:
        """The lines of one row, whatever was given."""
        given = dict(more)
        if step is None and "step" in given:
            step = given.pop("step")
        named = list(flat(values)) if isinstance(values, Mapping) else []
        named += flat(given)
        if values is not None and not isinstance(values, Mapping):
            named.append(("values", values))
        if step is None and not named:
            return
        odd: dict[str, str] = {}
        at = self._step(step, odd)
        pairs = iter([(self._name(name), value) for name, value in named])
        while (part := dict(islice(pairs, MAX_WIDTH))) or odd:
            yield self._row(at, part, odd)
            odd = {}

    def _row(self, step: int | None, given: Mapping[str, Any], odd: dict[str, str]) -> Row:
        now = time()
        values: dict[str, float | int] = {}
        for name, value in given.items():
            found = outcome(lambda value=value: number(value))  # type: ignore[misc]
            if isinstance(found, Exception):
                odd[name] = shown(value)
                self._told("odd_value", f"{name!r:.60} is {odd[name]:.80}, expected a number; kept as text")
            else:
                values[name] = found
        row: dict[str, Any] = {"step": step, "wall_time": now}
        row.update((name, spelled(value)) for name, value in values.items())
        if odd:
            row["odd"] = odd
        return Row(line(row), self.step or 0 if step is None else step, values, now)

    def _step(self, step: Any, odd: dict[str, str]) -> int | None:
        """The step as a whole number, None where it is none: then the row belongs to the last step."""
        found = outcome(lambda: number(step))
        whole = outcome(lambda: int(found)) if not isinstance(found, Exception) else found
        if isinstance(whole, int) and -MAX_STEP < whole < MAX_STEP:
            if whole != found:
                odd["step"] = shown(found)
                self._told("odd_step", f"the step is {odd['step']}, expected a whole number; cut to {whole}")
            self.step = whole
            return whole
        odd["step"] = shown(step)
        self._told(
            "odd_step", f"the step is {odd['step']:.80}, expected a whole number; kept under the last step"
        )
        return None

    def _name(self, name: str) -> str:
        if name not in RESERVED:
            return name
        self._told("name", f"the name {name!r} is the log's own: the values are logged as '{name}_value'")
        return f"{name}_value"

    def event(self, kind: Any, message: Any) -> bytes:
        """The line of what a user tells."""
        text = message if isinstance(message, str) else shown(message)
        return told_line("event", clean(str(kind), 40), clean(text, MAX_MESSAGE), self.step, time())

    def notice(self, kind: str, message: str) -> bytes:
        """The line of what the writer tells of itself."""
        return told_line("notice", kind, clean(message, MAX_MESSAGE), self.step, time())

    def config(self, settings: Any, more: Mapping[str, Any]) -> bytes:
        """The line of settings: numbers, truth values and text as they are, anything else as its text."""
        named = list(flat(settings)) if isinstance(settings, Mapping) else []
        if settings is not None and not isinstance(settings, Mapping):
            named.append(("config", settings))
        named += flat(more)
        if len(named) > MAX_SETTINGS:
            self._told("config", f"{len(named)} settings; the first {MAX_SETTINGS} are kept")
        return line({"config": {name[:MAX_NAME]: _setting(value) for name, value in named[:MAX_SETTINGS]}})


def _setting(value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return clean(value, MAX_MESSAGE)
    found = outcome(lambda: number(value))
    return shown(value) if isinstance(found, Exception) else spelled(found)
