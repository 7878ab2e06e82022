"""Rows of JSON (or any dicts) to points: finds the step, the wall time, the numbers; the rest is config.

Nested keys are joined by "/"; a short list of numbers becomes name/0, name/1, …; booleans and null are no
points; strings that spell a number are numbers.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from descentry.record.chunk import Chunk
from descentry.record.roles import LOSS_ROLES, Role
from descentry.sources.json.mmdetection import EpochSteps, MmengineSteps, is_of_mmengine, is_such
from descentry.sources.json.oddities import Count, Counts, Oddities
from descentry.sources.json.steps import Steps
from descentry.sources.json.values import clean_name
from descentry.sources.naming import best_step
from descentry.sources.notes import Notes
from descentry.sources.numbers import TIME_NAMES, is_unlogged, number, wall_seconds
from descentry.sources.roles import resolve
from descentry.sources.rows import MAX_SERIES, Rows

MAX_DEPTH = 6
MAX_LIST = 8
MAX_CONFIG = 1000
CONFIG_KEYS = frozenset(
    {"meta", "config", "summary", "args", "hparams", "hyperparameters", "params", "settings"}
)


RESULTS = LOSS_ROLES | {
    Role.ACCURACY, Role.VAL_ACCURACY, Role.PERPLEXITY, Role.VAL_PERPLEXITY, Role.REWARD, Role.KL, Role.THROUGHPUT,
}  # fmt: skip
"""Roles of what no one sets."""


class JsonRows:
    """Collects dict rows; `chunk` hands out what came since the last call.

    `step_name`: the one field that is the step; None looks for the best.  `is_numbered`: no field is, the
    rows are counted.
    """

    def __init__(self, notes: Notes, step_name: str | None = None, *, is_numbered: bool = False) -> None:
        self.notes = notes
        self.rows = Rows()
        self.steps = Steps(notes, step_name, is_numbered=is_numbered)
        self._odd = Oddities(notes)
        self._epochs = EpochSteps()
        self._mmengine = MmengineSteps()
        self.is_time: dict[str, bool] = {}
        self._config: dict[str, object] = {}

    @property
    def step_name(self) -> str | None:
        """The field that was the step of the newest row that had one."""
        return self.steps.name

    @property
    def is_fractional(self) -> bool:
        """Whether what was taken for the step holds fractions, so that the rows had better be counted."""
        return self.steps.is_fractional

    @property
    def is_of_mmengine(self) -> bool:
        """Whether a row of mmengine was seen: a step may be an epoch."""
        return self._mmengine.is_known

    def chunk(self) -> Chunk:
        """The rows, events and config since the last call."""
        config, self._config = self._config, {}
        return self.rows.chunk(self.notes.take(), config)

    def finish(self) -> None:
        """Tells what only the whole log can say."""
        self._odd.tell_nulls(self.steps.n_rows)
        self._odd.tell_left_out()

    def ignored(self) -> dict[str, object]:
        """`{"ignored": names}` of the fields that never held a number; {} when there is none."""
        names = self._odd.without_numbers()
        return {"ignored": names} if names else {}

    def add(self, row: Mapping[str, Any], line: int | None) -> None:
        """One row, from line `line` of the log."""
        if is_config(row):
            self._configure(row)
            return
        fields = dict(_flat(row))
        if is_such(fields):
            fields = self._epochs.with_step(fields)
            self.notes.add(
                "derived", "the step is counted on over the epochs from `iter`", line, warning=False
            )
        elif self._mmengine.is_known or is_of_mmengine(fields):
            fields = self._mmengine.with_step(fields)
        step, name = self.steps.of(fields, line)
        wall = self._wall(fields)
        points = list(self._points(fields, name, line))
        if points:
            self.rows.add(step, points, wall)
            self.steps.n_rows += 1

    def is_numeric(self, name: str) -> bool:
        """Whether the series has held a number."""
        return name in self._odd.n_numbers

    def has_room(self, names: Iterable[str]) -> bool:
        """Whether the names can be read as columns without making the log too wide."""
        return len(self._odd.n_numbers.keys() | names) <= MAX_SERIES

    def saw_table(self, step_name: str, last_step: int, n_rows: int, is_time: dict[str, bool]) -> None:
        """Notes that `n_rows` rows with steps up to `last_step` were read elsewhere."""
        self.steps.saw_table(step_name, last_step, n_rows)
        self.is_time = is_time

    def saw_values(self, n_numbers: Mapping[str, int], texts: Counts, flags: Counts, nulls: Counts) -> None:
        """Notes what was read elsewhere: numbers, and what stood in their place."""
        for name, count in n_numbers.items():
            self.saw_number(name, count)
        for name, odd in texts.items():
            self._odd.saw_texts(name, odd)
        for name, odd in flags.items():
            self._odd.saw_flag(name, odd)
        for name, odd in nulls.items():
            self._odd.saw_null(name, odd)

    def _configure(self, row: Mapping[str, Any]) -> None:
        for key, value in row.items():
            flat = value if isinstance(value, dict) and "summary" not in key.lower() else {key: value}
            for inner, setting in flat.items():
                if len(self._config) < MAX_CONFIG:
                    self._config[clean_name(inner)] = setting

    def _wall(self, fields: dict[str, Any]) -> float | None:
        """Seconds since the epoch, taken out of `fields`; fields that only sound like a time stay."""
        for name in [name for name in fields if name.lower() in TIME_NAMES]:
            if name not in self.is_time and fields[name] is not None:
                self.is_time[name] = wall_seconds(fields[name]) is not None
            if self.is_time.get(name):
                return wall_seconds(fields.pop(name))
        return None

    def _points(
        self, fields: Mapping[str, Any], step_name: str | None, line: int | None
    ) -> Iterator[tuple[str, float]]:
        for name, raw in fields.items():
            if name == step_name:
                continue
            value = as_number(raw)
            if value is not None:
                self._odd.saw_number(name)
                yield name, value
            elif raw is None:
                self._odd.saw_null(name, Count(line))
            elif isinstance(raw, bool):
                self._odd.saw_flag(name, Count(line))
            elif isinstance(raw, str) and not is_unlogged(raw):
                yield from self._odd.saw_text(name, raw, line)
            elif isinstance(raw, str) and raw.strip():
                self._odd.saw_blank(name, line)
            elif isinstance(raw, list | dict):
                self._odd.saw_list(name, Count(line))

    def saw_number(self, name: str, count: int = 0) -> None:
        """Notes that the series holds numbers."""
        self._odd.saw_number(name, count)


def is_plain(row: Mapping[str, Any]) -> bool:
    """Whether a row may be read as a part of a table: few fields, names that need no care."""
    odd = {"mode", "env_info", "exp_name"} & row.keys() or row.keys() >= {"epoch", "iter", "step"}
    return len(row) <= MAX_CONFIG and not odd and all(name == clean_name(name) for name in row)


def is_log_row(row: Mapping[str, Any]) -> bool:
    """Whether a row has numbers and says by a name what one of them is: rows of a data set do not."""
    names = [name for name, raw in _flat(row) if as_number(raw) is not None]
    if not names or is_config(row):
        return False
    return best_step(names) is not None or set(resolve(names[:MAX_CONFIG]).values()) != {Role.METRIC}


def is_result(row: Mapping[str, Any]) -> bool:
    """Whether a row holds what a training gives, and not only what it is given: a loss, an accuracy, …"""
    return is_log_row(row) and bool(RESULTS & _roles(row))


def _roles(row: Mapping[str, Any]) -> set[Role | None]:
    names = [name for name, raw in _flat(row) if as_number(raw) is not None]
    return set(resolve(names[:MAX_CONFIG]).values())


def is_config(row: Mapping[str, Any]) -> bool:
    """Whether a row holds settings: nothing but fields named so, or no number at all."""
    if "env_info" in row or "exp_name" in row:
        return True
    if all(key.startswith("_") or key.lower() in CONFIG_KEYS for key in row):
        return not any(as_number(value) is not None for value in row.values())
    return next(iter(_numbers(row)), None) is None


def _numbers(row: Mapping[str, Any]) -> Iterator[float]:
    return (value for _, raw in _flat(row) if (value := as_number(raw)) is not None)


def _flat(row: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The leaves with their joined names; longer lists and what lies deeper than `MAX_DEPTH` stay whole."""
    for key, value in row.items():
        name = clean_name(prefix + key)
        if isinstance(value, dict):
            if depth < MAX_DEPTH:
                yield from _flat(value, name + "/", depth + 1)
            else:
                yield name, value
        elif isinstance(value, list):
            if len(value) <= MAX_LIST and all(isinstance(item, int | float) for item in value):
                yield from ((f"{name}/{i}", item) for i, item in enumerate(value))
            else:
                yield name, value
        else:
            yield name, value


def as_number(raw: object) -> float | None:
    """The number that a JSON value is or spells, or None; booleans are none."""
    kind = type(raw)
    if kind is float:
        return raw  # type: ignore[return-value]
    if kind is int:
        return _of_int(raw)  # type: ignore[arg-type]
    return number(raw) if isinstance(raw, str) else None


def _of_int(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
