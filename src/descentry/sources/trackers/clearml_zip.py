"""ClearML's offline sessions: `<task>.zip`, or the `metrics.jsonl` of a session that still runs.

Written by clearml 1.x and 2.x (`Task.set_offline`): `task.json` and `metrics.jsonl`, each line a list of events
with metric, variant, iteration, value and milliseconds.  A variant that is named as its metric is left
out of the name.  ClearML stores NaN and infinities as 0.0: such zeros are told and not undone, since nothing says
what stood there.  A resumed task is a session, and a run, of its own.
"""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from descentry.formats.blocks import head as start_of
from descentry.formats.zip_members import HEAD, Archive, members_of
from descentry.record.chunk import Chunk, empty
from descentry.record.errors import DamagedError
from descentry.record.event import Event
from descentry.sources.drive import follow_stream, read_stream
from descentry.sources.json.values import BadJson, clean_name, parsed
from descentry.sources.numbers import number
from descentry.sources.protocol import OneRun
from descentry.sources.rows import bounded
from descentry.sources.settled import follow_settled
from descentry.sources.store import only_run
from descentry.sources.trackers.archive_log import rows_of
from descentry.sources.trackers.clearml_events import SCALAR, ClearmlEvents

format = "clearml"

METRICS, TASK = "metrics.jsonl", "task.json"
N_LOOKED_AT = 8
"""Archives of a folder that are opened to see whether it is ClearML's."""
MAX_SETTINGS = 1000
MAX_TASK = 16 << 20
"""Bytes of `task.json`, which holds the script's uncommitted changes too."""
MAX_NESTED = 200_000
"""Lists and objects in it, each of which takes some hundred bytes."""
_NAME = re.compile(r"offline-[0-9a-f]{32}\.zip")
_FIRST = re.compile(rb'\s*\[\s*\{\s*"')


def matches(path: Path, head: bytes) -> bool:
    """True for a session's archive, its `metrics.jsonl`, and a folder that holds such archives."""
    if head.startswith(HEAD):
        return is_clearml(members_of(path, head))
    if head:
        return _FIRST.match(head) is not None and SCALAR.encode() in head and b'"variant"' in head
    return any(is_clearml(members_of(archive, HEAD)) for archive in _archives(path)[:N_LOOKED_AT])


def is_clearml(names: frozenset[str]) -> bool:
    """Whether an archive with such members is ClearML's."""
    return {METRICS, TASK} <= names


def _archives(folder: Path) -> list[Path]:
    """The sessions' archives in a folder, sorted, without those whose session still lies beside; [] for none."""
    try:
        with os.scandir(folder) as entries:
            found = [Path(entry.path) for entry in entries if _NAME.fullmatch(entry.name) and entry.is_file()]
    except OSError:
        return []
    return sorted(path for path in found if not (path.with_suffix("") / METRICS).is_file())


def runs(path: Path) -> Sequence[tuple[str, OneRun]]:
    """The sessions of a folder by their ids, or the only one of an archive.  Raises InputError."""
    if not path.is_dir():
        return [(path.stem, Session(path))]
    return [(archive.stem, Session(archive)) for archive in _archives(path)]


def read(path: Path) -> Iterator[Chunk]:
    """The only session at `path` as chunks.  Raises InputError; UsageError where there are several."""
    return only_run(path, runs(path)).read(path)


def follow(path: Path) -> Iterator[Chunk]:
    """The only session as it grows; an archive is read again when it changes.  Raises as `read`."""
    return only_run(path, runs(path)).follow(path)


class Session:
    """Reads one session, an archive or a plain file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, path: Path) -> Iterator[Chunk]:  # noqa: ARG002
        """The whole session.  Raises UnreadableError, DamagedError."""
        if self._is_archive():
            return _read_archive(self._path)
        return read_stream(self._path, ClearmlEvents)

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The session as it grows.  Raises UnreadableError, DamagedError."""
        if self._is_archive():
            return follow_settled(lambda: [self._path], lambda: self.read(path))
        return follow_stream(self._path, ClearmlEvents)

    def _is_archive(self) -> bool:
        return start_of(self._path, len(HEAD)).startswith(HEAD)


def _read_archive(path: Path) -> Iterator[Chunk]:
    with Archive(path) as archive:
        if not is_clearml(archive.names):
            problem = f"is no archive of ClearML: {METRICS} or {TASK} is missing"
            raise DamagedError(str(path), problem, "export the task anew")
        events = ClearmlEvents(f"{path.name}/{METRICS}")
        yield from bounded(empty((), _config(archive)))
        yield from rows_of(archive, METRICS, events)


def _config(archive: Archive) -> dict[str, object]:
    """The task's name and hyperparameters."""
    content = archive.whole(TASK, MAX_TASK)
    try:
        task = parsed(content) if content.count(b"[") + content.count(b"{") <= MAX_NESTED else None
    except BadJson:
        task = None
    config: dict[str, object] = {}
    if not isinstance(task, dict):
        message = f"{TASK} is no description of a task: its settings were left out"
        archive.events.append(Event("bad_config", message, f"{archive.path.name}/{TASK}"))
        return config
    if isinstance(task.get("name"), str):
        config["name"] = clean_name(task["name"])
    sections = task.get("hyperparams")
    for section in sections.values() if isinstance(sections, dict) else ():
        for name, item in section.items() if isinstance(section, dict) else ():
            if len(config) < MAX_SETTINGS:
                _set(config, clean_name(name), item)
    return config


def _set(config: dict[str, object], name: str, item: Any) -> None:
    value = item.get("value") if isinstance(item, dict) else None
    if isinstance(value, str):
        spelled = number(value)
        config[name] = clean_name(value) if spelled is None else spelled
