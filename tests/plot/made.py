"""Runs made by hand, with known findings, for the tests of the pictures."""

from collections.abc import Mapping

import numpy as np

from descentry.pictures import drawing
from descentry.plot.drawing import Drawing
from descentry.plot.settings import Settings
from descentry.record.finding import Finding, Severity
from descentry.record.report import RunReport
from descentry.record.roles import Role
from descentry.record.run import Curve, Run

ROLES = {
    "loss": Role.TRAIN_LOSS,
    "val_loss": Role.VAL_LOSS,
    "lr": Role.LEARNING_RATE,
    "grad_norm": Role.GRAD_NORM,
    "tokens": Role.TOKENS,
    "epoch": Role.EPOCH,
    "acc": Role.ACCURACY,
    "data": Role.DATA_VERSION,
}
Columns = Mapping[str, tuple[object, object]]


def made(columns: Columns, name: str = "run-a", wall: float | None = None, **config: object) -> Run:
    """A run with the curves `name -> (steps, values)`; `wall`: seconds of one step."""
    curves = {}
    for key, (steps, values) in columns.items():
        at = np.array(steps, np.int64)
        times = None if wall is None else 1e9 + wall * at
        curves[key] = Curve(key, ROLES.get(key, Role.METRIC), at, np.array(values, float), times)
    return Run(name, "jsonl", f"{name}.jsonl", curves, config)


def descent(n: int = 1000, stride: int = 1, noise: float = 0.02) -> tuple[np.ndarray, np.ndarray]:
    """Steps and losses of a healthy descent from 10 to 2."""
    steps = stride * np.arange(n)
    random = np.random.default_rng(0)
    return steps, 2 + 8 * np.exp(-6 * np.arange(n) / n) + random.normal(0, noise, n)


def finding(pattern: str = "spike", onset: int = 600, end: int | None = 600, **more: object) -> Finding:
    """A finding on the training loss."""
    severity = more.pop("severity", Severity.WARNING)
    return Finding(pattern, severity, 0.9, "loss", onset, end, onset, f"{pattern} is told", **more)  # type: ignore[arg-type]


def report(run: Run, *findings: Finding) -> RunReport:
    """A report that found these, without sketches."""
    return RunReport(run.run, run.format, run.path, "warning", "something is told", (), findings, ())


def drawn(run: Run, *findings: Finding, **settings: object) -> Drawing:
    """The drawing of a run with these findings."""
    return drawing([(run, report(run, *findings))], Settings(**settings))  # type: ignore[arg-type]
