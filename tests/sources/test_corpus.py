"""Public training logs: each is found, recognised and read with the points that its manifest counts."""

import csv
from pathlib import Path

import numpy as np
import pytest

from descentry.record.roles import Role
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
FORMATS = {
    "csv": "csv",
    "colossal-rm-csv": "csv",
    "lightning-csv": "csv",
    "ultralytics-csv": "csv",
    "jsonl": "jsonl",
    "detectron2-metrics-json": "jsonl",
    "llama-factory-jsonl": "jsonl",
    "hf-trainer-state": "trainer_state",
    "megatron-golden-json": "megatron_golden",
    "mlflow-folder": "mlflow",
    "tensorboard": "tensorboard",
    "wandb-offline": "wandb",
}
TRAIN = {Role.TRAIN_LOSS, Role.LOSS_PART}
VAL = {Role.VAL_LOSS, Role.VAL_LOSS_PART}
SIGNALS = {
    "train_loss": TRAIN,
    "val_loss": VAL,
    "lr": {Role.LEARNING_RATE},
    "grad_norm": {Role.GRAD_NORM},
}
TOLERANCE = 11
"""Manifest counts join train losses per step and per epoch."""


def manifest() -> list[dict[str, str]]:
    if not CORPUS.is_dir():
        return []
    with (CORPUS / "MANIFEST.csv").open(newline="", encoding="utf-8") as lines:
        return [row for row in csv.DictReader(lines) if row["format"] in FORMATS]


ENTRIES = {row["slug"]: row for row in manifest()}


def only(slug: str) -> Run:
    (log,) = find(CORPUS / slug)
    return collect(log)


@pytest.mark.parametrize("slug", ENTRIES)
def test_an_entry_is_read(slug: str) -> None:
    entry = ENTRIES[slug]
    run = only(slug)
    assert run.format == FORMATS[entry["format"]]
    found = {curve.role for curve in run.curves.values()}
    for signal in entry["signals"].split(";"):
        assert SIGNALS[signal] & found, signal
    sizes = [len(curve) for curve in run.curves.values() if curve.role in TRAIN | VAL]
    assert 0 <= int(entry["points"]) - max(sizes) <= TOLERANCE


needs = pytest.mark.skipif(not ENTRIES, reason="no ../shared/corpus here")


@needs
def test_one_run_in_two_formats_gives_the_same_curve() -> None:
    state, lines = only("mistral-translator-state"), only("mistral-translator-jsonl")
    for role in (Role.TRAIN_LOSS, Role.LEARNING_RATE):
        a, b = state.by_role(role), lines.by_role(role)
        assert a is not None
        assert b is not None
        assert np.array_equal(a.steps, b.steps)
        assert np.array_equal(a.values, b.values)


@needs
def test_padding_is_told_and_left_out() -> None:
    run = only("mcore-bert_release-a100")
    assert [event.kind for event in run.events] == ["padding"]
    assert np.isfinite(run.curves["lm loss"].values).all()


@needs
def test_values_are_those_of_the_file() -> None:
    run = only("mpl-25m-cosine_72000")
    assert run.curves["loss"].values[:2].tolist() == [4.0994, 4.0449]
    assert run.curves["loss"].steps[[0, -1]].tolist() == [2160, 71920]
    reward = only("rm-csv-0421")
    assert reward.curves["dist"].values[0] == 0.00787155359399085
    assert only("grok-mech-adamw_sc1.0_wd0.0_s2").config["weight_decay"] == 0.0
