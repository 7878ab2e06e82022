"""Shape, word and colour of a severity; colour only adds, shape and word carry."""

from dataclasses import dataclass

_SHAPES = {"critical": "■", "warning": "▲", "info": "●"}
_CODES = {"critical": "1;31", "warning": "33", "info": "36", "strong": "1", "faint": "2"}


def shape(severity: str) -> str:
    """The mark of a severity: a square, a triangle, a disc; a dot for anything else."""
    return _SHAPES.get(severity, "·")


@dataclass(frozen=True, slots=True)
class Style:
    """How loud a text may be: `colour` allows ANSI codes."""

    colour: bool = False

    def paint(self, text: str, tone: str) -> str:
        """`text` in the colour of `tone` (a severity, `strong`, `faint`), unchanged without colour."""
        code = _CODES.get(tone)
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code and text else text
