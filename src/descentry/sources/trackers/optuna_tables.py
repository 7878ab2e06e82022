"""The tables of optuna's storage: the objectives of a study's trials, the values that one trial reported."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from descentry.formats.sqlite_file import Database, Row, text
from descentry.record.chunk import Chunk, empty
from descentry.sources.json.leaves import as_number
from descentry.sources.json.values import BadJson, clean_name, parsed
from descentry.sources.notes import Notes, quoted
from descentry.sources.numbers import iso_seconds, whole_step
from descentry.sources.rows import Rows, with_events
from descentry.sources.sqlite_rows import NewRows
from descentry.sources.store import MAX_SETTINGS
from descentry.sources.trackers.optuna_schema import require

PAGE = 4096
TYPED = {"INF_POS": math.inf, "INF_NEG": -math.inf, "NAN": math.nan}
"""What stands in the type of a value that SQL cannot hold."""
FAR_BEHIND = 100
"""A trial that still runs holds back those with later numbers, so that steps rise, but not more of them."""
N_TIMES = 3
LEAST_WAIT_S = 60.0
"""It holds them back for at most so many times as the longest trial took, or so long: its process may be dead."""

OBJECTIVES = (
    "SELECT v.trial_value_id, t.number, {complete}, v.value, {type}, v.objective "
    "FROM trial_values v JOIN trials t ON t.trial_id = v.trial_id "
    f"WHERE t.study_id = ? AND v.trial_value_id > ? AND v.trial_value_id <= ? ORDER BY v.trial_value_id LIMIT {PAGE}"
)
NEWEST_OBJECTIVE = "SELECT max(trial_value_id) FROM trial_values"
NEWEST_REPORTED = "SELECT max(trial_intermediate_value_id) FROM trial_intermediate_values"
OPEN = "SELECT min(number) FROM trials WHERE study_id = ? AND state = 'RUNNING' AND number > ?"
LONGEST = (
    "SELECT max(julianday(datetime_complete) - julianday(datetime_start)) * 86400 FROM trials "
    "WHERE study_id = ? AND state IN ('COMPLETE', 'PRUNED')"
)
WITHOUT = (
    "SELECT state, count(*) FROM trials WHERE study_id = ? AND state IN ('PRUNED', 'FAIL') "
    "AND trial_id NOT IN (SELECT trial_id FROM trial_values) GROUP BY state"
)
REPORTED = (
    "SELECT trial_intermediate_value_id, step, NULL, intermediate_value, {type}, NULL "
    "FROM trial_intermediate_values WHERE trial_id = ? AND trial_intermediate_value_id > ? "
    f"AND trial_intermediate_value_id <= ? ORDER BY trial_intermediate_value_id LIMIT {PAGE}"
)
PARAMS = f"SELECT param_name, param_value, distribution_json FROM trial_params WHERE trial_id = ? LIMIT {MAX_SETTINGS}"
NAMES = (
    "SELECT value_json FROM study_system_attributes WHERE study_id = ? AND key = 'study:metric_names' LIMIT 1"
)
DIRECTIONS = "SELECT direction FROM study_directions WHERE study_id = ? ORDER BY objective LIMIT 100"


class StudyValues:
    """The objectives of a study's trials, in the order of the trials as far as they have ended."""

    max_value = 64 << 10

    def __init__(self, path: Path, study: object) -> None:
        self._study = study
        self._notes = Notes(path.name)
        self._news = NewRows(path, study, self._notes, self._forget)
        self._names: list[str] = []
        self._forget()

    def _forget(self) -> None:
        self._held = _Held(self._study, self._notes)

    def config(self, database: Database) -> Mapping[str, object]:
        """Which way each objective is to go; learns what they are called."""
        if "study_system_attributes" in database.tables():
            self._names = _texts(database.rows(NAMES, self._study))
        for state, n in database.rows(WITHOUT, self._study):
            message = f"trials that ended as {text(state)} have no objective"
            self._notes.add("failed_trial", message, count=int(text(n)), warning=False)
        if "study_directions" not in database.tables():
            return {}
        directions = [text(way).lower() for (way,) in database.rows(DIRECTIONS, self._study)]
        return {"direction": directions[0] if len(directions) == 1 else directions}

    def fresh(self, database: Database) -> Iterator[Chunk]:
        """The objectives that are new, but not those of trials after one that still runs."""
        require(database)
        there = database.tables()
        complete = "t.datetime_complete" if "datetime_complete" in there["trials"] else "NULL"
        kind = "v.value_type" if "value_type" in there["trial_values"] else "NULL"
        pages = self._news.pages(database, OBJECTIVES.format(complete=complete, type=kind), NEWEST_OBJECTIVE)
        for page in pages:
            self._held.add(page)
        yield _chunk(self._held.looked(database), self._name, self._notes)

    def pause(self) -> Chunk:
        """The objectives that have waited too long for a trial."""
        return _chunk(self._held.ready(), self._name, self._notes)

    def end(self, problem: str) -> Chunk | None:
        """The objectives that waited for earlier trials."""
        told = self._news.end(problem)
        if told is None:
            return None
        return with_events(_chunk(self._held.rest(), self._name, self._notes), told.events)

    def _name(self, objective: object) -> str:
        if isinstance(objective, int) and 0 <= objective < len(self._names):
            return self._names[objective]
        return f"objective_{text(objective)}" if objective else "objective"


