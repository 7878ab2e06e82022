"""Other programs' answers to the same runs, by adapters that live elsewhere.

A folder of adapters holds a `run.py`, called as `run.py FOLDER LABELS --json OUT --min-severity S`, which writes
{peer: {"answers": {file: [pattern, …]}, "errors": [file, …], "median_cpu_ms": number}} for the CSV files of FOLDER, and
one Python file a peer that spells the patterns it can say.
"""

import csv
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from descentry.calls import runs as read_runs
from descentry.record.roles import Role
from descentry.record.run import Run
from lab.case import Truth
from lab.score.answer import Answer, Said
from lab.score.judge import Judged, judge
from lab.store import Stored

COLUMNS: Mapping[str, Role] = {
    "train_loss": Role.TRAIN_LOSS, "val_loss": Role.VAL_LOSS, "lr": Role.LEARNING_RATE, "grad_norm": Role.GRAD_NORM,
}  # fmt: skip
"""What peers are handed: the series that all of them could ask for, under the names they understand."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One program on the runs: every answer judged, the loud ones alone, and what it can say at all.

    `knows`: None for a program that knows every pattern.  `n_errors`: runs on which it gave up; `cpu_ms`: the median of
    the processor's time for a run.
    """

    name: str
    judged: tuple[Judged, ...]
    loud: tuple[Judged, ...]
    knows: frozenset[str] | None
    n_errors: int
    cpu_ms: float


def ask(runs: Sequence[Stored], adapters: Path, patterns: frozenset[str]) -> list[Peer]:
    """Every peer's answers to the runs, in the order in which the adapters tell them."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for run in runs:
            write_csv(folder / f"{run.id}.csv", next(iter(read_runs(run.path))))
        labels = folder / "labels.json"
        labels.write_text(json.dumps({f"{run.id}.csv": ["good"] for run in runs}))
        everything, loud = (_answers(adapters, folder, labels, least) for least in ("info", "warning"))
    return [
        Peer(
            peer,
            tuple(_judged(run, told) for run in runs),
            tuple(_judged(run, loud[peer]) for run in runs),
            known(adapters, peer, patterns),
            len(_listed(told["errors"])),
            float(str(told["median_cpu_ms"])),
        )
        for peer, told in everything.items()
    ]


def _answers(adapters: Path, folder: Path, labels: Path, least: str) -> dict[str, dict[str, object]]:
    out = folder / f"{least}.json"
    command = [
        str(adapters / "run.py"),
        str(folder),
        str(labels),
        "--json",
        str(out),
        "--min-severity",
        least,
    ]
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    found: dict[str, dict[str, object]] = json.loads(out.read_text())
    return found


def _judged(run: Stored, told: Mapping[str, object]) -> Judged:
    answers = told["answers"]
    assert isinstance(answers, dict)
    said = [name for name in answers[f"{run.id}.csv"] if name != "good"]
    findings = tuple(Said(name, 0, 0, (), 1.0, True, True) for name in said)
    return judge(run, Answer(findings, (), 0, 1, 0))


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def known(adapters: Path, peer: str, patterns: frozenset[str]) -> frozenset[str]:
    """The patterns that an adapter spells: all that this peer can say.

    A peer's file is `peer_NAME.py` or `NAME.py`; a variant of a peer bears its name and something behind it.
    """
    files = sorted(adapters.glob("*.py"), key=lambda path: -len(path.stem))
    own = next((path for path in files if peer.startswith(path.stem.removeprefix("peer_"))), None)
    text = own.read_text() if own is not None else ""
    return frozenset(name for name in patterns if f'"{name}"' in text)


def write_csv(path: Path, run: Run) -> None:
    """The run as a table of `step` and COLUMNS in the order of the log; blank where nothing was logged."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        curves = {name: curve for name, role in COLUMNS.items() if (curve := run.by_role(role)) is not None}
        writer.writerow(["step", *curves])
        writer.writerows(_rows([(curve.steps, curve.values) for curve in curves.values()]))


def _rows(series: Sequence[tuple[np.ndarray, np.ndarray]]) -> Iterator[list[object]]:
    """Rows by step; a step that comes twice in a series makes two rows, the first visit first."""
    at: dict[tuple[int, int], list[object]] = {}
    for column, (steps, values) in enumerate(series):
        visits: dict[int, int] = {}
        for step, value in zip(steps.tolist(), values.tolist(), strict=True):
            visit = visits[step] = visits.get(step, 0) + 1
            row = at.setdefault((visit, step), [step, *[""] * len(series)])
            row[column + 1] = value
    yield from (at[key] for key in sorted(at))


def corpus(folder: Path) -> list[Stored]:
    """The labelled real logs of a folder with a LABELS.json, as runs of the proving ground."""
    labels = json.loads((folder / "LABELS.json").read_text())
    return [
        _labelled(folder / name, told) for name, told in sorted(labels.items()) if (folder / name).exists()
    ]


def _labelled(path: Path, told: Mapping[str, list[str]]) -> Stored:
    must, may = (frozenset(told[key]) - {"healthy"} for key in ("must", "may"))
    kind = "healthy" if "healthy" in told["must"] else "fault"
    return Stored(path.name, "corpus", "", kind, "none", 0, "test", Truth(must, may), path)
