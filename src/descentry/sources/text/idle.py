"""Lines that say nothing, told apart before they are looked at.

Most lines of a noisy log are of a few shapes, or hold no number at all.  A shape that has said nothing once
never does: its digits alone differ, and those are kept apart as far as any expression asks for them.
"""

import re

MAX_SHAPES = 4096
MAX_LINE = 400
"""Characters of a line that is remembered."""

_CLASSES = bytes.maketrans(b"2456789", b"3999999")
_SIGNS = re.compile(r"[0-9|┃│║━({]")
"""A number, a table's row, a dump of settings."""
_INFINITE = re.compile(r"inf(?!o)", re.IGNORECASE)
_STARTS = ("epoch", "step", "iter", "global_step", "round", "class", "e  ")
"""The first words of headers."""


class Idle:
    """Remembers shapes that said nothing.  `clear` forgets them, where what lines say has changed."""

    def __init__(self) -> None:
        self._shapes: set[bytes] = set()

    def after(self, lines: list[str], start: int) -> int:
        """The index of the first line from `start` that may say something."""
        shapes = self._shapes
        for i in range(start, len(lines)):
            line = lines[i]
            if line and shape_of(line) not in shapes and not is_mute(line):
                return i
        return len(lines)

    def learn(self, line: str) -> None:
        """The line said nothing."""
        if len(line) <= MAX_LINE and len(self._shapes) < MAX_SHAPES:
            self._shapes.add(shape_of(line))

    def clear(self) -> None:
        """What said nothing may say something now."""
        self._shapes.clear()


def shape_of(line: str) -> bytes:
    """What lines of one shape have alike."""
    return line.encode("utf-8", "surrogatepass").translate(_CLASSES)


def is_mute(line: str) -> bool:
    """Whether nothing in the line is a number, stands in the place of one, or tells what lines below are about."""
    if len(line) > MAX_LINE or _SIGNS.search(line) is not None:
        return False
    low = line.lower()
    if "nan" in low or "none" in low or "null" in low or "n/a" in low or ":::" in low:
        return False
    if "val" in low or "test" in low or "dev" in low or "held" in low:
        return False
    if "--" in low or ("inf" in low and _INFINITE.search(low)):
        return False
    return not low.lstrip().startswith(_STARTS)
