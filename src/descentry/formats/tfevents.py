"""TensorBoard's Event message: scalars out of the bytes of one record.

Event: 1 wall_time, 2 step, 3 file_version, 5 summary, 7 session_log.  Summary: 1 value.  Value: 1 tag,
2 simple_value, 8 tensor, 9 metadata.  A scalar is a `simple_value` (torch, tensorboardX, TF1) or a tensor
with one element whose plugin is "scalars" or unnamed (TF2).
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from descentry.formats.proto import (
    BYTES,
    FIXED32,
    FIXED64,
    VARINT,
    BadMessage,
    Value,
    fields,
    signed,
    varints,
)

_DOUBLE = struct.Struct("<d")
_FLOAT = struct.Struct("<f")
SESSION_START = 1

_CONTENT = {
    1: "<f4", 2: "<f8", 3: "<i4", 4: "u1", 5: "<i2", 6: "i1", 9: "<i8", 17: "<u2", 19: "<f2",
    22: "<u4", 23: "<u8",
}  # fmt: skip
"""numpy types of `tensor_content` by TensorFlow's dtype number."""
BFLOAT16 = 14
HALF = 19


class Scalar(NamedTuple):
    tag: str
    value: float


class Event(NamedTuple):
    """One record.  `wall_time` is NaN where it is missing; `is_start`: a SessionLog START (a restart)."""

    wall_time: float
    step: int
    scalars: list[Scalar]
    is_start: bool
    n_others: int


def event_of(payload: bytes, plugins: dict[str, str]) -> Event:
    """The event that a record holds.  `plugins`: the plugin of each tag seen so far; kept up to date, since
    writers may name it only once.  Raises BadMessage."""
    wall, step, is_start, n_others = float("nan"), 0, False, 0
    scalars: list[Scalar] = []
    for number, kind, value in fields(payload):
        if number == 1 and kind == FIXED64:
            wall = _DOUBLE.unpack(_bytes(value))[0]
        elif number == 2 and kind == VARINT:
            step = signed(_int(value))
        elif number == 5 and kind == BYTES:
            found = list(_values(_bytes(value), plugins))
            scalars += [scalar for scalar in found if scalar is not None]
            n_others += sum(scalar is None for scalar in found)
        elif number == 7 and kind == BYTES:
            is_start = any(n == 1 and v == SESSION_START for n, _, v in fields(_bytes(value)))
    return Event(wall, step, scalars, is_start, n_others)


def _bytes(value: Value) -> bytes:
    if isinstance(value, int):
        raise BadMessage("a number stands where bytes are expected")
    return value


def _int(value: Value) -> int:
    if not isinstance(value, int):
        raise BadMessage("bytes stand where a number is expected")
    return value


def _values(summary: bytes, plugins: dict[str, str]) -> Iterator[Scalar | None]:
    """The values of a Summary; None for what is no scalar (histograms, texts, images)."""
    for number, kind, value in fields(summary):
        if number == 1 and kind == BYTES:
            yield _value(_bytes(value), plugins)


def _value(data: bytes, plugins: dict[str, str]) -> Scalar | None:
    tag, simple, tensor = "", None, None
    plugin = None
    for number, kind, value in fields(data):
        if number == 1 and kind == BYTES:
            tag = _bytes(value).decode("utf-8", "replace")
        elif number == 2 and kind == FIXED32:
            simple = float(_FLOAT.unpack(_bytes(value))[0])
        elif number == 8 and kind == BYTES:
            tensor = _bytes(value)
        elif number == 9 and kind == BYTES:
            plugin = _plugin(_bytes(value))
    if plugin is not None and (tag in plugins or len(plugins) < 100_000):
        plugins[tag] = plugin
    if simple is not None:
        return Scalar(tag, simple)
    if tensor is None or plugins.get(tag, "scalars") not in ("", "scalars"):
        return None
    number_ = tensor_scalar(tensor)
    return None if number_ is None else Scalar(tag, number_)


def _plugin(metadata: bytes) -> str:
    """The plugin's name in a SummaryMetadata (1 plugin_data, in it 1 plugin_name)."""
    for number, kind, value in fields(metadata):
        if number == 1 and kind == BYTES:
            for inner, inner_kind, name in fields(_bytes(value)):
                if inner == 1 and inner_kind == BYTES:
                    return _bytes(name).decode("utf-8", "replace")
    return ""


def tensor_scalar(data: bytes) -> float | None:
    """The value of a TensorProto with one element, None for any other.  Raises BadMessage."""
    dtype = 0
    content: bytes | None = None
    found: list[float] = []
    for number, kind, value in fields(data):
        if number == 1 and kind == VARINT:
            dtype = _int(value)
        elif number == 4 and kind == BYTES:
            content = _bytes(value)
        elif number in _LISTS:
            found += _elements(number, kind, value, dtype)
    if content:
        return _of_content(content, dtype)
    return found[0] if len(found) == 1 else None


_LISTS = frozenset({5, 6, 7, 10, 13, 16, 17})
"""float_val, double_val, int_val, int64_val, half_val, uint32_val, uint64_val."""


def _elements(number: int, kind: int, value: Value, dtype: int) -> list[float]:
    """The elements of one `…_val` field, packed or single."""
    if number in (5, 6):
        form = "<f4" if number == 5 else "<f8"
        data = _bytes(value)
        if len(data) % np.dtype(form).itemsize:
            raise BadMessage(f"{len(data)} bytes are no whole number of values")
        return [float(x) for x in np.frombuffer(data, form)[:2]]
    raw = [_int(value)] if kind == VARINT else varints(_bytes(value)[:64])
    if number == 13:
        return [_half(x & 0xFFFF, dtype) for x in raw]
    return [float(x if number in (16, 17) else signed(x)) for x in raw]


def _half(bits: int, dtype: int) -> float:
    if dtype == BFLOAT16:
        return float(np.array([bits << 16], np.uint32).view(np.float32)[0])
    return float(np.array([bits], np.uint16).view(np.float16)[0])


def _of_content(content: bytes, dtype: int) -> float | None:
    if dtype == BFLOAT16 and len(content) == 2:
        return _half(int.from_bytes(content, "little"), dtype)
    form = _CONTENT.get(dtype)
    if form is None or len(content) != np.dtype(form).itemsize:
        return None
    return float(np.frombuffer(content, form)[0])
