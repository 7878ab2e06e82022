"""The operations of optuna's journal, played from the first to the last."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from descentry.formats.blocks import blocks
from descentry.record.event import Event
from descentry.sources.json.leaves import as_number
from descentry.sources.json.values import BadJson, clean_name, parsed
from descentry.sources.notes import Notes
from descentry.sources.numbers import whole_step
from descentry.sources.store import MAX_SETTINGS

CREATE_STUDY, DELETE_STUDY, NAME_STUDY, CREATE_TRIAL, SET_PARAM, SET_STATE, SET_REPORTED = 0, 1, 3, 4, 5, 6, 7
ENDED = (1, 2, 3)
"""States of a trial that is complete, pruned or failed."""
DIRECTIONS = {0: "not set", 1: "minimize", 2: "maximize"}
MAX_LINE = 1 << 20
MAX_TRIALS = 100_000
MAX_VALUES = 100
"""Objectives of a study."""


@dataclass(slots=True)
class Trial:
    """One trial: its objectives once it has ended, and what it reported on its way."""

    values: list[float] = field(default_factory=list)
    reported: dict[int, float] = field(default_factory=dict)
    params: dict[str, object] = field(default_factory=dict)
    has_ended: bool = False


@dataclass(slots=True)
class Study:
    """One study with its trials by their numbers; `series`: what its objectives are called, where it says so."""

    name: str
    series: list[str] = field(default_factory=list)
    config: dict[str, object] = field(default_factory=dict)
    trials: list[Trial] = field(default_factory=list)


class Journal:
    """What a journal says now.  Raises UnreadableError.  `events`: lines that were left out."""

    def __init__(self, path: Path) -> None:
        self._all: list[Study | None] = []
        self._trials: list[Trial] = []
        self._notes = Notes(path.name)
        source = blocks(path)
        rest = b""
        for block in source:
            *lines, rest = (rest + block).split(b"\n")
            rest = rest[: MAX_LINE + 1]
            for line in lines:
                self._take(line)
        if rest.strip() and not self._take(rest, is_last=True):
            self._notes.add("torn_tail", "the last line is cut off and was left out")
        self.events: tuple[Event, ...] = (*source.events, *self._notes.take())

    @property
    def studies(self) -> list[Study]:
        """Those that were not deleted."""
        return [study for study in self._all if study is not None]

    def _take(self, line: bytes, *, is_last: bool = False) -> bool:
        try:
            entry = parsed(line) if len(line) <= MAX_LINE else None
        except BadJson:
            entry = None
        if isinstance(entry, dict):
            self._play(entry)
        elif line.strip() and not is_last:
            self._notes.add("bad_line", "a line is no operation, or too long, and was left out")
        return isinstance(entry, dict)

    def _play(self, entry: dict[str, Any]) -> None:
        code = entry.get("op_code")
        if code == CREATE_STUDY:
            self._create_study(entry)
        elif code == DELETE_STUDY:
            self._delete_study(entry.get("study_id"))
        elif code == NAME_STUDY:
            self._name_study(entry)
        elif code == CREATE_TRIAL:
            self._create_trial(entry)
        elif code in (SET_PARAM, SET_STATE, SET_REPORTED):
            self._change_trial(code, entry)

    def _create_study(self, entry: dict[str, Any]) -> None:
        name = clean_name(str(entry.get("study_name", "")))
        # Two workers may both try; the journal's own reader drops the second, too.
        if (
            any(study is not None and study.name == name for study in self._all)
            or len(self._all) >= MAX_TRIALS
        ):
            return
        ways = _ways(entry.get("directions"))
        self._all.append(Study(name, [], {"direction": ways[0] if len(ways) == 1 else ways} if ways else {}))

    def _delete_study(self, id: object) -> None:
        if isinstance(id, int) and 0 <= id < len(self._all):
            self._all[id] = None

    def _study(self, id: object) -> Study | None:
        return self._all[id] if isinstance(id, int) and 0 <= id < len(self._all) else None

    def _name_study(self, entry: dict[str, Any]) -> None:
        study, given = self._study(entry.get("study_id")), entry.get("system_attr")
        names = given.get("study:metric_names") if isinstance(given, dict) else None
        if study is not None and isinstance(names, list):
            study.series = [clean_name(str(name)) for name in names[:MAX_VALUES]]

    def _create_trial(self, entry: dict[str, Any]) -> None:
        study = self._study(entry.get("study_id"))
        if study is None or len(self._trials) >= MAX_TRIALS:
            return
        trial = Trial()
        study.trials.append(trial)
        self._trials.append(trial)
        self._end(trial, entry)
        reported = entry.get("intermediate_values")
        for step, value in reported.items() if isinstance(reported, dict) else ():
            self._report(trial, step, value)

    def _change_trial(self, code: int, entry: dict[str, Any]) -> None:
        id = entry.get("trial_id")
        if not isinstance(id, int) or not 0 <= id < len(self._trials):
            return
        trial = self._trials[id]
        if code == SET_STATE:
            self._end(trial, entry)
        elif code == SET_REPORTED:
            self._report(trial, entry.get("step"), entry.get("intermediate_value"))
        elif len(trial.params) < MAX_SETTINGS:
            _set_param(trial, entry)

    def _report(self, trial: Trial, raw_step: object, raw: object) -> None:
        step, value = whole_step(raw_step), as_number(raw)
        if step is None or value is None:
            self._notes.add("bad_value", "a step or value is no number; left out")
        else:
            trial.reported[step] = value

    def _end(self, trial: Trial, entry: dict[str, Any]) -> None:
        if trial.has_ended:
            return
        given = entry.get("values", [entry["value"]] if entry.get("value") is not None else None)
        trial.has_ended = entry.get("state") in ENDED
        values = [as_number(value) for value in given[:MAX_VALUES]] if isinstance(given, list) else []
        if any(value is None for value in values):
            self._notes.add("bad_value", "an objective is no number; left out")
        trial.values = [value for value in values if value is not None] or trial.values


def _ways(given: object) -> list[str]:
    """Which way each objective is to go."""
    ways = given[:MAX_VALUES] if isinstance(given, list) else []
    return [DIRECTIONS.get(way, str(way)) if isinstance(way, int) else str(way)[:99] for way in ways]


def _set_param(trial: Trial, entry: dict[str, Any]) -> None:
    """A parameter's value; of a categorical one the choice itself, which is stored by its place."""
    value = entry.get("param_value_internal")
    try:
        found = parsed(str(entry.get("distribution")).encode())
    except (BadJson, UnicodeEncodeError):
        found = None
    attributes = found.get("attributes") if isinstance(found, dict) else None
    choices = attributes.get("choices") if isinstance(attributes, dict) else None
    if isinstance(choices, list) and isinstance(value, int | float) and value in range(len(choices)):
        value = choices[int(value)]
    trial.params[clean_name(str(entry.get("param_name")))] = value
