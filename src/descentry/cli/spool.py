"""Standard input and pipes, copied to a temporary file so that readers can look at it twice."""

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from descentry.cli.output import complain
from descentry.record.errors import UnreadableError

MAX_BYTES = 4 * 2**30
"""A pipe without end must not fill the disk: more than this is refused."""
_BLOCK = 2**20


def is_pipe(path: Path) -> bool:
    """Whether `path` is a named pipe, such as the shell's `<(command)`."""
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def spool_stdin(folder: Path, max_bytes: int = MAX_BYTES) -> Path:
    """A file in `folder` that holds all of stdin.  Raises UnreadableError: too much, or no room."""
    if sys.stdin is None:
        raise UnreadableError("stdin", "is closed", "pipe a log into it or name a file")
    if sys.stdin.isatty():
        complain("reading the log from the terminal; end it with Ctrl-D")
    return _copy(sys.stdin.buffer.read, folder / "stdin", "stdin", max_bytes)


def spool_pipe(pipe: Path, folder: Path, max_bytes: int = MAX_BYTES) -> Path:
    """A file in `folder` that holds all that a pipe delivers.  A pipe that nobody writes to is empty."""
    try:
        handle = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise UnreadableError(str(pipe), f"cannot be opened: {error.strerror}", "name a file") from error
    with os.fdopen(handle, "rb", buffering=0) as source:
        os.set_blocking(handle, True)
        return _copy(lambda n: source.read(n) or b"", folder / "stdin", str(pipe), max_bytes)


def _copy(read: Callable[[int], bytes], target: Path, where: str, max_bytes: int) -> Path:
    n_bytes = 0
    try:
        with target.open("wb") as file:
            while block := read(_BLOCK):
                n_bytes += len(block)
                if n_bytes > max_bytes:
                    advice = "save it to a file and name that file"
                    raise UnreadableError(where, f"holds more than {max_bytes} bytes", advice)
                file.write(block)
    except OSError as error:
        raise UnreadableError(
            where, f"cannot be copied: {error.strerror}", "check the space in TMPDIR"
        ) from error
    return target
