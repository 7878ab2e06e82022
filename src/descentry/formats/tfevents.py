"""TensorBoard's Event message: what one record says, and where its numbers stand.

Event: 1 wall_time, 2 step, 5 summary, 7 session_log.  Summary: 1 value.  Value: 1 tag, 2 simple_value,
3 to 6 pictures, histograms, sounds, 8 tensor (of these the last one counts), 9 metadata.  Numbers are a
`simple_value` (torch, tensorboardX, TF1) or a tensor of one element whose plugin is one of `OF_NUMBERS` (TF2).
"""

import struct
from collections.abc import Callable, Iterator
from enum import Enum
from typing import NamedTuple

from descentry.formats.proto import (
    BYTES,
    FEW_FIELDS,
    FIXED32,
    FIXED64,
    VARINT,
    BadMessage,
    signed,
    spans,
    varint,
)
from descentry.formats.tfhistograms import NoHistogram, histogram_of_message, histogram_of_tensor
from descentry.formats.tftensors import NoNumber, tensor_number
from descentry.record.chunk import Floats

_DOUBLE = struct.Struct("<d")
_FLOAT = struct.Struct("<f")
SESSION_START = 1
EMPTY_HISTOGRAM = "empty histogram"
OF_NUMBERS = ("", "scalars", "tensor")
"""Plugins whose tensors of one element are points of a curve; "tensor" is what torch's `add_tensor` names."""
MAX_VALUES = 100_000
"""Values of one event; more were made up to keep us busy."""


class Kind(Enum):
    """What a value of a summary is."""

    SCALAR = "scalar"
    HISTOGRAM = "histogram"
    OTHER = "other"
    BROKEN = "broken"


class Number(NamedTuple):
    """A number and where it stands: `form` is numpy's type of the bytes at `at` of the payload, "" for none."""

    value: float
    at: int = -1
    form: str = ""


class Content(NamedTuple):
    """The field that says what a value is: its number, and where it stands in the payload."""

    number: int
    start: int
    stop: int


NO_CONTENT = Content(0, 0, 0)


class Value(NamedTuple):
    """One value of a summary.  `plugin`: None where the event names none.

    `histogram`: float64[n, 3] buckets (left, right, count).  `what`: a word for what is OTHER, or what is wrong
    with what is BROKEN.  `by_plugin`: what an earlier event said of the tag decides whether it counts.
    """

    tag: str
    kind: Kind
    number: Number
    plugin: str | None
    histogram: Floats | None = None
    what: str = ""
    by_plugin: bool = False
    content: Content = NO_CONTENT


def plugins_of(value: Value) -> tuple[str, ...]:
    """The plugins of which an earlier event must have named one, where a value names none itself; "" is none."""
    return OF_NUMBERS if value.kind is Kind.SCALAR else ("histograms",)


class Event(NamedTuple):
    """One record.  `wall_time` is NaN where it is missing; `is_start`: a SessionLog START (a restart).

    `wall_at`, `step_at`: where those stand in the payload, -1 where missing; `step_width` in bytes.
    """

    wall_time: float
    step: int
    values: list[Value]
    is_start: bool
    wall_at: int
    step_at: int
    step_width: int


def event_of(payload: bytes) -> Event:
    """The event that a record holds.  Raises BadMessage."""
    wall, step, is_start = float("nan"), 0, False
    wall_at, step_at, step_width = -1, -1, 0
    values: list[Value] = []
    for number, kind, start, stop in spans(payload, 0, len(payload), FEW_FIELDS):
        if number == 1 and kind == FIXED64:
            wall_at, wall = start, _DOUBLE.unpack_from(payload, start)[0]
        elif number == 2 and kind == VARINT:
            step_at, step_width, step = start, stop - start, signed(varint(payload, start)[0])
        elif number == 5 and kind == BYTES:
            values += _values(payload, start, stop, MAX_VALUES - len(values))
        elif number == 7 and kind == BYTES:
            is_start = _is_start(payload, start, stop)
    return Event(wall, step, values, is_start, wall_at, step_at, step_width)


class PlainEvent(NamedTuple):
    """A record that holds a time, a step and many values of the plainest kind: `at[i]` is where the float stands."""

    wall_time: float
    step: int
    tags: list[bytes]
    at: list[int]


def plain_event_of(payload: bytes) -> PlainEvent | None:
    """What `event_of` says of an event with nothing but plain values, at a fraction of its cost; None for others."""
    wall, step, tags, at = float("nan"), 0, list[bytes](), list[int]()
    try:
        for number, kind, start, stop in spans(payload, 0, len(payload), FEW_FIELDS):
            if number == 1 and kind == FIXED64:
                wall = _DOUBLE.unpack_from(payload, start)[0]
            elif number == 2 and kind == VARINT:
                step = signed(varint(payload, start)[0])
            elif number != 5 or kind != BYTES or tags or not _plain_values(payload, start, stop, tags, at):
                return None
    except BadMessage:
        return None
    return PlainEvent(wall, step, tags, at) if tags else None


