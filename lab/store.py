"""Where made runs lie: a JSONL log a run, packed, and one truth file beside them all."""

import gzip
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.case import Case, Made, Series, Truth

NAMES: tuple[dict[str, str], ...] = (
    {},
    {"train_loss": "loss", "val_loss": "eval_loss", "lr": "learning_rate"},
    {"train_loss": "train/loss", "val_loss": "val/loss", "lr": "train/lr", "grad_norm": "train/grad_norm"},
    {"train_loss": "Loss/train", "val_loss": "Loss/valid", "grad_norm": "gradient_norm"},
)
"""What trackers and frameworks call the same series: a run takes one of these by its seed."""
DIGITS = 5
"""Significant digits of a logged value, as most loggers print."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A run on disk with what is known about it."""

    id: str
    family: str
    fault: str
    kind: str
    severity: str
    seed: int
    split: str
    truth: Truth
    path: Path


def write(folder: Path, case: Case, made: Made) -> None:
    """Writes the log of a case and its truth; a torn write leaves no truth, so the case is made again."""
    folder.mkdir(parents=True, exist_ok=True)
    names = NAMES[case.seed % len(NAMES)]
    data = gzip.compress("".join(lines(made, names)).encode(), mtime=0)
    (folder / f"{case.id}.jsonl.gz").write_bytes(data)
    if made.beside:
        _write_beside(folder, case.id, made.beside)
    write_truth(folder, case, made.truth)


def write_truth(folder: Path, case: Case, truth: Truth) -> None:
    """Writes what is known about a case, all at once."""
    told = {
        "id": case.id, "family": case.family, "fault": case.fault, "kind": case.kind, "severity": case.severity,
        "seed": case.seed, "split": case.split, "must": sorted(truth.must), "may": sorted(truth.may),
        "onset": {name: list(steps) for name, steps in truth.onset.items()}, "causes": list(truth.causes),
        "look_alikes": sorted(truth.look_alikes),
    }  # fmt: skip
    fresh = folder / f"{case.id}.truth.{os.getpid()}"
    fresh.write_text(json.dumps(told))
    fresh.replace(folder / f"{case.id}.truth.json")


def _write_beside(folder: Path, name: str, beside: Mapping[str, Mapping[str, Series]]) -> None:
    (folder / "beside").mkdir(exist_ok=True)
    arrays = {
        f"{whose}/{series}/{part}": array
        for whose, some in beside.items()
        for series, (steps, values) in some.items()
        for part, array in (("steps", steps), ("values", values))
    }
    np.savez_compressed(folder / "beside" / f"{name}.npz", **arrays)  # type: ignore[arg-type]


def beside(folder: Path, name: str) -> Mapping[str, Mapping[str, Series]] | None:
    """What the truth about a trained run was read off from; None where it was not kept."""
    path = folder / "beside" / f"{name}.npz"
    if not path.exists():
        return None
    found: dict[str, dict[str, Series]] = {"run": {}, "twin": {}}
    with np.load(path) as arrays:
        for key in arrays.files:
            whose, rest = key.split("/", 1)
            series, part = rest.rsplit("/", 1)
            if part == "steps":
                found[whose][series] = (arrays[key], arrays[f"{whose}/{series}/values"])
    return found


def lines(made: Made, names: dict[str, str]) -> Iterator[str]:
    """The rows of a run as JSON lines, in the order of the training loss; NaN and infinities as they are."""
    if made.config:
        yield json.dumps({"config": made.config}) + "\n"
    order = made.series["train_loss"][0]
    at = dict.fromkeys(made.series, 0)
    for step in order.tolist():
        row: dict[str, float] = {"step": step}
        for name, (steps, values) in made.series.items():
            k = at[name]
            if k < len(steps) and steps[k] == step:
                row[names.get(name, name)] = _rounded(float(values[k]))
                at[name] = k + 1
        yield json.dumps(row) + "\n"


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else value


def done(folder: Path) -> set[str]:
    """The ids of the runs that are made."""
    return {path.name.removesuffix(".truth.json") for path in folder.glob("*.truth.json")}


def stored(folder: Path) -> list[Stored]:
    """Every made run of a folder, by id."""
    return [read(path) for path in sorted(folder.glob("*.truth.json"))]


def read(path: Path) -> Stored:
    """What is known about one run."""
    told = json.loads(path.read_text())
    truth = Truth(
        frozenset(told["must"]), frozenset(told["may"]),
        {name: tuple(steps) for name, steps in told["onset"].items()},
        tuple(told["causes"]), frozenset(told["look_alikes"]),
    )  # fmt: skip
    log = path.with_name(told["id"] + ".jsonl.gz")
    return Stored(
        told["id"],
        told["family"],
        told["fault"],
        told["kind"],
        told["severity"],
        told["seed"],
        told["split"],
        truth,
        log,
    )
