"""What goes to stdout and stderr: escaped, encodable, silent when the reader has gone."""

import os
import select
import shutil
import sys
from typing import TextIO

from descentry.report.style import Style
from descentry.report.text import clipped, escaped, to_ascii

_gone: set[TextIO] = set()
"""Streams whose reader has gone."""
_MAX_MESSAGE = 2000
"""Longer messages are cut: a hostile name must not flood the terminal."""


def width() -> int:
    """Columns of the terminal, or of `COLUMNS`; 80 where neither says."""
    return shutil.get_terminal_size((80, 24)).columns


def style() -> Style:
    """Colour on a terminal only; `NO_COLOR` forbids it, `FORCE_COLOR` asks for it everywhere."""
    if os.environ.get("NO_COLOR"):
        return Style(colour=False)
    forced = os.environ.get("FORCE_COLOR", "0") not in ("", "0")
    return Style(colour=forced or (_is_terminal(sys.stdout) and os.environ.get("TERM") != "dumb"))


def say(text: str) -> None:
    """`text` to stdout, in ASCII where its encoding cannot hold it."""
    if sys.stdout is not None:
        _write(sys.stdout, _encodable(text, sys.stdout))


def say_bytes(data: bytes) -> None:
    """UTF-8 `data` to stdout as it is, whatever the terminal's encoding."""
    if sys.stdout is None:
        return
    binary = getattr(sys.stdout, "buffer", None)
    if binary is None:
        _write(sys.stdout, data.decode())
        return
    try:
        sys.stdout.flush()
        binary.write(data)
        binary.flush()
    except BrokenPipeError:
        _reader_gone(sys.stdout)


def complain(message: str) -> None:
    """One line on stderr, whatever the message holds."""
    if sys.stderr is not None:
        line = clipped(escaped(message), _MAX_MESSAGE)
        _write(sys.stderr, _encodable(f"descentry: {line}\n", sys.stderr))


def progress(text: str) -> None:
    """A line on a terminal's stderr that the next one overwrites; nothing anywhere else."""
    if shows_progress():
        _write(
            sys.stderr,
            _encodable(f"\r\x1b[K{clipped(escaped(text), width() - 1) if text else ''}", sys.stderr),
        )


def shows_progress() -> bool:
    """Whether stderr is a terminal."""
    return _is_terminal(sys.stderr)


def has_live_line() -> bool:
    """Whether stdout is a terminal on which a line can be drawn over."""
    return _is_terminal(sys.stdout) and os.environ.get("TERM") != "dumb"


def redraw(text: str) -> None:
    """`text` instead of the row on which stdout's terminal stands; it is cut by whoever made it."""
    _write(sys.stdout, _encodable(f"\r\x1b[K{text}", sys.stdout))


def is_read() -> bool:
    """Whether somebody may still read stdout: a pipe whose reader has gone is not read."""
    if sys.stdout is None or sys.stdout in _gone:
        return sys.stdout is None
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return not any(event & (select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))
    except (AttributeError, OSError, ValueError):
        return True


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _encodable(text: str, stream: TextIO) -> str:
    try:
        text.encode(stream.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return to_ascii(text)
    return text


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _reader_gone(stream)


def _reader_gone(stream: TextIO) -> None:
    """Send the rest nowhere, so that neither this run nor Python's own last flush complains."""
    _gone.add(stream)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
