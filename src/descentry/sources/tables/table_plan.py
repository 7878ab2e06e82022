"""What each column of a table is for: steps, times, runs, and either a series a column or a point a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from descentry.sources.json.values import BadJson, parsed
from descentry.sources.long import NAMES, VALUES
from descentry.sources.loss_names import loss_name
from descentry.sources.naming import best_step
from descentry.sources.numbers import TIME_NAMES
from descentry.sources.tables.arrow_columns import is_number, is_text, is_time

NEPTUNE_NAME, NEPTUNE_VALUES = "attribute_path", ("float_value", "int_value")
PANDAS_INDEX = "__index_level_0__"
_MAX = 1 << 31


@dataclass(frozen=True, slots=True)
class Plan:
    """Names of columns; None where there is none.

    `series`: of a wide table the columns of values, of a long one those that may hold a row's value, the first
    that does counts.  `labels`: the columns that say whose a row is.  `name`: of a long table the column that says
    which series a row belongs to.  `setting`: where a row without a step is a setting, the column of its text.
    `ignored`: neither numbers nor any of these.
    """

    step: str | None
    wall: str | None
    labels: tuple[str, ...]
    name: str | None
    series: tuple[str, ...]
    setting: str | None
    ignored: tuple[str, ...]
    count: tuple[int, int] = (0, 1)
    """Where there is no step: the first and the distance of those that are counted instead."""

    @property
    def is_long(self) -> bool:
        return self.name is not None

    def top_level(self) -> list[str]:
        """The columns that must be read, structs as wholes."""
        wanted = (self.step, self.wall, *self.labels, self.name, self.setting, *self.series)
        names = [name for name in wanted if name is not None]
        tops = [name.split("/")[0] for name in names]
        return list(dict.fromkeys([*names, *tops]))


def plan_of(
    leaves: Sequence[tuple[str, Any]],
    metadata: Mapping[bytes, bytes],
    labels: Sequence[str] = (),
    wanted: str | None = None,
) -> Plan:
    """The plan for a table with those columns (names and pyarrow's types) and that metadata.

    `labels`: names of columns that are labels where the table has them; `wanted`: the step, where it has it.
    """
    kinds = dict(leaves)
    numeric = [name for name, kind in kinds.items() if is_number(kind)]
    textual = [name for name, kind in kinds.items() if is_text(kind)]
    best = wanted if wanted in numeric else best_step(numeric)
    step = best or (PANDAS_INDEX if PANDAS_INDEX in numeric else None)
    times = [name for name, kind in kinds.items() if is_time(kind) and name.lower() in TIME_NAMES]
    wall = next(iter([*times, *(name for name in numeric if name.lower() in TIME_NAMES)]), None)
    name, values = _long(numeric, textual)
    said = tuple(its for its in labels if its in kinds and its not in (step, wall, name))
    rest = [
        its
        for its in numeric
        if its not in (step, PANDAS_INDEX, *said) and not (its == wall and its in times)
    ]
    setting = "string_value" if name == NEPTUNE_NAME and "string_value" in textual else None
    series = tuple(values if name is not None else rest)
    used = {step, wall, *said, name, setting, *series}
    ignored = tuple(its for its in kinds if its not in used)
    count = (0, 1) if said else _range_index(metadata)
    return Plan(step, wall, said, name, series, setting, ignored, count)


def _range_index(metadata: Mapping[bytes, bytes]) -> tuple[int, int]:
    """Start and step of the index that pandas keeps as a range outside of the columns."""
    try:
        about = parsed(metadata.get(b"pandas", b"{}"))
    except BadJson:
        return 0, 1
    columns = about.get("index_columns") if isinstance(about, dict) else None
    index = columns[0] if isinstance(columns, list) and len(columns) == 1 else None
    if not isinstance(index, dict) or index.get("kind") != "range":
        return 0, 1
    start, step = index.get("start"), index.get("step")
    if not isinstance(start, int) or not isinstance(step, int) or abs(start) > _MAX or not 0 < step < _MAX:
        return 0, 1
    return start, step


def _long(numeric: Sequence[str], textual: Sequence[str]) -> tuple[str | None, list[str]]:
    """The column of names and those of values; None for a wide table."""
    if NEPTUNE_NAME in textual and NEPTUNE_VALUES[0] in numeric:
        return NEPTUNE_NAME, [name for name in NEPTUNE_VALUES if name in numeric]
    name, value = _first_of(NAMES, textual), _first_of(VALUES, numeric)
    if name is None or value is None or any(map(loss_name, numeric)):
        return None, []
    return name, [value]


def _first_of(wanted: Sequence[str], names: Sequence[str]) -> str | None:
    lower = {name.lower(): name for name in reversed(names)}
    return next((lower[word] for word in wanted if word in lower), None)