def _plain_values(data: bytes, at: int, end: int, tags: list[bytes], places: list[int]) -> bool:
    """Adds tags and places of the values of a Summary; False where one is not as `_value` has them at once."""
    while at < end:
        size = data[at + 1] if at + 9 <= end else 0
        number = at + size - 2
        if not 7 <= size < 0x80 or data[at] != 0x0A or data[at + 2] != 0x0A or number + 4 > end:
            return False
        if data[at + 3] != size - 7 or data[number - 1] != 0x15:
            return False
        tags.append(data[at + 4 : number - 1])
        places.append(number)
        at = number + 4
    return len(tags) <= MAX_VALUES


def _is_start(data: bytes, at: int, end: int) -> bool:
    return any(
        number == 1 and kind == VARINT and varint(data, start)[0] == SESSION_START
        for number, kind, start, _ in spans(data, at, end, FEW_FIELDS)
    )


def _values(data: bytes, at: int, end: int, room: int) -> Iterator[Value]:
    """The values of a Summary."""
    n_other = 0
    for number, kind, start, stop in spans(data, at, end):
        if number != 1 or kind != BYTES:
            n_other += 1
            if n_other > FEW_FIELDS:
                raise BadMessage(f"it has more than {FEW_FIELDS} fields")
            continue
        room -= 1
        if room < 0:
            raise BadMessage(f"more than {MAX_VALUES} values stand in one event")
        yield _value(data, start, stop)


def _value(data: bytes, at: int, end: int) -> Value:
    name, after = at + 2, end - 5
    is_plain = name <= after < name + 0x80 and data[at] == 0x0A and data[at + 1] == after - name
    if is_plain and data[after] == 0x15:
        tag = data[name:after].decode("utf-8", "replace")
        return Value(tag, Kind.SCALAR, Number(_FLOAT.unpack_from(data, end - 4)[0], end - 4, "<f4"), None)
    return _any_value(data, at, end)


def _any_value(data: bytes, at: int, end: int) -> Value:
    tag, plugin = "", None
    content, content_kind, begin, last = 0, 0, 0, 0
    for number, kind, start, stop in spans(data, at, end, FEW_FIELDS):
        if number == 1 and kind == BYTES:
            tag = data[start:stop].decode("utf-8", "replace")
        elif number == 9 and kind == BYTES:
            plugin = _plugin(data, start, stop)
        elif number in _ONE_OF:
            content, content_kind, begin, last = number, kind, start, stop
    if content == 2 and content_kind == FIXED32:
        number_ = Number(float(_FLOAT.unpack_from(data, begin)[0]), begin, "<f4")
        return Value(tag, Kind.SCALAR, number_, plugin)
    if content == 5 and content_kind == BYTES:
        found = _histogram(tag, plugin, histogram_of_message, data, begin, last)
        return found._replace(content=Content(content, begin, last))
    if content == 8 and content_kind == BYTES:
        return _tensor(tag, plugin, data, begin, last)._replace(content=Content(content, begin, last))
    return _other(tag, plugin, _WORDS.get(content, plugin or "metadata"))


_ONE_OF = frozenset({2, 3, 4, 5, 6, 8})
_WORDS = {3: "histogram of an old style", 4: "image", 6: "audio"}
_NONE = Number(float("nan"))


def _other(tag: str, plugin: str | None, what: str) -> Value:
    return Value(tag, Kind.OTHER, _NONE, plugin, None, what)


Buckets = Callable[[bytes, int, int], Floats | None]


def _histogram(tag: str, plugin: str | None, buckets_of: Buckets, data: bytes, at: int, end: int) -> Value:
    try:
        buckets = buckets_of(data, at, end)
    except NoHistogram as error:
        return Value(tag, Kind.BROKEN, _NONE, plugin, None, str(error))
    if buckets is None:
        return _other(tag, plugin, EMPTY_HISTOGRAM)
    return Value(tag, Kind.HISTOGRAM, _NONE, plugin, buckets)


def _tensor(tag: str, plugin: str | None, data: bytes, at: int, end: int) -> Value:
    """A tensor, as its plugin says; as a number or a histogram of which the plugin is still to be looked up."""
    if plugin == "histograms":
        return _histogram(tag, plugin, histogram_of_tensor, data, at, end)
    if plugin is not None and plugin not in OF_NUMBERS:
        return _other(tag, plugin, str(plugin))
    try:
        number = Number(*tensor_number(data, at, end))
    except NoNumber as error:
        if plugin is None:
            found = _histogram(tag, plugin, histogram_of_tensor, data, at, end)
            if found.kind is Kind.HISTOGRAM:
                return found._replace(by_plugin=True)
        return _other(tag, plugin, str(error))
    return Value(tag, Kind.SCALAR, number, plugin, None, "", plugin is None)


def _plugin(data: bytes, at: int, end: int) -> str:
    """The plugin's name in a SummaryMetadata (1 plugin_data, in it 1 plugin_name)."""
    for number, kind, start, stop in spans(data, at, end, FEW_FIELDS):
        if number == 1 and kind == BYTES:
            for inner, inner_kind, first, last in spans(data, start, stop, FEW_FIELDS):
                if inner == 1 and inner_kind == BYTES:
                    return data[first:last].decode("utf-8", "replace")
    return ""
