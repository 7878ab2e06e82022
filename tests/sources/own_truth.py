"""Reads the truths of samples that have a test of their own (see tests/make_samples/own_truth.py)."""

import json
from pathlib import Path

import numpy as np

from descentry.record.run import Run

SAMPLES = Path(__file__).parents[1] / "samples"


def truth_of(log: Path) -> dict[str, list[tuple[int, float]]]:
    """Points by series, in the order of the calls."""
    told = json.loads(log.with_name(f"{log.name}.points.json").read_text("utf-8"))
    return {
        name: list(zip(its["steps"], map(float, its["values"]), strict=True))
        for name, its in told["series"].items()
    }


def assert_same(run: Run, truth: dict[str, list[tuple[int, float]]]) -> None:
    """Every series is there, with every step and every value, bit for bit; nothing else is."""
    assert set(run.curves) == set(truth)
    for name, points in truth.items():
        curve = run.curves[name]
        assert curve.steps.tolist() == [step for step, _ in points], name
        assert np.array_equal(curve.values, [value for _, value in points], equal_nan=True), name
