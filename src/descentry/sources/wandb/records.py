"""What single records of a `.wandb` file hold: items with a name and a JSON value, the step beside them."""

from typing import Any

from descentry.formats.proto import BYTES, VARINT, BadMessage, fields
from descentry.sources.json.values import BadJson, clean_name, parsed
from descentry.sources.wandb.walk import Irregular

KEY, NESTED_KEY, VALUE_JSON = 1, 2, 16

Items = dict[str, bytes]


def step(data: bytes) -> int | None:
    """The number in HistoryStep (field 2, in it field 1)."""
    for number, kind, value in fields(data):
        if number == 2 and kind == BYTES and isinstance(value, bytes):
            for inner, inner_kind, count in fields(value):
                if inner == 1 and inner_kind == VARINT and isinstance(count, int):
                    return count
    return None


def sound_step(data: bytes) -> int | None:
    """The same.  Raises Irregular where the record is damaged."""
    try:
        return step(data)
    except BadMessage as error:
        raise Irregular from error


def items(data: bytes, wanted: int) -> Items:
    """Name to JSON text of the items of a history or config record."""
    items: Items = {}
    for number, kind, value in fields(data):
        if number != wanted or kind != BYTES or isinstance(value, int):
            continue
        name, text = item(value)
        items[name] = text
    return items


def item(data: bytes) -> tuple[str, bytes]:
    """The name of an item, nested names joined, and the JSON text of its value."""
    names: list[str] = []
    text = b"null"
    for number, kind, value in fields(data):
        if kind == BYTES and isinstance(value, bytes):
            if number in (KEY, NESTED_KEY) and value:
                names.append(clean_name(value.decode("utf-8", "replace")))
            elif number == VALUE_JSON:
                text = value
    return "/".join(names), text


def values(items: Items) -> dict[str, Any]:
    """The items with their values parsed, in one go where all are sound; unsound ones are kept as text."""
    try:
        values = parsed(b"[" + b",".join(items.values()) + b"]")
        if len(values) == len(items):
            return dict(zip(items, values, strict=True))
    except BadJson:
        pass
    return {name: _value(text) for name, text in items.items()}


def _value(text: bytes) -> Any:
    try:
        values = parsed(b"[" + text + b"]")
    except BadJson:
        return text.decode("utf-8", "replace")
    return values[0] if len(values) == 1 else text.decode("utf-8", "replace")
