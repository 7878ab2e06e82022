"""Rows of JSON (or any dicts) to points: finds the step, the wall time, the numbers; the rest is config.

Nested keys are joined by "/"; a short list of numbers becomes name/0, name/1, …; booleans and null are no
points; strings that spell a number are numbers.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from descentry.record.chunk import Chunk
from descentry.record.roles import Role
from descentry.sources.json_values import clean_name
from descentry.sources.mmdetection import EpochSteps, is_such
from descentry.sources.naming import best_step, step_rank
from descentry.sources.notes import Notes, quoted
from descentry.sources.numbers import TIME_NAMES, UNLOGGED, number, step_of, wall_seconds
from descentry.sources.roles import resolve
from descentry.sources.rows import MAX_SERIES, Rows
from descentry.sources.words import words

MAX_DEPTH = 6
MAX_LIST = 8
MAX_CONFIG = 1000
CONFIG_KEYS = frozenset(
    {"meta", "config", "summary", "args", "hparams", "hyperparameters", "params", "settings"}
)
EVAL_WORDS = frozenset({"val", "test"})


class JsonRows:
    """Collects dict rows; `chunk` hands out what came since the last call.

    `step_name`: the one field that is the step; None looks for the best.
    """

    def __init__(self, notes: Notes, step_name: str | None = None) -> None:
        self.notes = notes
        self.rows = Rows()
        self.step_name = step_name
        self._only_step = step_name
        self.last_step: int | None = None
        self.n_seen = 0
        self._epochs = EpochSteps()
        self.is_time: dict[str, bool] = {}
        self._numeric: set[str] = set()
        self._texts: dict[str, int] = {}
        self._config: dict[str, object] = {}

    def chunk(self) -> Chunk:
        """The rows, events and config since the last call."""
        config, self._config = self._config, {}
        return self.rows.chunk(self.notes.take(), config)

    def ignored(self) -> dict[str, object]:
        """`{"ignored": names}` of the fields that never held a number; {} when there is none."""
        names = sorted(self._texts)
        return {"ignored": names} if names else {}

    def add(self, row: Mapping[str, Any], line: int | None) -> None:
        """One row, from line `line` of the log."""
        if _is_config(row):
            self._configure(row)
            return
        fields = dict(_flat(row))
        if is_such(fields):
            fields = self._epochs.with_step(fields)
            self.notes.add(
                "derived", "the step is counted on over the epochs from `iter`", line, warning=False
            )
        step, name = self._step(fields, line)
        wall = self._wall(fields)
        points = list(self._points(fields, name, line))
        if points:
            self.rows.add(step, points, wall)
            self.n_seen += 1

    def is_numeric(self, name: str) -> bool:
        """Whether the series has held a number."""
        return name in self._numeric

    def has_room(self, names: Iterable[str]) -> bool:
        """Whether the names can be read as columns without making the log too wide."""
        return len(self._numeric.union(names)) <= MAX_SERIES

    def saw_table(
        self,
        step_name: str,
        last_step: int,
        n_rows: int,
        names: Iterable[str],
        texts: Mapping[str, int],
        is_time: dict[str, bool],
    ) -> None:
        """Notes that `n_rows` rows with values of all `names` were read elsewhere."""
        self.step_name, self.last_step = step_name, last_step
        self.n_seen += n_rows
        self.is_time = is_time
        for name in names:
            self.saw_number(name, None)
        for name, count in texts.items():
            self._texts[name] = self._texts.get(name, 0) + count

    def _configure(self, row: Mapping[str, Any]) -> None:
        for key, value in row.items():
            flat = value if isinstance(value, dict) and "summary" not in key.lower() else {key: value}
            for inner, setting in flat.items():
                if len(self._config) < MAX_CONFIG:
                    self._config[clean_name(inner)] = setting

    def choose_step(self, names: Mapping[str, Any]) -> str | None:
        """The step's name in a row: the best it has, if no better one was seen before."""
        if self._only_step is not None:
            return self._only_step if self._only_step in names else None
        name = best_step(names)
        if name is None or self.step_name is None:
            return name
        worse = (step_rank(name) or 0) > (step_rank(self.step_name) or 0)
        return None if worse else name

    def _step(self, fields: Mapping[str, Any], line: int | None) -> tuple[int, str | None]:
        """The step of a row and the field that it came from.

        A row without one takes the step of the row before it; while no row had one, its own number.
        """
        name = self.choose_step(fields)
        value = None if name is None else as_number(fields[name])
        step = None if value is None else step_of(value)
        if step is not None and name is not None:
            if self.step_name is None and name.lower() == "epoch" and step != value:
                return self._stepless(fields, line), None
            self.step_name, self.last_step = name, step
            return step, name
        return self._stepless(fields, line), name if step is None else None

    def _stepless(self, fields: Mapping[str, Any], line: int | None) -> int:
        if self.step_name is None or self.last_step is None:
            self.notes.add("missing_step", "no step is logged: the number of the row stands for it", line)
            return self.n_seen
        if not any(EVAL_WORDS & set(words(name)) for name in fields):
            self.notes.add("missing_step", "rows without a step take the step of the row before them", line)
        return self.last_step

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
                self.saw_number(name, line)
                yield name, value
            elif isinstance(raw, str) and raw.strip().lower() not in UNLOGGED:
                yield from self.saw_text(name, raw, line)

    def saw_number(self, name: str, line: int | None) -> None:
        """Notes that the series holds numbers; tells of the texts that stood there before the first one."""
        if name in self._numeric:
            return
        self._numeric.add(name)
        if name in self._texts:
            count = self._texts.pop(name)
            self.notes.add(
                "bad_value", f"`{name}` held text before its first number; left out", line, count=count
            )

    def saw_text(self, name: str, text: str, line: int | None) -> Iterator[tuple[str, float]]:
        """A text where a number is expected: NaN in a series of numbers, ignored elsewhere."""
        if name in self._numeric:
            message = f"`{name}` is {quoted(text)}, expected a number; kept as NaN"
            self.notes.add("bad_value", message, line)
            yield name, math.nan
        elif name in self._texts or len(self._texts) < MAX_CONFIG:
            self._texts[name] = self._texts.get(name, 0) + 1


