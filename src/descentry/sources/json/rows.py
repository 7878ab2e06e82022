"""Rows of JSON (or any dicts) to points: finds the step, the wall time, the numbers; the rest is config.

Nested keys are joined by "/"; a short list of numbers becomes name/0, name/1, …; booleans and null are no
points; strings that spell a number are numbers.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from descentry.record.chunk import Chunk
from descentry.sources.json.leaves import as_number, flat
from descentry.sources.json.mmdetection import EpochSteps, MmengineSteps, is_of_mmengine, is_such
from descentry.sources.json.oddities import Count, Counts, Oddities
from descentry.sources.json.row_kinds import MAX_CONFIG, is_config
from descentry.sources.json.steps import Steps
from descentry.sources.json.values import clean_name
from descentry.sources.notes import Notes
from descentry.sources.numbers import TIME_NAMES, is_unlogged, wall_seconds
from descentry.sources.quantities import spoken
from descentry.sources.rows import MAX_SERIES, Rows


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

    @property
    def has_odd(self) -> bool:
        """Whether a field that holds no number as yet held something else."""
        return self._odd.waits

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
            self.configure(row)
            return
        fields = dict(flat(row))
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
        return self._odd.is_numeric(name)

    def has_room(self, names: Iterable[str]) -> bool:
        """Whether the names can be read as columns without making the log too wide."""
        return len(self._odd.n_numbers.keys() | names) <= MAX_SERIES

    def saw_table(self, step_name: str, last_step: int, n_rows: int, is_time: dict[str, bool]) -> None:
        """Notes that `n_rows` rows with steps up to `last_step` were read elsewhere."""
        self.steps.saw_table(step_name, last_step, n_rows)
        self.is_time = is_time

    def saw_values(
        self, n_numbers: Mapping[str, int], texts: Counts, flags: Counts, nulls: Counts, lists: Counts
    ) -> None:
        """Notes what was read elsewhere: numbers, and what stood in their place."""
        for name, count in n_numbers.items():
            self.saw_number(name, count)
        for name, odd in texts.items():
            self._odd.saw_texts(name, odd)
        for name, odd in flags.items():
            self._odd.saw_flag(name, odd)
        for name, odd in nulls.items():
            self._odd.saw_null(name, odd)
        for name, odd in lists.items():
            self._odd.saw_list(name, odd)

    def configure(self, row: Mapping[str, Any]) -> None:
        """Takes a row for settings."""
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
            value = self.value(name, raw, line)
            if value is not None:
                yield name, value

    def value(self, name: str, raw: object, line: int | None) -> float | None:
        """The point that a field holds (NaN for a text among numbers), None where it holds none; noted."""
        value = as_number(raw)
        if value is not None:
            self.saw_number(name, 1)
        elif raw is None:
            self._odd.saw_null(name, Count(line))
        elif isinstance(raw, bool):
            self._odd.saw_flag(name, Count(line))
        elif isinstance(raw, str) and not is_unlogged(raw):
            value = self._text(name, raw, line)
        elif isinstance(raw, str) and raw.strip():
            self._odd.saw_blank(name, line)
        elif isinstance(raw, list | dict):
            self._odd.saw_list(name, Count(line))
        return value

    def _text(self, name: str, raw: str, line: int | None) -> float | None:
        """The number that a text is to people (`50%`), in a field that held no other text before its first number."""
        its = spoken(raw.strip()) if self._odd.is_numeric(name) or name not in self._odd.texts else None
        if its is None:
            return self._odd.text(name, raw, line)
        self.saw_number(name, 1)
        self._odd.tell_spoken(name, raw.strip(), its, line)
        return its[0]

    def saw_number(self, name: str, count: int = 0) -> None:
        """Notes that the series holds numbers; a series beyond `MAX_SERIES` is not kept count of."""
        if self.rows.admits(name):
            self._odd.saw_number(name, count)
