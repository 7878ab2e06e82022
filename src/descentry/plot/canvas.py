"""Braille dots on a grid of characters: two dots wide and four high in each cell."""

import numpy as np

_BLANK = 0x2800
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bit of the dot at (row, column) of a cell, from Unicode's block of braille patterns."""


class Canvas:
    """A picture of `n_columns` x `n_rows` cells.  Dots count from the left and from the top."""

    def __init__(self, n_columns: int, n_rows: int) -> None:
        self.n_columns = n_columns
        self.n_rows = n_rows
        self.n_dots_x = 2 * n_columns
        self.n_dots_y = 4 * n_rows
        self._dots = np.zeros((self.n_dots_y, self.n_dots_x), bool)
        self._glyphs: dict[tuple[int, int], str] = {}

    def bar(self, x: int, top: int, bottom: int, *, light: bool = False) -> None:
        """Dots in column `x` from row `top` down to row `bottom`, both included; every other if `light`."""
        self._dots[top : bottom + 1 : 2 if light else 1, x] = True
        self._dots[bottom, x] = True

    def line(self, x0: int, y0: int, x1: int, y1: int) -> None:
        """Dots joining two points, both included."""
        n = max(abs(x1 - x0), abs(y1 - y0)) + 1
        columns = np.rint(np.linspace(x0, x1, n)).astype(int)
        rows = np.rint(np.linspace(y0, y1, n)).astype(int)
        self._dots[rows, columns] = True

    def glyph(self, x: int, y: int, char: str) -> None:
        """`char` in the cell that holds the dot (x, y), over any dots."""
        self._glyphs[y // 4, x // 2] = char

    def pin(self, x: int, char: str) -> None:
        """`char` in every cell of the column of dot `x` that is still empty."""
        column = x // 2
        for row in range(self.n_rows):
            if not self._cell(row, column).any():
                self._glyphs.setdefault((row, column), char)

    def lines(self) -> list[str]:
        """The picture, one string per row of cells, all of one width."""
        return [
            "".join(self._char(row, column) for column in range(self.n_columns)) for row in range(self.n_rows)
        ]

    def _cell(self, row: int, column: int) -> "np.ndarray[tuple[int, int], np.dtype[np.bool_]]":
        return self._dots[4 * row : 4 * row + 4, 2 * column : 2 * column + 2]

    def _char(self, row: int, column: int) -> str:
        glyph = self._glyphs.get((row, column))
        if glyph is not None:
            return glyph
        cell = self._cell(row, column)
        bits = sum(_BITS[y][x] for y, x in np.argwhere(cell).tolist())
        return chr(_BLANK + bits) if bits else " "
