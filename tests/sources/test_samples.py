"""Logs that the real libraries wrote: every value equals what was logged."""

import csv
import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no ../shared/samples here")

Points = dict[str, list[tuple[int, float]]]


def truth(path: Path, run: str | None = None, segment: str | None = None) -> Points:
    """The points of `truth.csv` by metric, in the order of the calls."""
    points: Points = defaultdict(list)
    with path.open(newline="") as lines:
        for row in csv.DictReader(lines):
            if (run is None or row["run"] == run) and (segment is None or row["segment"] == segment):
                points[row["metric"]].append(
                    (int(row.get("step") or row.get("epoch") or 0), float(row["value"]))
                )
    return points


def points_of(run: Run) -> Points:
    return {
        name: list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))
        for name, curve in run.curves.items()
    }


def same(found: list[tuple[int, float]], expected: list[tuple[int, float]], *, single: bool = False) -> bool:
    """Whether steps are equal and values are equal bit for bit (as float32 where `single`)."""
    if len(found) != len(expected):
        return False
    return all(
        at == step
        and (
            value == (float(np.float32(logged)) if single else logged)
            or (math.isnan(value) and math.isnan(logged))
        )
        for (at, value), (step, logged) in zip(found, expected, strict=True)
    )


def one(path: Path) -> Run:
    (log,) = find(path)
    return collect(log)


@pytest.mark.parametrize("flavour", ["torch", "tensorboardx", "tf2style"])
@pytest.mark.parametrize("name", ["run_a", "run_b"])
def test_tensorboard(flavour: str, name: str) -> None:
    logs = {log.path.name: log for log in find(SAMPLES / "tensorboard" / flavour)}
    run = collect(logs[name])
    found = points_of(run)
    for metric, expected in truth(SAMPLES / "tensorboard" / "truth.csv", name).items():
        tag = "eval_acc____" if flavour == "tensorboardx" and metric == "eval acc (%)" else metric
        assert same(found[tag], expected, single=True), metric
    assert all(curve.wall_times is not None for curve in run.curves.values())


def test_a_resumed_writer_is_an_event_and_hides_nothing() -> None:
    logs = {log.path.name: log for log in find(SAMPLES / "tensorboard" / "torch")}
    run = collect(logs["run_a"])
    assert [event.step for event in run.events if event.kind == "resume"] == [40]
    assert len(run.curves["train/loss"]) == 100


def test_accelerate() -> None:
    found = points_of(one(SAMPLES / "accelerate" / "run_a" / "events.out.tfevents.1795307157.vm.5186.0"))
    for metric, expected in truth(SAMPLES / "accelerate" / "truth.csv", "run_a", "0").items():
        assert same(found[metric], expected, single=True), metric


@pytest.mark.parametrize("name", ["plain", "resumed", "nan_filtered", "nan_unfiltered"])
def test_trainer_state(name: str) -> None:
    run = one(SAMPLES / "hf-trainer" / f"{name}.trainer_state.json")
    found = points_of(run)
    expected = truth(SAMPLES / "hf-trainer" / f"{name}.truth.csv")
    expected["epoch"].pop()
    for metric in ("loss", "grad_norm", "learning_rate", "eval_loss", "epoch"):
        last = found[metric][-len(expected[metric]) :]
        assert len(last) == len(found[metric]) or name == "resumed"
        assert same(last, expected[metric]), metric
    assert "train_loss" not in found
    assert run.config["max_steps"] == (25 if name == "resumed" else 20)


def test_keras_csv() -> None:
    found = points_of(one(SAMPLES / "keras" / "history.csv"))
    for metric, expected in truth(SAMPLES / "keras" / "truth.csv").items():
        assert same(found[metric], expected), metric


def test_keras_history_json() -> None:
    found = points_of(one(SAMPLES / "keras" / "history_second_fit.json"))
    expected = truth(SAMPLES / "keras" / "truth.csv")
    assert same(found["loss"], [(i, value) for i, (_, value) in enumerate(expected["loss"][-5:])])


def test_lightning_csv() -> None:
    found = points_of(one(SAMPLES / "lightning" / "metrics.csv"))
    for metric, expected in truth(SAMPLES / "lightning" / "truth.csv").items():
        if metric in found:
            assert same(found[metric], expected), metric
    assert {"train/loss_step", "train/loss_epoch", "grad norm", "val_loss"} <= set(found)


def test_wandb() -> None:
    segments = {
        "001630-run_a": ("run_a", "0"),
        "001631-run_a": ("run_a", "1"),
        "001631-run_b": ("run_b", "0"),
    }
    for ending, (name, segment) in segments.items():
        found = points_of(one(SAMPLES / "wandb" / f"offline-run-20261122_{ending}" / f"run-{name}.wandb"))
        for metric, expected in truth(SAMPLES / "wandb" / "truth.csv", name, segment).items():
            assert same(found[metric], expected), (ending, metric)


def test_mlflow_files() -> None:
    logs = find(SAMPLES / "mlflow-filestore" / "mlruns")
    assert [log.format for log in logs] == ["mlflow", "mlflow"]
    for log, name in zip(logs, ("run_a", "run_b"), strict=True):
        found = points_of(collect(log))
        for metric, expected in truth(SAMPLES / "mlflow-filestore" / "truth.csv", name).items():
            assert same(found[metric], expected), (name, metric)


def test_mlflow_keeps_the_attempts_of_a_resumed_run_apart() -> None:
    (chunk,) = find(SAMPLES / "mlflow-filestore" / "mlruns")[0].chunks()
    assert chunk.steps.tolist() == [*range(60), *range(40, 80)]
