"""The entries of `log_history` out of the bytes of its document, as they come.

A piece of the history is cut between two entries and parsed as a list of its own: a cut that is none (inside
a text, or between the dicts of a list within an entry) gives no JSON, and more bytes are waited for.  What is
left at the end, with what stands before and behind the history, is parsed as the document that it is.
"""

import json
import re
from typing import Any

from descentry.record.errors import DamagedError
from descentry.sources.json.values import BadJson, parsed

HISTORY = re.compile(rb'"log_history"\s*:\s*\[')
MIN_PIECE = 1 << 16
MAX_WAITING = 8 << 20
"""Bytes without a whole entry: no entry of a log, and no head of a document, is as long."""
MAX_LOOKS = 64
MAX_TRIES = 4
"""Cuts of one piece that are looked at, and that are tried."""
ADVICE = "expected a trainer_state.json of transformers"
_SPACE = b" \t\r\n"


class History:
    """Takes bytes, gives entries.  `problem`: why the document could not be read to its end, "" while it can."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._head: bytes | None = None
        self._parts: list[bytes] = []
        self._n_waiting = 0
        self._n_wanted = MIN_PIECE
        self.problem = ""

    def feed(self, data: bytes) -> list[Any]:
        """The entries that are whole now; the newest may wait.  Raises DamagedError for a document without any."""
        if self.problem:
            return []
        self._parts.append(data)
        self._n_waiting += len(data)
        if self._n_waiting < self._n_wanted:
            return self._given_up() if self._n_waiting > MAX_WAITING else []
        waiting = b"".join(self._parts)
        if self._head is None:
            waiting = self._without_head(waiting)
        entries, waiting = _cut(waiting) if self._head else ([], waiting)
        self._parts, self._n_waiting = [waiting], len(waiting)
        self._n_wanted = MIN_PIECE if entries else 2 * len(waiting)
        return entries if entries or len(waiting) <= MAX_WAITING else self._given_up()

    def end(self, data: bytes) -> tuple[list[Any], dict[str, Any]]:
        """The last entries, and the fields of the document.  Raises DamagedError when it has no history."""
        if self.problem:
            return [], {}
        document = b"".join((self._head or b"", *self._parts, data))
        try:
            state = parsed(document)
        except BadJson as error:
            self.problem = str(error)
            return _whole_entries(document), {}
        history = state.get("log_history") if isinstance(state, dict) else None
        if not isinstance(history, list):
            raise DamagedError(self._name, "has no list `log_history`", ADVICE)
        return history, state

    def _given_up(self) -> list[Any]:
        """The entries that are whole before what is none; what follows is passed over."""
        self.problem = f"more than {MAX_WAITING >> 20} MiB without a whole entry of `log_history`"
        if self._head is None:
            raise DamagedError(self._name, f"has {self.problem}", ADVICE)
        document = b"".join((self._head, *self._parts))
        self._parts = []
        return _whole_entries(document)

    def _without_head(self, waiting: bytes) -> bytes:
        """What follows the start of the history, once that is there and is the document's own."""
        start = HISTORY.search(waiting)
        if start is None or not _is_outermost(waiting[: start.end()]):
            return waiting
        self._head = waiting[: start.end()]
        return waiting[start.end() :]


def _is_outermost(head: bytes) -> bool:
    """Whether a history that starts behind `head` is a field of the document itself."""
    try:
        state = parsed(head + b"]}")
    except BadJson:
        return False
    return isinstance(state, dict) and state.get("log_history") == []


def _cut(waiting: bytes) -> tuple[list[Any], bytes]:
    """The entries before the last one that begins in `waiting`, and the rest; none where no cut is sound."""
    start = len(waiting)
    n_tries = 0
    for _ in range(MAX_LOOKS):
        start = waiting.rfind(b"{", 0, start)
        if start <= 0:
            break
        before = waiting[max(0, start - 100) : start].rstrip(_SPACE)
        if not before.endswith(b",") or not before[:-1].rstrip(_SPACE).endswith(b"}"):
            continue
        comma = waiting.rfind(b",", 0, start)
        try:
            return parsed(b"[%b]" % waiting[:comma]), waiting[start:]
        except BadJson:
            n_tries += 1
            if n_tries == MAX_TRIES:
                break
    return [], waiting


def _whole_entries(content: bytes) -> list[Any]:
    """The entries of a torn history, up to the one that is cut off."""
    start = HISTORY.search(content)
    entries: list[Any] = []
    if start is None:
        return entries
    text = content[start.end() :].decode("utf-8", "replace")
    decoder = json.JSONDecoder()
    at = 0
    while True:
        at += len(text[at : at + 1000]) - len(text[at : at + 1000].lstrip(" \t\r\n,"))
        try:
            entry, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return entries
        if not isinstance(entry, dict):
            return entries
        entries.append(entry)
