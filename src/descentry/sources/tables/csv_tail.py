"""Whether the last line of a CSV log, which has no newline, is whole: judged by the lines before it."""

import re
from collections.abc import Sequence

_FIXED = re.compile(r"[+-]?[0-9]*\.([0-9]+)")
_WHOLE = re.compile(r"[+-]?([0-9]+)")


N_COMPARED = 8
"""Lines before the last one that must all have as many decimals as it has."""


def is_whole(row: Sequence[str], before: Sequence[Sequence[str]]) -> bool:
    """Whether the last cell of `row` is as long as its likes in the rows `before`, of which the last is the nearest.

    An empty cell is whole, and so is one that equals the cell before; a number with as many decimals as all of
    them; a whole number with as many digits or more.  What has no fixed length is not: it may be cut.
    """
    if not row or not before or len(row) != len(before[-1]):
        return False
    cell, like = row[-1], before[-1][-1]
    if not cell or cell == like:
        return True
    likes = [_FIXED.fullmatch(other[-1]) for other in before if len(other) == len(row)]
    if len({len(found[1]) for found in likes if found}) > 1:
        return False
    for pattern in (_FIXED, _WHOLE):
        ours, theirs = pattern.fullmatch(cell), pattern.fullmatch(like)
        if ours and theirs:
            n_ours, n_theirs = len(ours[1]), len(theirs[1])
            return n_ours == n_theirs if pattern is _FIXED else n_ours >= n_theirs
    return False