class TrialValues:
    """The values that one trial reported on its way."""

    max_value = 64 << 10

    def __init__(self, path: Path, trial: object) -> None:
        self._trial = trial
        self._notes = Notes(path.name)
        self._news = NewRows(path, trial, self._notes, lambda: None)

    def config(self, database: Database) -> Mapping[str, object]:
        """The parameters of the trial."""
        if "trial_params" not in database.tables():
            return {}
        found = database.rows(PARAMS, self._trial)
        return {clean_name(text(name)): _parameter(value, content) for name, value, content in found}

    def fresh(self, database: Database) -> Iterator[Chunk]:
        """The values that are new."""
        require(database)
        has_type = "intermediate_value_type" in database.tables()["trial_intermediate_values"]
        kind = "intermediate_value_type" if has_type else "NULL"
        for page in self._news.pages(database, REPORTED.format(type=kind), NEWEST_REPORTED):
            yield _chunk(page, lambda _: "intermediate_value", self._notes)
        yield empty(self._notes.take())

    def pause(self) -> Chunk:
        """Nothing waits."""
        return empty()

    def end(self, problem: str) -> Chunk | None:
        """What was noticed."""
        return self._news.end(problem)


class _Held:
    """Objectives that wait for trials with lower numbers, which still run."""

    def __init__(self, study: object, notes: Notes) -> None:
        self._study = study
        self._notes = notes
        self._rows: list[Row] = []
        self._until: float = math.inf
        self._since = self._longest_s = 0.0
        self._ignored = self._highest = -1

    def add(self, rows: list[Row]) -> None:
        """Takes new rows."""
        self._rows += rows

    def looked(self, database: Database) -> list[Row]:
        """The rows that wait for no trial any more, after a look at which still run."""
        self._rows.sort(key=_number)
        ((first_open,),) = database.rows(OPEN, self._study, self._ignored)
        until = first_open if isinstance(first_open, int) else math.inf
        if until != self._until:
            self._until, self._since = until, time.monotonic()
        if "datetime_start" in database.tables()["trials"]:
            ((longest,),) = database.rows(LONGEST, self._study)
            self._longest_s = longest if isinstance(longest, int | float) else 0.0
        return self.ready()

    def ready(self) -> list[Row]:
        """The rows that wait for no trial, or have waited too long for one whose process may be dead."""
        newest = _number(self._rows[-1]) if self._rows else -1
        if time.monotonic() - self._since > max(LEAST_WAIT_S, N_TIMES * self._longest_s):
            self._ignored = max(self._ignored, newest)
            self._until = math.inf
        n = sum(_number(row) < max(self._until, newest - FAR_BEHIND) for row in self._rows)
        ready, self._rows = self._rows[:n], self._rows[n:]
        return self._told(ready)

    def _told(self, rows: list[Row]) -> list[Row]:
        n_late = sum(_number(row) < self._highest for row in rows)
        if n_late:
            message = "trials that ended long after later ones stand behind these"
            self._notes.add("late_trial", message, step=_number(rows[0]), count=n_late)
        self._highest = max(self._highest, *map(_number, rows)) if rows else self._highest
        return rows

    def rest(self) -> list[Row]:
        """All rows that wait."""
        rest, self._rows = sorted(self._rows, key=_number), []
        return self._told(rest)


def _chunk(rows: list[Row], name: Callable[[object], str], notes: Notes) -> Chunk:
    """One row a step; a step that comes again for the same series is a row of its own."""
    out = Rows()
    newest: int | None = None
    for _, raw_step, when, value, kind, series in rows:
        step, point = whole_step(raw_step), _value(value, kind)
        if step is None or point is None:
            odd = quoted(text(raw_step if step is None else value))
            notes.add("bad_value", f"a step or value is {odd}, expected a number; left out")
        elif step != newest or not out.put_last(name(series), point):
            out.add(step, [(name(series), point)], iso_seconds(text(when)))
            newest = step
    return out.chunk(notes.take())


def _value(value: object, kind: object) -> float | None:
    """The number that a value and its type mean, or None."""
    typed = TYPED.get(text(kind))
    if typed is not None:
        return typed
    if value is None:
        return math.nan
    return None if isinstance(value, bytes) else as_number(value)


def _number(row: Row) -> int:
    return row[1] if isinstance(row[1], int) else -1


def _parameter(value: object, content: object) -> object:
    """A parameter's value; of a categorical one the choice itself, which is stored by its place."""
    choices = _attributes(content).get("choices")
    if isinstance(choices, list) and isinstance(value, float) and value in range(len(choices)):
        return choices[int(value)]
    return value if isinstance(value, int | float) else text(value)


def _attributes(content: object) -> Mapping[str, object]:
    try:
        found = parsed(content) if isinstance(content, bytes) else None
    except BadJson:
        return {}
    attributes = found.get("attributes") if isinstance(found, dict) else None
    return attributes if isinstance(attributes, dict) else {}


def _texts(rows: list[Row]) -> list[str]:
    """The texts of a JSON list in the only cell; [] for anything else."""
    try:
        found = parsed(rows[0][0]) if rows and isinstance(rows[0][0], bytes) else None
    except BadJson:
        return []
    return [clean_name(name) for name in found if isinstance(name, str)] if isinstance(found, list) else []
