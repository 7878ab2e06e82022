"""From what a user names to logs: a file, a folder, a glob, an archive, `-` for stdin, a pipe, an address."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from glob import glob, has_magic
from importlib import import_module
from os.path import lexists
from pathlib import Path

from descentry.formats.blocks import head
from descentry.record.errors import InputError, UnreadableError
from descentry.sources.places.addresses import ADDRESS, local, module_of
from descentry.sources.places.archives import archived
from descentry.sources.places.find import find
from descentry.sources.places.streams import is_pipe, pipe_logs, stdin_logs
from descentry.sources.places.unpack import is_archive
from descentry.sources.protocol import Log

STDIN = "-"


def expand(target: str) -> list[str]:
    """What a name stands for: itself, or what a glob matches, sorted.  Raises UnreadableError."""
    if not target or "\0" in target:
        advice = "name a file, a folder, an address, or `-` for stdin"
        raise UnreadableError(repr(target), "is no name: it is empty or holds a NUL character", advice)
    if target == STDIN or ADDRESS.match(target) or not has_magic(target) or lexists(target):
        return [target]
    matches = sorted(glob(target, recursive=True))
    if not matches:
        raise UnreadableError(target, "matches no file", "check the pattern")
    return matches


def logs_at(target: str, skipped: list[InputError] | None = None, *, live: bool = False) -> list[Log]:
    """The logs that one name (no glob) stands for, never empty; what cannot be read beside them goes into
    `skipped` (see `find`).

    What is no local file is copied to a temporary folder that lives as long as its logs.  `live`: stdin or a pipe
    is not read to its end first, so that it can be followed as it comes, and a file without rows yet is a log.
    Raises InputError.
    """
    if target == STDIN:
        return stdin_logs(skipped, live=live)
    address = ADDRESS.match(target)
    here = local(target) if address else target
    if address and here is None:
        module = import_module(module_of(target, address[1].lower()))
        logs: Callable[..., list[Log]] = module.logs
        return logs(target, skipped) if getattr(module, "tells_skipped", False) else logs(target)
    path = Path(here or target)
    if is_pipe(path):
        return pipe_logs(path, skipped, live=live)
    if path.is_file():
        start = head(path)
        if is_archive(path, start):
            return archived(path, start, skipped)
    return find(path, skipped, live=live)


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
