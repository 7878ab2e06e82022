"""The cached set: the shortest runs that show every pattern and every cause several times."""

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from lab.score.answer import SAME
from lab.store import Stored

N_EACH = 2
"""Runs of each pattern, cause and kind of sound run in each split, where there are so many."""


def shows(run: Stored) -> Iterator[tuple[str, str, str]]:
    """What a run stands for: its patterns, its causes, and, where nothing is wrong with it, what it resembles."""
    for pattern in run.truth.must:
        yield run.split, "pattern", SAME.get(pattern, pattern)
    for cause in run.truth.causes:
        yield run.split, "cause", cause
    if run.kind != "fault":
        yield run.split, run.family, run.fault


def chosen(runs: Iterable[Stored], n_each: int = N_EACH) -> list[Stored]:
    """The smallest logs first, each kept where something that it shows was not yet shown `n_each` times; by id.

    Only size decides: how well the runs are answered is never looked at.
    """
    seen: Counter[tuple[str, str, str]] = Counter()
    kept = []
    for run in sorted(runs, key=lambda one: (one.path.stat().st_size, one.id)):
        what = set(shows(run))
        if any(seen[one] < n_each for one in what):
            seen.update(what)
            kept.append(run)
    return sorted(kept, key=lambda one: one.id)


def copied(runs: Sequence[Stored], to: Path) -> int:
    """Lays the logs and truths of the runs into the folder, which held another such set before; bytes of all."""
    to.mkdir(parents=True, exist_ok=True)
    for old in (*to.glob("*.jsonl.gz"), *to.glob("*.truth.json")):
        old.unlink()
    size = 0
    for run in runs:
        for path in (run.path, run.path.with_name(f"{run.id}.truth.json")):
            size += shutil.copyfile(path, to / path.name).stat().st_size
    return size
