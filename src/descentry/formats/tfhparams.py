"""The settings that TensorBoard's hparams plugin keeps in an event: a SessionStartInfo in the metadata of a value.

Event 5 summary > 1 value: 1 tag, 9 metadata > 1 plugin_data > 2 content: 3 session_start_info > 1 entries of a map:
1 key, 2 value.  A value is 2 a double, 3 a string, 4 a bool; null, lists and structs say nothing here.
"""

import struct
from collections.abc import Iterator

from descentry.formats.proto import BYTES, FIXED64, VARINT, spans, varint

PLUGIN = "hparams"
TAG = b"_hparams_/session_start_info"
MAX_SETTINGS = 1000
MAX_TEXT = 4096
_DOUBLE = struct.Struct("<d")


def settings_of(payload: bytes) -> dict[str, object]:
    """The settings in an event's payload by name, {} where it holds none.  Raises BadMessage."""
    if TAG not in payload:
        return {}
    found: dict[str, object] = {}
    for start, stop in _inside(payload, [(0, len(payload))], (5, 1, 9, 1, 2, 3, 1)):
        name, value = _entry(payload, start, stop)
        if value is not None and len(found) < MAX_SETTINGS:
            found[name] = value
    return found


def _inside(data: bytes, places: list[tuple[int, int]], path: tuple[int, ...]) -> list[tuple[int, int]]:
    """Where the messages stand to which the numbers of fields lead."""
    for wanted in path:
        places = [place for at, end in places for place in _fields(data, at, end, wanted)]
    return places


def _fields(data: bytes, at: int, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    for number, kind, start, stop in spans(data, at, end):
        if number == wanted and kind == BYTES:
            yield start, stop


def _entry(data: bytes, at: int, end: int) -> tuple[str, object]:
    """A key and its value, None for one that says nothing."""
    name, value = "", None
    for number, kind, start, stop in spans(data, at, end):
        if number == 1 and kind == BYTES:
            name = data[start : min(stop, start + MAX_TEXT)].decode("utf-8", "replace")
        elif number == 2 and kind == BYTES:
            value = _value(data, start, stop)
    return name, value


def _value(data: bytes, at: int, end: int) -> object:
    found: object = None
    for number, kind, start, stop in spans(data, at, end):
        if number == 2 and kind == FIXED64:
            found = _DOUBLE.unpack_from(data, start)[0]
        elif number == 3 and kind == BYTES:
            found = data[start : min(stop, start + MAX_TEXT)].decode("utf-8", "replace")
        elif number == 4 and kind == VARINT:
            found = bool(varint(data, start)[0])
    return found
