"""Reports made by hand, for the tests of the views."""

from collections.abc import Sequence

import numpy as np

from descentry.record.event import Event
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.report import Cause, CurveSummary, Phase, Remedy, RunReport, Sketch
from descentry.record.roles import Role

EVIL = "run\x1b[31m\r\n\u202e\udc80é" + "界" * 60


def sketch(
    name: str, role: Role | None, steps: Sequence[int] | np.ndarray, values: Sequence[float] | np.ndarray
) -> Sketch:
    """One block per point."""
    array = np.array(values, float)
    return Sketch(name, role, np.array(steps, np.int64), array, array, array)


def spike() -> Finding:
    evidence = (
        Evidence("the loss stood far above its trend", "train_loss", 41_200, 7.8, 3.12),
        Evidence("the noise is small", "train_loss", None, float("nan"), float("-inf")),
    )
    return Finding(
        pattern="spike",
        severity=Severity.WARNING,
        confidence=0.97,
        curve="train_loss",
        onset_step=41_200,
        end_step=41_510,
        detected_at_step=41_200,
        statement="loss leapt from 3.12 to 7.80 at step 41 200 (noise ±0.04), back to trend in 310 steps",
        resolved_at_step=41_510,
        steps=(41_200,),
        evidence=evidence,
    )


def nan() -> Finding:
    return Finding(
        pattern="nan",
        severity=Severity.CRITICAL,
        confidence=1.0,
        curve="train_loss",
        onset_step=90_000,
        end_step=None,
        detected_at_step=90_000,
        statement="loss is NaN from step 90 000 to the end",
        explained_by=0,
        saved_steps=38_000,
    )


def cause() -> Cause:
    remedies = (
        Remedy(
            "clip_gradients", "Clip the gradient norm at 1.0.", "It bounds the step.", "Pascanu et al. 2012"
        ),
        Remedy("lower_lr", "Halve the learning rate.", "Smaller steps.", "a guide"),
    )
    return Cause(
        "corrupted_batch",
        "A batch of bad data",
        0.62,
        (0,),
        ("the gradient norm rose first",),
        ("it came once only",),
        "log the ids of the batches",
        remedies,
    )


def run_report(name: str = "runs/a", findings: tuple[Finding, ...] | None = None) -> RunReport:
    steps = np.arange(0, 128_000, 200)
    values = 2.5 + 8 * np.exp(-steps / 9000)
    values[steps == 41_200] = 7.8
    values[steps >= 90_000] = np.nan
    curve = CurveSummary("train_loss", Role.TRAIN_LOSS, 640, 0, 127_800, 190, 10.5, float("nan"), 2.5)
    return RunReport(
        run=name,
        format="jsonl",
        path="runs/a.jsonl",
        verdict="critical",
        summary="loss is NaN from step 90 000 to the end, after a spike at step 41 200",
        curves=(curve,),
        findings=(spike(), nan()) if findings is None else findings,
        causes=(cause(),),
        events=(
            Event("torn_tail", "the last line is not whole", "a.jsonl:641"),
            Event("resume", "x", warning=False),
        ),
        phases=(Phase("descent", 0, 41_000),),
        schedule={"kind": "cosine", "peak": 6e-4, "end": float("inf")},
        sketches=(
            sketch("train_loss", Role.TRAIN_LOSS, steps, values),
            sketch("val_loss", Role.VAL_LOSS, steps[::40], np.nan_to_num(values[::40], nan=9.0) + 0.1),
        ),
        notes=("no gradient norm is logged; it would tell a bad batch from a high learning rate",),
    )


def healthy() -> RunReport:
    return RunReport("a", "csv", "a.csv", "healthy", "falls as it should", (), (), ())
