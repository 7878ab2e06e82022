"""Strings of strangers made legible: escaped, measured in terminal cells, cut and wrapped to a width."""

import re
import unicodedata
from collections.abc import Iterator

_GROUP_GAP = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")
_NO_BREAK = "\u00a0"


def escaped(text: str) -> str:
    """`text` on one line and harmless: control, bidirectional and surrogate characters as `\\x1b`."""
    if text.isprintable():
        return text
    return "".join(_safe(char) for char in text)


def _safe(char: str) -> str:
    if char.isprintable() or unicodedata.category(char) == "Zs":
        return char
    return char.encode("unicode_escape").decode("ascii")


def n_cells(text: str) -> int:
    """How many terminal cells `text` takes: 2 for a wide character, 0 for a combining mark."""
    return len(text) if text.isascii() else sum(map(_cells_of, text))


def _cells_of(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def clipped(text: str, width: int) -> str:
    """`text` in at most `width` cells; what does not fit becomes `…`."""
    if n_cells(text) <= width:
        return text
    kept, used = [], 0
    for char in text:
        used += _cells_of(char)
        if used > width - 1:
            break
        kept.append(char)
    return "".join(kept).rstrip() + "…"


def wrapped(text: str, width: int, n_lines: int | None = None) -> list[str]:
    """`text` in lines of at most `width` cells, at most `n_lines` of them; grouped numbers stay whole."""
    lines = [""]
    for word in _GROUP_GAP.sub(_NO_BREAK, text).split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if n_cells(joined) <= width:
            lines[-1] = joined
        else:
            pieces = list(_pieces(word, max(width, 2)))
            lines = [*(lines if lines[-1] else []), *pieces]
    if n_lines is not None and len(lines) > n_lines:
        lines = [*lines[: n_lines - 1], " ".join(lines[n_lines - 1 :])]
    return [clipped(line.replace(_NO_BREAK, " "), width) for line in lines]


def _pieces(word: str, width: int) -> Iterator[str]:
    """`word` cut where it is wider than a whole line."""
    start, used = 0, 0
    for index, char in enumerate(word):
        used += _cells_of(char)
        if used > width:
            yield word[start:index]
            start, used = index, _cells_of(char)
    yield word[start:]
