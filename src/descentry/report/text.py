"""Words and numbers as people see them: escaped, grouped, cut to a width, or reduced to ASCII."""

from descentry.record.legible import clipped as clipped
from descentry.record.legible import escaped as escaped
from descentry.record.legible import n_cells as n_cells
from descentry.record.legible import wrapped as wrapped

_ASCII = str.maketrans({
    "■": "#", "▲": "!", "●": "o", "·": "-", "…": "~", "±": "+-", "–": "-", "—": "-", "−": "-", "≈": "~",
    "×": "x", "─": "-", "━": "=", "│": "|", "└": "+", "┤": "|", "┬": "+", "┊": ":", "•": "*", "→": "->",
    "≤": "<=", "≥": ">=", "’": "'", "‘": "'", "“": '"', "”": '"', "\u2009": " ", "\u202f": " ", "\u00a0": " ",
})  # fmt: skip
_TOP_DOTS = 0b00011011
"""The upper two rows of a braille cell; the lower two are the other four bits."""


def steps(step: int) -> str:
    """A step with its digits in groups of three: `128 000`."""
    return f"{step:,}".replace(",", " ")


def number(value: float) -> str:
    """Four significant digits: `3.142`, `1.2e-05`, `nan`."""
    return f"{value:.4g}"


def to_ascii(text: str) -> str:
    """`text` for a terminal that knows ASCII only: marks become letters, braille becomes `'`, `.`, `:`."""
    plain = "".join(_dots(char) if "\u2800" <= char <= "\u28ff" else char for char in text)
    return plain.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def _dots(char: str) -> str:
    bits = ord(char) - 0x2800
    upper, lower = bits & _TOP_DOTS, bits & ~_TOP_DOTS
    if not bits:
        return " "
    return ":" if upper and lower else "'" if upper else "."
