"""Optuna's journal (`JournalStorage` with a file): each study by the numbers of its trials, each trial that reported.

Written by optuna 3.1 to 5.x, one operation as JSON per line; studies and trials are numbered in the order in which they
were created.  Runs and series are those of optuna's database (`optuna_study`).
"""

import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from descentry.record.chunk import Chunk, table
from descentry.record.event import Event
from descentry.sources.rows import bounded, with_events
from descentry.sources.settled import follow_settled
from descentry.sources.store import only_run, run_names
from descentry.sources.trackers.optuna_operations import Journal, Study, Trial

format = "optuna_journal"

FAR_BEHIND = 100
"""A followed study waits for a trial that still runs, so that steps rise, until so many later ones have begun."""


def matches(path: Path, head: bytes) -> bool:  # noqa: ARG001
    """True for lines that name an operation and the worker that did it."""
    first = head[:4096].partition(b"\n")[0]
    return first.startswith(b'{"op_code":') and b'"worker_id":' in first


def read(path: Path) -> Iterator[Chunk]:
    """The only run.  Raises UnreadableError; DamagedError for none, UsageError when there are several."""
    return only_run(path, runs(path)).read(path)


def follow(path: Path) -> Iterator[Chunk]:
    """The only run as it grows.  Raises as `read` does."""
    return only_run(path, runs(path)).follow(path)


def runs(path: Path) -> "Sequence[tuple[str, JournalRun]]":
    """Each study by its name, then its trials that reported values, `study/trial-7`.  Raises UnreadableError."""
    journal = _journal(path)
    studies = journal.studies
    names = run_names([str(at) for at in range(len(studies))], [study.name for study in studies])
    found: list[tuple[str, JournalRun]] = []
    for at, (study, name) in enumerate(zip(studies, names, strict=True)):
        if study.trials:
            found.append((name, JournalRun(at)))
            trials = enumerate(study.trials)
            found += [(f"{name}/trial-{n}", JournalRun(at, n)) for n, trial in trials if trial.reported]
    return found


def _journal(path: Path) -> Journal:
    try:
        status = os.stat(path)
    except OSError:
        return Journal(path)
    return _read_once(path, (status.st_mtime_ns, status.st_size, status.st_ino))


@lru_cache(maxsize=2)
def _read_once(path: Path, version: object) -> Journal:
    """All runs of a journal are read together: one after the other would read it as often as it has trials."""
    del version
    return Journal(path)


class JournalRun:
    """A study, or one of its trials, by their numbers."""

    def __init__(self, study: int, trial: int = -1) -> None:
        self._study, self._trial = study, trial

    def read(self, path: Path) -> Iterator[Chunk]:
        """All values.  Raises UnreadableError."""
        yield from bounded(self._rows(path, is_whole=True))

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The values as they come.  Raises UnreadableError at the start."""
        return follow_settled(lambda: [path], lambda: bounded(self._rows(path, is_whole=False)))

    def _rows(self, path: Path, *, is_whole: bool) -> Chunk:
        journal = _journal(path)
        study = journal.studies[self._study] if self._study < len(journal.studies) else Study("")
        if self._trial < 0:
            told = (*journal.events, *_without(study, path.name)) if is_whole else ()
            return with_events(_objectives(study, is_whole=is_whole), told)
        return _reported(study.trials[self._trial] if self._trial < len(study.trials) else Trial())


def _objectives(study: Study, *, is_whole: bool) -> Chunk:
    """The values of the trials that have ended, in the order of their numbers."""
    n = len(study.trials) if is_whole else _first_open(study.trials)
    ended = [(at, trial.values) for at, trial in enumerate(study.trials[:n]) if trial.values]
    n_values = max((len(values) for _, values in ended), default=0)
    series = {
        _name(study, i): np.array(
            [values[i] if i < len(values) else np.nan for _, values in ended], np.float64
        )
        for i in range(n_values)
    }
    chunk = table(np.array([at for at, _ in ended], np.int64), series)
    return Chunk(chunk.steps, chunk.columns, None, (), study.config)


def _name(study: Study, i: int) -> str:
    if i < len(study.series):
        return study.series[i]
    return f"objective_{i}" if i else "objective"


def _without(study: Study, name: str) -> Iterator[Event]:
    """The trials that ended without an objective, told."""
    n = sum(trial.has_ended and not trial.values for trial in study.trials)
    if n:
        yield Event(
            "failed_trial", "trials that were pruned or failed have no objective", name, n, warning=False
        )


def _first_open(trials: Sequence[Trial]) -> int:
    """The number of the first trial that is still waited for; how many there are where none is."""
    since = max(0, len(trials) - FAR_BEHIND)
    return next((at for at, trial in enumerate(trials) if at >= since and not trial.has_ended), len(trials))


def _reported(trial: Trial) -> Chunk:
    steps = sorted(trial.reported)
    values = np.array([trial.reported[step] for step in steps], np.float64)
    chunk = table(np.array(steps, np.int64), {"intermediate_value": values})
    return Chunk(chunk.steps, chunk.columns, None, (), dict(trial.params))
