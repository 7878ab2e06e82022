"""Protocol buffers without a schema: walks the fields of one message, bounded and checked.

No recursion, no allocation beyond slices of the message: a length that points outside it is an error.
"""

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

MAX_FIELDS = 10_000
"""Of one message that is walked field by field: W&B itself asks for fewer metrics than that in a whole project."""

MAX_SPANS = 1 << 18
"""Of one message that is walked without a copy: what is made to keep us busy costs no more than that."""
FEW_FIELDS = 16
"""No message of a log's own frame has as many fields."""

Value = int | bytes
"""An int for VARINT, bytes for the others (8, 4, or as many as the length says)."""


class BadMessage(ValueError):
    """The bytes are no protocol buffer message; the message says why."""


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The unsigned number at `at` and the position after it.  Raises BadMessage."""
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise BadMessage("a number runs past its end")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7


def signed(value: int) -> int:
    """An int64 from the unsigned number that spells it."""
    return value - (1 << 64) if value >= 1 << 63 else value


def fields(data: bytes) -> Iterator[tuple[int, int, Value]]:
    """(number, wire type, value) of each field, in order.  Raises BadMessage, also for more than `MAX_FIELDS`."""
    at, end = 0, len(data)
    for _ in range(MAX_FIELDS):
        if at >= end:
            return
        key, at = varint(data, at)
        kind = key & 7
        if kind == VARINT:
            value, at = varint(data, at)
            yield key >> 3, kind, value
            continue
        if kind == BYTES:
            size, at = varint(data, at)
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
        else:
            raise BadMessage(f"wire type {kind} is not used any more")
        if size > end - at:
            raise BadMessage(f"a field of {size} bytes does not fit into the {end - at} that are left")
        yield key >> 3, kind, data[at : at + size]
        at += size
    if at < end:
        raise BadMessage(f"it has more than {MAX_FIELDS} fields")


def varints(data: bytes) -> list[int]:
    """The numbers of a packed field.  Raises BadMessage."""
    out = []
    at = 0
    while at < len(data):
        value, at = varint(data, at)
        out.append(value)
    return out


def spans(data: bytes, at: int, end: int, most: int = MAX_SPANS) -> Iterator[tuple[int, int, int, int]]:
    """(number, wire type, start, stop) of each field of the message in `data[at:end]`: where its value stands.

    Nothing is copied, so that deep and large messages cost what is looked at.  Raises BadMessage, also for more
    than `most` fields.
    """
    room = most
    while at < end:
        key = data[at]
        at += 1
        if key >= 0x80:
            key, at = varint(data, at - 1)
        kind = key & 7
        room -= 1
        if room < 0:
            raise BadMessage(f"it has more than {most} fields")
        if kind == BYTES:
            size, start = (data[at], at + 1) if at < end and data[at] < 0x80 else varint(data, at)
            stop = start + size
        elif kind == VARINT:
            start, stop = at, at + 1 if at < end and data[at] < 0x80 else varint(data, at)[1]
        elif kind in (FIXED64, FIXED32):
            start, stop = at, at + (8 if kind == FIXED64 else 4)
        else:
            raise BadMessage(f"wire type {kind} is not used any more")
        if stop > end:
            raise BadMessage(
                f"a field of {stop - start} bytes does not fit into the {end - at} that are left"
            )
        yield key >> 3, kind, start, stop
        at = stop
