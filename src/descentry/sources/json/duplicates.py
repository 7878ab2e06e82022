"""Keys that stand twice in one object: JSON's parsers keep the last value and say nothing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson

from descentry.sources.json.glued import n_keys, twice
from descentry.sources.notes import Notes

MAX_LOOKS = 2000
"""Lines that are looked at one by one before a log counts as one in which no key stands twice."""
COLON = 58


class Duplicates:
    """Counts the colons of rows: more than there are keys may mean that one was lost."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._n_left = MAX_LOOKS

    def look(self, data: bytes, rows: Sequence[dict[str, Any]], line: int) -> None:
        """Tells of keys that stand twice in the lines of `data`, which are `rows`, from `line` on."""
        n_colons = int(np.count_nonzero(np.frombuffer(data, np.uint8) == COLON))
        if n_colons == sum(map(len, rows)) or self._n_left <= 0:
            return
        if data.count(b'":') == _n_keys(rows):
            return
        for at, text in enumerate(data.split(b"\n"), line):
            if self._n_left <= 0:
                return
            if text:
                self.look_at(text, at)

    def look_at(self, text: bytes, line: int) -> None:
        """Tells of keys that stand twice in one line."""
        found = twice(text)
        self._n_left = MAX_LOOKS if found else self._n_left - 1
        for key in found:
            message = f"`{key}` stands twice in one object: its last value is kept"
            self._notes.add("bad_value", message, line)


def _n_keys(rows: Sequence[dict[str, Any]]) -> int:
    """How often a key's end stands in the rows, were each key written once; texts may hold such ends, too."""
    try:
        return orjson.dumps(rows).count(b'":')
    except orjson.JSONEncodeError:
        return sum(map(n_keys, rows))
