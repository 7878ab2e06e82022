"""Whether the last line of a CSV log, which has no newline, is whole: judged by the line before it."""

import re
from collections.abc import Sequence

_FIXED = re.compile(r"[+-]?[0-9]*\.([0-9]+)")
_WHOLE = re.compile(r"[+-]?([0-9]+)")


def is_whole(row: Sequence[str], before: Sequence[str]) -> bool:
    """Whether the last cell of `row` is as long as its like in the row `before`.

    An empty cell is whole, and so is one that equals the cell before; a number with as many decimals; a whole
    number with as many digits or more.  What has no fixed length is not: it may be cut.
    """
    if not row or len(row) != len(before):
        return False
    cell, like = row[-1], before[-1]
    if not cell or cell == like:
        return True
    for pattern in (_FIXED, _WHOLE):
        ours, theirs = pattern.fullmatch(cell), pattern.fullmatch(like)
        if ours and theirs:
            n_ours, n_theirs = len(ours[1]), len(theirs[1])
            return n_ours == n_theirs if pattern is _FIXED else n_ours >= n_theirs
    return False
