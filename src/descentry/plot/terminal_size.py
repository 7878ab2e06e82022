"""How large a plot in the terminal may be; plotext is not needed to ask."""

from descentry.record.errors import UsageError

MIN_COLUMNS, MAX_COLUMNS = 40, 1000
MIN_ROWS, MAX_ROWS = 6, 500
_MARGIN = 10


def checked(columns: float | None, rows: float | None) -> tuple[int | None, int | None]:
    """Columns and rows as whole numbers, None where none are given.  Raises UsageError for what no terminal has."""
    for value, least, most, name in (
        (columns, MIN_COLUMNS, MAX_COLUMNS, "width"),
        (rows, MIN_ROWS, MAX_ROWS, "height"),
    ):
        if value is not None and not least <= value <= most:
            unit = "columns" if name == "width" else "rows"
            raise UsageError(f"--{name} {value:g}: expected {least} to {most} {unit} in a terminal")
    return None if columns is None else int(columns), None if rows is None else int(rows)


def columns(width: int) -> int:
    """Places along x that a terminal of so many cells can tell apart."""
    return 2 * max(width - _MARGIN, 20)
