"""JSON text to Python values, whatever the text: NaN literals, lone surrogates, deep nesting."""

import json
import re
from typing import Any

import orjson

_LITERAL = re.compile(rb"([:,\[]\s*)(-?(?:NaN|Infinity|nan|inf|Inf|NAN|INF))(?=\s*[,}\]])")
"""Python's spellings, then those of C's printf."""
_LITERALS = (b"NaN", b"Infinity", b"nan", b"inf", b"Inf", b"NAN", b"INF")


class BadJson(ValueError):
    """The text is no JSON; the message says where and why."""


def parsed(data: bytes) -> Any:
    """The value that `data` spells; literals like NaN become strings: "NaN", "Infinity", "-Infinity".

    Raises BadJson.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        return _parsed_otherwise(data, str(error))


def _parsed_otherwise(data: bytes, reason: str) -> Any:
    """What orjson refuses: literals, lone surrogates, bytes that are no UTF-8."""
    if any(word in data for word in _LITERALS):
        data = _LITERAL.sub(rb'\1"\2"', data)
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError as error:
            reason = str(error)
    if b"\\u" not in data and b"\\U" not in data and _is_utf8(data):
        raise BadJson(reason)
    try:
        return json.loads(data.decode("utf-8", "replace"), parse_int=whole)
    except (ValueError, RecursionError) as error:
        raise BadJson(str(error)) from error


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def whole(text: str) -> int | float:
    """An integer; as a float when it is too long to be a count of anything."""
    return int(text) if len(text) < 20 else float(text)


def clean_name(name: str) -> str:
    """The name as it can be shown and stored: no lone surrogates, at most 400 characters."""
    if len(name) <= 400 and name.isascii():
        return name
    return name[:400].encode("utf-8", "replace").decode("utf-8")