def is_plain(row: Mapping[str, Any]) -> bool:
    """Whether a row may be read as a part of a table: few fields, names that need no care."""
    odd = {"mode", "env_info", "exp_name"} & row.keys()
    return len(row) <= MAX_CONFIG and not odd and all(name == clean_name(name) for name in row)


def is_log_row(row: Mapping[str, Any]) -> bool:
    """Whether a row has numbers and says by a name what one of them is: rows of a data set do not."""
    names = [name for name, raw in _flat(row) if as_number(raw) is not None]
    if not names or _is_config(row):
        return False
    return best_step(names) is not None or set(resolve(names[:MAX_CONFIG]).values()) != {Role.METRIC}


def _is_config(row: Mapping[str, Any]) -> bool:
    """Whether a row holds settings: nothing but fields named so, or no number at all."""
    if "env_info" in row or "exp_name" in row:
        return True
    if all(key.startswith("_") or key.lower() in CONFIG_KEYS for key in row):
        return not any(as_number(value) is not None for value in row.values())
    return next(iter(_numbers(row)), None) is None


def _numbers(row: Mapping[str, Any]) -> Iterator[float]:
    return (value for _, raw in _flat(row) if (value := as_number(raw)) is not None)


def _flat(row: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The leaves with their joined names; longer lists and what lies deeper than `MAX_DEPTH` are left out."""
    for key, value in row.items():
        name = clean_name(prefix + key)
        if isinstance(value, dict):
            if depth < MAX_DEPTH:
                yield from _flat(value, name + "/", depth + 1)
        elif isinstance(value, list):
            if len(value) <= MAX_LIST and all(isinstance(item, int | float) for item in value):
                yield from ((f"{name}/{i}", item) for i, item in enumerate(value))
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
        return math.copysign(math.inf, value)
