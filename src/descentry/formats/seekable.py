"""A file to jump about in (an archive, a table with its index at the end), also where it is packed as a whole."""

import io
from pathlib import Path
from typing import BinaryIO

from descentry.formats.blocks import Blocks, opened, read_some
from descentry.formats.packed import MAGICS
from descentry.record.errors import DamagedError

MAX_UNPACKED = 256 << 20
"""Bytes of a compressed file that are held in memory, since it cannot be read from its middle."""


def seekable(path: Path) -> BinaryIO:
    """The content of `path`, positioned at its start.  Raises UnreadableError, DamagedError."""
    handle = opened(path)
    try:
        start = read_some(handle, max(map(len, MAGICS)), path)
        handle.seek(0)
    except OSError:
        handle.close()
        raise
    if not start.startswith(MAGICS):
        return io.BufferedReader(handle)  # type: ignore[type-var]
    handle.close()
    return _unpacked(path)


def _unpacked(path: Path) -> BinaryIO:
    whole = io.BytesIO()
    source = Blocks(path)
    for block in source:
        if whole.tell() + len(block) > MAX_UNPACKED:
            problem = f"unpacks to more than {MAX_UNPACKED >> 20} MiB"
            raise DamagedError(str(path), problem, "unpack it first, then name what comes out")
        whole.write(block)
    if source.events:
        raise DamagedError(str(path), source.events[0].message.split(";")[0], "copy it here once more")
    whole.seek(0)
    return whole
