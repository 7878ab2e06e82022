"""Optuna's SQLite storage: each study by the number of its trials, and each trial that reported values on its way.

Written by optuna 3.x to 5.x (`create_study(storage="sqlite:///…")`).  The run of a study has its objectives, with
the number of the trial as the step; that of a trial has `intermediate_value`.  An infinity is a type beside the
value, NaN is one or NULL.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from descentry.formats.sqlite_file import Database, text
from descentry.formats.sqlite_look import holds_tables, require_whole
from descentry.record.chunk import Chunk
from descentry.sources.sqlite_part import Part, follow_part, read_part
from descentry.sources.store import DATABASES, only_run, run_names
from descentry.sources.trackers.optuna_schema import require
from descentry.sources.trackers.optuna_tables import StudyValues, TrialValues

format = "optuna"

MAX_RUNS = 100_000


def matches(path: Path, head: bytes) -> bool:
    """True for an SQLite database with optuna's tables."""
    return holds_tables(path, head, DATABASES["optuna"])


def read(path: Path) -> Iterator[Chunk]:
    """The only run.  Raises UnreadableError, DamagedError; UsageError when there are several."""
    return only_run(path, runs(path)).read(path)


def follow(path: Path) -> Iterator[Chunk]:
    """The only run as it grows.  Raises as `read` does."""
    return only_run(path, runs(path)).follow(path)


def runs(path: Path) -> "Sequence[tuple[str, OptunaRun]]":
    """Each study by its name, then its trials that reported values, `study/trial-7`.

    Raises UnreadableError, DamagedError.
    """
    with Database(path) as database:
        require(database)
        studies = database.rows(
            "SELECT study_id, study_name FROM studies ORDER BY study_id LIMIT ?", MAX_RUNS
        )
        trials = database.rows(
            "SELECT trial_id, study_id, number FROM trials WHERE trial_id IN "
            "(SELECT trial_id FROM trial_intermediate_values) ORDER BY study_id, number, trial_id LIMIT ?",
            MAX_RUNS,
        )
    if not studies:
        require_whole(path)
    names = run_names([text(id) for id, _ in studies], [text(name) for _, name in studies])
    found: list[tuple[str, OptunaRun]] = []
    of_study: dict[object, list[tuple[str, object]]] = {}
    for trial, study, number in trials:
        of_study.setdefault(study, []).append((f"trial-{text(number)}", trial))
    for (study, _), name in zip(studies, names, strict=True):
        found.append((name, OptunaRun(study, None)))
        own = of_study.get(study, [])
        shown = run_names([text(trial) for _, trial in own], [number for number, _ in own])
        found += [
            (f"{name}/{one}", OptunaRun(study, trial)) for one, (_, trial) in zip(shown, own, strict=True)
        ]
    return found


class OptunaRun:
    """A study, or one of its trials."""

    def __init__(self, study: object, trial: object) -> None:
        self._study, self._trial = study, trial

    def _part(self, path: Path) -> Part:
        if self._trial is None:
            return StudyValues(path, self._study)
        return TrialValues(path, self._trial)

    def read(self, path: Path) -> Iterator[Chunk]:
        """All values, by the number of the trial or by the step.  Raises UnreadableError, DamagedError."""
        return read_part(path, self._part(path))

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The values as they come.  Raises UnreadableError, DamagedError at the start."""
        return follow_part(path, self._part(path))
