"""The layout of a CSV log: delimiter, header or none, what each column is for."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from descentry.sources.json.values import clean_name
from descentry.sources.loss_names import loss_name
from descentry.sources.naming import best_step
from descentry.sources.numbers import TIME_NAMES, number, step_of, wall_seconds
from descentry.sources.tables.csv_long import Long, long_of

DELIMITERS = (",", "\t", ";", "|")
DECIMAL_COMMA = re.compile(r"[+-]?(?:[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]*|\d+,\d*|,\d+)(?:[eE][+-]?\d+)?")
N_UNDECIDED = 16
"""A column whose first so many cells are text is text for good."""


@dataclass(slots=True)
class ColumnState:
    """What is known of one column.  `n_texts`: cells of text before the first number, the first in line `text_at`.

    `n_blanks`: cells like `N/A` before the first number.  `bad`: the first text among the numbers, for messages;
    `flag_at`: the line of the first true or false; `unit`: what to tell of numbers with a unit.
    """

    name: str
    is_numeric: bool = False
    n_texts: int = 0
    text_at: int | None = None
    n_blanks: int = 0
    blank_at: int | None = None
    bad: str = ""
    flag_at: int | None = None
    unit: str = ""

    @property
    def is_text(self) -> bool:
        return not self.is_numeric and self.n_texts >= N_UNDECIDED


@dataclass(slots=True)
class Layout:
    """`step`: index of the step's column or None (the row's number is the step); `wall`: of the wall time.

    `long`: where each row holds one point, which columns name it.  `labels`: columns that say whose a row is.
    """

    delimiter: str
    columns: list[ColumnState]
    step: int | None
    wall: int | None
    header: tuple[str, ...] | None
    wall_is_text: bool = False
    guesses: list[str] = field(default_factory=list)
    long: Long | None = None
    labels: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self.columns)


def cells(line: str, delimiter: str) -> list[str]:
    """The cells of one line, quotes taken off, blanks around them too."""
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return [cell.strip() for cell in line.split(delimiter)]


def delimiter_of(line: str) -> str:
    """The delimiter that is seen most often; a comma when there is none; a semicolon between `0,5` and `2,5`."""
    if ";" in line and "," in line and all(DECIMAL_COMMA.fullmatch(x.strip()) for x in line.split(";")):
        return ";"
    return max(DELIMITERS, key=lambda mark: (line.count(mark), -DELIMITERS.index(mark)))


def with_points(row: list[str], delimiter: str) -> list[str]:
    """The cells with `3.5` for `3,5`, which is how spreadsheets spell it that part cells by semicolons."""
    if delimiter != ";":
        return row
    return [
        cell.replace(".", "").replace(",", ".") if "," in cell and DECIMAL_COMMA.fullmatch(cell) else cell
        for cell in row
    ]


def row_cells(line: str, delimiter: str) -> list[str]:
    """The cells of a line with decimal points."""
    return with_points(cells(line, delimiter), delimiter)


def is_comment(line: str) -> bool:
    """Whether a line says by its first character that it is no row."""
    return line.lstrip().startswith("#")


def is_good_header(row: Sequence[str]) -> bool:
    """Whether a row names columns, a step or a loss among them."""
    if len(row) < 2 or not is_header(row):
        return False
    return best_step(row) is not None or any(map(loss_name, row))


def is_header(row: Sequence[str]) -> bool:
    """Whether a first row names columns: it has names, and no numbers."""
    named = [cell for cell in row if cell]
    return bool(named) and not any(number(cell) is not None for cell in named)


def column_names(row: Sequence[str]) -> list[str]:
    """The names in a header: an empty one is `index` in front (pandas), `column_3` elsewhere; none twice."""
    names: list[str] = []
    seen: set[str] = set()
    for i, cell in enumerate(row):
        name = clean_name(cell) or ("index" if i == 0 else f"column_{i + 1}")
        while name in seen:
            name += "_2"
        seen.add(name)
        names.append(name)
    return names


def with_header(row: Sequence[str], first: Sequence[str], delimiter: str) -> Layout:
    """The layout that a header gives.  `first`: the first row of values, which tells times from durations."""
    names = column_names(row)
    step_name = best_step(names)
    step = None if step_name is None else names.index(step_name)
    wall = _wall(names, first)
    is_text = wall is not None and number(first[wall]) is None
    long = long_of(names, first) if step is not None else None
    return Layout(delimiter, list(map(ColumnState, names)), step, wall, tuple(row), is_text, long=long)


def without_header(rows: Sequence[Sequence[str]], delimiter: str) -> Layout:
    """The layout of bare numbers, guessed from the first rows.

    A first column of rising whole numbers is the step.  Four columns that end with a share in [0, 1] are what
    ColossalAI's reward trainer writes: step, loss, dist, acc.  A single other column is taken for the loss.
    """
    n = len(rows[0])
    firsts = [number(_cell(row, 0)) for row in rows]
    step = 0 if n > 1 and _rises(firsts) else None
    names = [f"column_{i + 1}" for i in range(n)]
    guesses = []
    if step == 0:
        names[0] = "step"
        guesses.append("no header: the first column rises, so it is taken for the step")
    if step == 0 and n == 4 and _is_reward_trainer(rows):
        names[1:] = ["loss", "dist", "acc"]
        guesses.append(
            "no header: columns named step, loss, dist, acc, as ColossalAI's reward trainer writes"
        )
    elif n - (step == 0) == 1:
        names[-1] = "loss"
        guesses.append("no header: the only column of values is taken for the loss")
    elif step is None:
        guesses.append("no header: columns are named column_1, column_2, …")
    else:
        guesses.append("no header: the other columns are named column_2, column_3, …")
    return Layout(delimiter, list(map(ColumnState, names)), step, None, None, guesses=guesses)


def _is_reward_trainer(rows: Sequence[Sequence[str]]) -> bool:
    shares = [number(_cell(row, 3)) for row in rows]
    losses = [number(_cell(row, 1)) for row in rows]
    return all(s is not None and 0 <= s <= 1 for s in shares) and all(
        x is not None and not x < 0 for x in losses
    )


def _rises(values: Sequence[float | None]) -> bool:
    whole = [value for value in values if value is not None and step_of(value) == value]
    return len(whole) == len(values) and all(a < b for a, b in pairwise(whole))


def _cell(row: Sequence[str], i: int) -> str:
    return row[i] if i < len(row) else ""


def _wall(names: Sequence[str], first: Sequence[str]) -> int | None:
    """The column with the name of a time whose first value is one."""
    for i, name in enumerate(names):
        if name.lower() in TIME_NAMES and wall_seconds(_cell(first, i)) is not None:
            return i
    return None
