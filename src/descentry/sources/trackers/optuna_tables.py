"""The tables of optuna's storage: the objectives of a study's trials, the values that one trial reported."""

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from descentry.formats.sqlite_file import Database, Row, text
from descentry.record.chunk import Chunk, empty
from descentry.record.errors import DamagedError
from descentry.sources.json.rows import as_number
from descentry.sources.json.values import BadJson, clean_name, parsed
from descentry.sources.notes import Notes, quoted
from descentry.sources.numbers import iso_seconds, whole_step
from descentry.sources.rows import Rows
from descentry.sources.store import MAX_SETTINGS

PAGE = 4096
TYPED = {"INF_POS": math.inf, "INF_NEG": -math.inf, "NAN": math.nan}
"""What stands in the type of a value that SQL cannot hold."""
FAR_BEHIND = 100
"""A trial that still runs holds back those with later numbers, so that steps rise, but not more of them."""

OBJECTIVES = (
    "SELECT v.trial_value_id, t.number, {complete}, v.value, {type}, v.objective "
    "FROM trial_values v JOIN trials t ON t.trial_id = v.trial_id "
    f"WHERE t.study_id = ? AND v.trial_value_id > ? ORDER BY v.trial_value_id LIMIT {PAGE}"
)
OPEN = "SELECT min(number) FROM trials WHERE study_id = ? AND state = 'RUNNING'"
WITHOUT = (
    "SELECT state, count(*) FROM trials WHERE study_id = ? AND state IN ('PRUNED', 'FAIL') "
    "AND trial_id NOT IN (SELECT trial_id FROM trial_values) GROUP BY state"
)
REPORTED = (
    "SELECT trial_intermediate_value_id, step, NULL, intermediate_value, {type}, NULL "
    "FROM trial_intermediate_values WHERE trial_id = ? AND trial_intermediate_value_id > ? "
    f"ORDER BY trial_intermediate_value_id LIMIT {PAGE}"
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
        self._news = _News(path, study)
        self._notes = Notes(path.name)
        self._names: list[str] = []
        self._waiting: list[Row] = []

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
        there = database.tables()
        complete = "t.datetime_complete" if "datetime_complete" in there["trials"] else "NULL"
        kind = "v.value_type" if "value_type" in there["trial_values"] else "NULL"
        for page in self._news.pages(database, OBJECTIVES.format(complete=complete, type=kind)):
            self._waiting += page
        self._waiting.sort(key=_number)
        ((first_open,),) = database.rows(OPEN, self._study)
        until = first_open if isinstance(first_open, int) else math.inf
        newest = _number(self._waiting[-1]) if self._waiting else 0
        n = sum(_number(row) < max(until, newest - FAR_BEHIND) for row in self._waiting)
        ready, self._waiting = self._waiting[:n], self._waiting[n:]
        yield _chunk(ready, self._name, self._notes)

    def end(self, problem: str) -> Chunk | None:
        """The objectives that waited for earlier trials."""
        return self._news.end(problem, self._notes) and _chunk(self._waiting, self._name, self._notes)

    def _name(self, objective: object) -> str:
        if isinstance(objective, int) and 0 <= objective < len(self._names):
            return self._names[objective]
        return f"objective_{text(objective)}" if objective else "objective"


class TrialValues:
    """The values that one trial reported on its way."""

    max_value = 64 << 10

    def __init__(self, path: Path, trial: object) -> None:
        self._trial = trial
        self._news = _News(path, trial)
        self._notes = Notes(path.name)

    def config(self, database: Database) -> Mapping[str, object]:
        """The parameters of the trial."""
        if "trial_params" not in database.tables():
            return {}
        found = database.rows(PARAMS, self._trial)
        return {clean_name(text(name)): _parameter(value, content) for name, value, content in found}

    def fresh(self, database: Database) -> Iterator[Chunk]:
        """The values that are new."""
        has_type = "intermediate_value_type" in database.tables()["trial_intermediate_values"]
        kind = "intermediate_value_type" if has_type else "NULL"
        for page in self._news.pages(database, REPORTED.format(type=kind)):
            yield _chunk(page, lambda _: "intermediate_value", self._notes)

    def end(self, problem: str) -> Chunk | None:
        """What was noticed."""
        return self._news.end(problem, self._notes)


class _News:
    """Rows in the order in which they were stored, from the first on or from the last that was seen."""

    def __init__(self, path: Path, owner: object) -> None:
        self._path, self._owner = path, owner
        self._last = 0

    def pages(self, database: Database, query: str) -> Iterator[list[Row]]:
        """All rows that are new, page by page."""
        while page := database.rows(query, self._owner, self._last):
            last = page[-1][0]
            if not isinstance(last, int) or last <= self._last:
                raise DamagedError(str(self._path), "holds rows out of their order", "write it anew")
            self._last = last
            yield page

    def end(self, problem: str, notes: Notes) -> Chunk | None:
        """An empty chunk with what was noticed; None where a problem left nothing."""
        if problem and not self._last:
            return None
        if problem:
            notes.add("torn_tail", f"the file {problem}; what came before was read")
        return empty(notes.take())


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
