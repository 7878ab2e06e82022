"""How a table spells its numbers: decimal commas between semicolons, thousands with a point or a comma, percent,
minutes and seconds.

Between semicolons `3,5` is 3.5, and once such a cell was seen `1.000` is a thousand.  Elsewhere `1,000` is one, in
quotes between commas.  Either is told once, with the first cell that was read so.
"""

import re

from descentry.sources.notes import Notes, quoted
from descentry.sources.quantities import THOUSANDS
from descentry.sources.tables.csv_layout import DECIMAL_COMMA, with_points

_POINTS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+(?:,[0-9]*)?")


class Spelling:
    """Gives the cells of one row after the other as numbers are spelled in Python."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._has_commas = False
        self._message = ""

    def row(self, row: list[str], delimiter: str, at: int) -> list[str]:
        """The cells of the row in line `at`."""
        if delimiter == ";":
            return self._with_decimal_commas(row, at)
        if not any("," in cell for cell in row):
            return row
        return [
            self._thousands(cell, ",", at) if "," in cell and THOUSANDS.fullmatch(cell) else cell
            for cell in row
        ]

    def must_be_read_by_row(self, data: bytes, delimiter: str) -> bool:
        """Whether a point in a block between semicolons may part thousands."""
        if delimiter != ";":
            return False
        self._has_commas |= b"," in data and b"." not in data
        return b"." in data and (self._has_commas or b"," in data)

    def _with_decimal_commas(self, row: list[str], at: int) -> list[str]:
        if not self._has_commas:
            self._has_commas = any(DECIMAL_COMMA.fullmatch(cell) for cell in row if "," in cell)
        if self._has_commas:
            row = [
                self._thousands(cell, ".", at) if "." in cell and _POINTS.fullmatch(cell) else cell
                for cell in row
            ]
        return with_points(row, ";")

    def _thousands(self, cell: str, mark: str, at: int) -> str:
        plain = cell.replace(mark, "")
        if not self._message:
            self._message = (
                f"`{mark}` parts thousands, as in {quoted(cell)}: taken for {plain.replace(',', '.')}"
            )
        self._notes.add("derived", self._message, at)
        return plain
