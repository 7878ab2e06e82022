"""Whether a place may name more logs than before, from the names and first sizes of its files alone."""

import os
from collections.abc import Iterator
from glob import has_magic
from os.path import lexists
from pathlib import Path

from descentry.record.errors import InputError
from descentry.sources.places.addresses import ADDRESS
from descentry.sources.places.targets import STDIN, expand

MOST_FILES = 100_000
"""Files of a folder whose coming and going is seen."""
_BEGUN = 1 << 16
"""Bytes by which a file is recognised: what grows beyond them is known by then."""
_DATABASES = (".db", ".sqlite", ".sqlite3")


def seen(argument: str) -> object:
    """What tells that an argument may name more logs than before; None where it never can."""
    if argument == STDIN or ADDRESS.match(argument):
        return None
    if has_magic(argument) and not lexists(argument):
        try:
            return frozenset(item for one in expand(argument) for item in _files(one))
        except InputError:
            return frozenset()
    path = Path(argument)
    if path.is_dir() or path.suffix.lower() in _DATABASES:
        return frozenset(_files(argument))
    return None


def _files(root: str) -> Iterator[tuple[str, int]]:
    """Every file with a number that changes while it grows from nothing, or whenever it does for a database."""
    n_files = 0
    pending = [root]
    while pending and n_files < MOST_FILES:
        path = pending.pop()
        try:
            if not os.path.isdir(path):
                yield path, _version(path, os.stat(path))
                continue
            with os.scandir(path) as entries:
                for entry in entries:
                    n_files += 1
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    elif entry.is_file():
                        yield entry.path, _version(entry.path, entry.stat())
        except (OSError, ValueError):
            continue


def _version(path: str, status: os.stat_result) -> int:
    if path.lower().endswith(_DATABASES):
        return status.st_mtime_ns
    return min(status.st_size, _BEGUN).bit_length()
