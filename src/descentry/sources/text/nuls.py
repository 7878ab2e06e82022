"""Lines that hold NULs: what a file system leaves of a write that a power loss cut off.

A run of NULs stands for text that is lost, so what is left of it may be half a line, and so may what is right
of it.  Such a piece is kept when it has the whole shape of a line before it; else it is left out and told.
"""

import re

from descentry.sources.notes import Notes
from descentry.sources.text.console import Console
from descentry.sources.text.plan import Kind
from descentry.sources.text.tail import Tail
from descentry.sources.text.tokens import HOLE

NUL = "\0"
_RUN = re.compile(f"{NUL}+")


def good_pieces(line: str, console: Console, notes: Notes, number: int) -> list[str]:
    """The pieces of line `number` that are whole lines; the NULs, and pieces that are not, are told."""
    notes.add("nul_bytes", "NUL bytes, where a write was lost, were left out", number, count=line.count(NUL))
    pieces = _RUN.split(line)
    good = []
    for i, piece in enumerate(pieces):
        if not piece.strip():
            continue
        is_begun = i == 0 or _begins_whole(piece, console)
        if not is_begun or not (i == len(pieces) - 1 or _ends_whole(piece, console)):
            notes.add("bad_line", "the rest of a line beside NUL bytes was left out", number)
        else:
            good.append(piece)
    return good


def _begins_whole(piece: str, console: Console) -> bool:
    """Whether the piece begins where a line does: it has a known shape that begins with more than a number."""
    skeleton, _ = console.understood(piece)
    plan = console.main.plans.get(skeleton)
    return plan is not None and plan.kind is not Kind.NOTHING and not skeleton.startswith(HOLE)


def _ends_whole(piece: str, console: Console) -> bool:
    """Whether the piece ends where a line does: it has a known shape, and its last number is not cut."""
    skeleton, numbers = console.understood(piece)
    return not numbers or (skeleton in console.main.plans and not Tail(console).is_torn(piece))
