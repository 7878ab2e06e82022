"""What the guard's tests drive it with."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from descentry.guard.actions import Action, Deed
from descentry.guard.guard import Guard
from descentry.guard.ladder import Moment
from descentry.record.finding import Finding, Severity
from descentry.record.report import RunReport


def rows(n_steps: int, seed: int = 0, **changed: dict[int, float]) -> Iterator[dict[str, float]]:
    """A healthy run of `loss`, `grad_norm`, `lr`, `loss_scale`, a `val_loss` every 50 steps; `changed` by step."""
    random = np.random.default_rng(seed)
    for step in range(n_steps):
        course = 2.0 + 3.0 / (1.0 + step / 100.0) ** 0.5
        row = {
            "loss": course + 0.03 * random.standard_normal(),
            "grad_norm": abs(0.5 + 0.05 * random.standard_normal()),
            "lr": 3e-4,
            "loss_scale": 65536.0,
        }
        if step % 50 == 49:
            row["val_loss"] = course + 0.05
        yield {**row, **{name: by_step[step] for name, by_step in changed.items() if step in by_step}}


def driven(guard: Guard, told: Iterable[dict[str, float]], first: int = 0) -> list[Action]:
    """What the guard says to these rows."""
    return [guard.observe(step, **row) for step, row in enumerate(told, first)]


def at_once(policy: Any = "acting", **options: Any) -> Guard:
    """A guard that judges each row before it answers."""
    return Guard(policy, background=False, **options)


def finding(pattern: str = "spike", onset: int = 100, **changed: Any) -> Finding:
    """A finding as a detector says it."""
    values = {
        "pattern": pattern, "severity": Severity.CRITICAL, "confidence": 0.9, "curve": "loss", "onset_step": onset,
        "end_step": None, "detected_at_step": onset, "statement": "it leaps",
    }  # fmt: skip
    return Finding(**{**values, **changed})


def moment(n_points: int, *findings: Finding, **changed: Any) -> Moment:
    """A moment of a run whose step, batch and point are alike."""
    values = {
        "step": n_points,
        "n_batches": n_points,
        "n_points": n_points,
        "saved": {},
        "findings": findings,
    }
    return Moment(**{**values, **changed})


def plain(report: RunReport | None) -> str:
    """The report in words, without its pictures' arrays: NaN equals NaN there."""
    return repr(report and replace(report, sketches=()))


def kinds(deeds: Iterable[tuple[int, Deed]]) -> list[str]:
    """The names of what was asked for."""
    return [type(deed).__name__ for _, deed in deeds]
