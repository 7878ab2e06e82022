"""From what a user names to logs: a file, a folder, a glob, an archive, `-` for stdin, a pipe, an address."""

import os
import re
import stat
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from glob import glob, has_magic
from importlib import import_module
from os.path import lexists
from pathlib import Path

from descentry.formats.blocks import head
from descentry.record.errors import InputError, UnknownFormatError, UnreadableError
from descentry.sources.places.archives import is_archive, unpack
from descentry.sources.places.find import find, recognised
from descentry.sources.places.run_ids import file_id
from descentry.sources.places.spool import Kept, Spool, copied, renamed
from descentry.sources.protocol import Log

STDIN = "-"
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
SCHEMES = {
    "s3": "descentry.sources.places.objects",
    "s3a": "descentry.sources.places.objects",
    "gs": "descentry.sources.places.objects",
    "az": "descentry.sources.places.objects",
    "abfs": "descentry.sources.places.objects",
    "abfss": "descentry.sources.places.objects",
    "http": "descentry.sources.places.objects",
    "https": "descentry.sources.places.objects",
    "wandb": "descentry.sources.wandb.api",
    "comet": "descentry.sources.trackers.comet_api",
    "mlflow": "descentry.sources.mlflow.rest",
    "mlflow+http": "descentry.sources.mlflow.rest",
    "mlflow+https": "descentry.sources.mlflow.rest",
    "postgresql": "descentry.sources.mlflow.postgres",
    "postgres": "descentry.sources.mlflow.postgres",
}
"""Who reads what stands at an address: a module with `logs(address)`."""


def expand(target: str) -> list[str]:
    """What a name stands for: itself, or what a glob matches, sorted.  Raises UnreadableError."""
    if not target or "\0" in target:
        advice = "name a file, a folder, an address, or `-` for stdin"
        raise UnreadableError(repr(target), "is no name: it is empty or holds a NUL character", advice)
    if target == STDIN or _ADDRESS.match(target) or not has_magic(target) or lexists(target):
        return [target]
    matches = sorted(glob(target, recursive=True))
    if not matches:
        raise UnreadableError(target, "matches no file", "check the pattern")
    return matches


def logs_at(target: str, skipped: list[Path] | None = None) -> list[Log]:
    """The logs that one name (no glob) stands for, never empty; files that no reader knows go into `skipped`.

    What is no local file is copied to a temporary folder that lives as long as its logs.  Raises InputError.
    """
    if target == STDIN:
        return _stdin()
    address = _ADDRESS.match(target)
    if address:
        return _at_address(target, address[1].lower())
    path = Path(target)
    if _is_pipe(path):
        return _pipe(path)
    if path.is_file():
        start = head(path)
        if is_archive(start) and recognised(path, start) is None:
            return _in_archive(path, start)
    return find(path, skipped)


def all_logs(target: str) -> list[Log]:
    """The logs of everything that a name stands for, with ids that are unique in the list.  Raises InputError."""
    return unique([log for one in expand(target) for log in logs_at(one)])


def unique(logs: Iterable[Log], taken: set[str] | None = None) -> list[Log]:
    """The logs, their places in the ids where two would be called the same; `taken` grows by the ids."""
    seen = set() if taken is None else taken
    out = []
    for log in logs:
        run = log.run
        while run in seen:
            run = log.place if run == log.run else run + "'"
        seen.add(run)
        out.append(log if run == log.run else replace(log, run=run))
    return out


def kept(logs: Iterable[Log], spool: Spool, copy: Path, where: str) -> list[Log]:
    """Logs found in a copy, under the names that the user knows: `copy` in a path stands for `where`."""
    return [
        replace(
            log,
            reader=Kept(log.reader, spool, str(copy), where),
            where=log.place.replace(str(copy), where),
        )
        for log in logs
    ]


def _at_address(target: str, scheme: str) -> list[Log]:
    module = SCHEMES.get(scheme)
    if module is None:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        raise UnreadableError(
            target, f"is an address of an unknown kind ({scheme}://)", f"expected one of {known}"
        )
    logs: Callable[[str], list[Log]] = import_module(module).logs
    return logs(target)


def _in_archive(path: Path, start: bytes) -> list[Log]:
    spool = Spool()
    folder = spool.folder / (file_id(path) or "archive")
    folder.mkdir()
    if not unpack(path, start, folder):
        raise UnknownFormatError(str(path), "is an archive without a file that could be a log", "name a log")
    try:
        logs = find(folder)
    except InputError as error:
        raise renamed(error, str(folder), str(path)) from error
    return kept(logs, spool, folder, str(path))


def _stdin() -> list[Log]:
    if sys.stdin is None:
        raise UnreadableError("stdin", "is closed", "pipe a log into it or name a file")
    return _from_stream(sys.stdin.buffer.read, "stdin")


def _is_pipe(path: Path) -> bool:
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def _pipe(pipe: Path) -> list[Log]:
    """A pipe that nobody writes to is empty."""
    try:
        handle = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise UnreadableError(str(pipe), f"cannot be opened: {error.strerror}", "name a file") from error
    with os.fdopen(handle, "rb", buffering=0) as source:
        os.set_blocking(handle, True)
        return _from_stream(lambda n: source.read(n) or b"", str(pipe))


def _from_stream(read: Callable[[int], bytes], where: str) -> list[Log]:
    """The log that a stream delivers, read to its end."""
    spool = Spool()
    copy = spool.folder / "stdin"
    copied(read, copy, where)
    try:
        start = head(copy)
        logs = find(copy) if recognised(copy, start) or not is_archive(start) else _in_archive(copy, start)
    except InputError as error:
        raise renamed(error, str(copy), where) from error
    return [replace(log, run=log.run.replace("stdin", where, 1)) for log in kept(logs, spool, copy, where)]
