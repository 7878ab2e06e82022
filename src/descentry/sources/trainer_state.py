"""Hugging Face `trainer_state.json`: `log_history`, one dict per logging step.

Written by transformers' Trainer (4.x, 5.x) beside each checkpoint and at the end, and by what builds on it
(TRL, LLaMA-Factory, axolotl).  Training, `eval_*` and final entries are mixed; a final entry (it has a
`train_runtime`) is a summary of the run and goes to the config, like the fields beside the history.  A file
that is cut off gives the entries that are whole.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from descentry.record.chunk import Chunk
from descentry.record.errors import DamagedError
from descentry.sources.json_rows import JsonRows
from descentry.sources.json_values import BadJson, clean_name, parsed
from descentry.sources.notes import Notes
from descentry.sources.whole_file import follow_whole, read_whole

format = "trainer_state"

HISTORY = re.compile(rb'"log_history"\s*:\s*\[')


def matches(path: Path, head: bytes) -> bool:  # noqa: ARG001
    """True for a JSON object with a `log_history`."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and HISTORY.search(head) is not None


def read(path: Path) -> Iterator[Chunk]:
    """The whole history as chunks.  Raises UnreadableError, DamagedError."""
    return read_whole(path, rows_of)


def follow(path: Path) -> Iterator[Chunk]:
    """The entries that each new version of the file adds.  Raises UnreadableError."""
    return follow_whole(path, rows_of)


def rows_of(content: bytes, name: str) -> Chunk:
    """All rows of the document.  Raises DamagedError when it has no history."""
    notes = Notes(name)
    rows = JsonRows(notes)
    try:
        state = parsed(content)
    except BadJson as error:
        state = {"log_history": _whole_entries(content)}
        notes.add("torn_tail", f"the file is damaged ({error}); its whole entries were read")
    history = state.get("log_history") if isinstance(state, dict) else None
    if not isinstance(history, list):
        raise DamagedError(name, "has no list `log_history`", "expected a trainer_state.json of transformers")
    config = {clean_name(key): value for key, value in state.items() if not isinstance(value, list | dict)}
    for i, entry in enumerate(history):
        _take(rows, notes, entry, i, config)
    chunk = rows.chunk()
    return Chunk(chunk.steps, chunk.columns, chunk.wall_times, chunk.events, {**chunk.config, **config})


def _take(rows: JsonRows, notes: Notes, entry: object, i: int, config: dict[str, Any]) -> None:
    """One entry of the history: a row, or the summary at the end of a training."""
    if not isinstance(entry, Mapping):
        notes.add("bad_line", f"entry {i} of `log_history` is no object and was left out")
    elif "train_runtime" in entry:
        config.update(
            (clean_name(key), value) for key, value in entry.items() if key not in ("step", "epoch")
        )
    else:
        rows.add(entry, None)


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
