"""Lines that hold more or less than one object: glued by two writers or a lost newline, torn, full of NULs."""

import json
import re
from typing import Any

from descentry.sources.json.values import BadJson, clean_name, parsed, whole

MAX_GLUED = 100_000
_NULS = re.compile(rb"\0+")
_INSIDE = (":", ",", "[")
"""What stands before an object that is a part of another."""


def objects(line: bytes) -> tuple[list[dict[str, Any]], bytes]:
    """The objects of a line that is none itself, and what of it is left out (b"": nothing).

    Several objects in a row; or one behind the beginning of another that was never ended.
    """
    text = line.strip().decode("utf-8", "replace")
    found: list[dict[str, Any]] = []
    decoder = json.JSONDecoder(parse_constant=str, parse_int=whole)
    at = 0
    while at < len(text) and len(found) < MAX_GLUED:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        if not isinstance(value, dict):
            break
        found.append(value)
        at = end + len(text[end : end + 100]) - len(text[end : end + 100].lstrip(" \t\r,"))
    rest = text[at:]
    if rest and len(found) < MAX_GLUED:
        last = _behind_a_torn_one(rest)
        if last is not None:
            return [*found, last[0]], last[1].encode("utf-8", "replace")
    return found, rest.encode("utf-8", "replace")


def _behind_a_torn_one(text: str) -> tuple[dict[str, Any], str] | None:
    """The object at the end of a text that begins with a torn one, and the torn one."""
    at = text.rfind('{"')
    before = text[:at].rstrip()
    if at <= 0 or not before or before.endswith(_INSIDE):
        return None
    try:
        value = parsed(text[at:].encode("utf-8", "replace"))
    except BadJson:
        return None
    return (value, text[:at]) if isinstance(value, dict) and value else None


def without_nuls(line: bytes) -> list[bytes]:
    """The pieces of a line between runs of NULs."""
    return [piece for piece in _NULS.split(line) if piece.strip()]


def twice(line: bytes) -> list[str]:
    """The keys that stand more than once in one object of the line."""
    found: list[str] = []

    def looked_at(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        row = dict(pairs)
        if len(row) != len(pairs):
            seen: set[str] = set()
            found.extend(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        return row

    try:
        json.loads(
            line.decode("utf-8", "replace"), object_pairs_hook=looked_at, parse_constant=str, parse_int=str
        )
    except (ValueError, RecursionError):
        return []
    return [clean_name(key) for key in dict.fromkeys(found)]


def n_keys(value: Any) -> int:
    """How many keys the objects in a value have together."""
    n = 0
    waiting = [value]
    while waiting:
        its = waiting.pop()
        if isinstance(its, dict):
            n += len(its)
            its = its.values()
        waiting.extend(inner for inner in its if isinstance(inner, dict | list))
    return n
