"""What readers of places with several runs share: the only run, names that tell apart, settings."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from descentry.record.errors import DamagedError, UsageError
from descentry.sources.json.values import clean_name
from descentry.sources.notes import quoted
from descentry.sources.numbers import number
from descentry.sources.protocol import OneRun

Run = TypeVar("Run", bound=OneRun)

DATABASES = {
    "MLflow": frozenset({"metrics", "runs", "params"}),
    "trackio": frozenset({"metrics", "configs"}),
    "optuna": frozenset({"studies", "trials", "trial_values"}),
}
"""The tables by which the databases of a tracker are known."""
MAX_SETTINGS = 1000
ID_LENGTH = 8
"""Characters of an id that stand behind a name that is not unique."""


def only_run(path: Path, runs: Sequence[tuple[str, Run]]) -> Run:
    """The run of a place that has but one.  Raises DamagedError for none, UsageError for several."""
    if not runs:
        raise DamagedError(str(path), "holds no run yet", "wait until a run has logged")
    if len(runs) > 1:
        some = ", ".join(quoted(name) for name, _ in runs[:3]) + (", …" if len(runs) > 3 else "")
        raise UsageError(f"{path} holds {len(runs)} runs ({some}), expected one; read them through `runs`")
    return runs[0][1]


def run_names(ids: Sequence[str], names: Sequence[str]) -> list[str]:
    """A name for each run, unique: its own, with the start of its id where others have it too."""
    own = [clean_name(name).strip() or clean_name(id) for name, id in zip(names, ids, strict=True)]
    counts = Counter(own)
    told = [
        name if counts[name] == 1 else f"{name}-{clean_name(id)[:ID_LENGTH]}"
        for name, id in zip(own, ids, strict=True)
    ]
    counts = Counter(told)
    return [name if counts[name] == 1 else f"{name}#{index}" for index, name in enumerate(told, 1)]


def settings(pairs: Iterable[tuple[str, str]]) -> dict[str, object]:
    """Settings that were stored as text: numbers as numbers."""
    config: dict[str, object] = {}
    for name, text in pairs:
        if len(config) >= MAX_SETTINGS:
            break
        value = number(text)
        config[clean_name(name)] = text if value is None else value
    return config
