"""Lists of rows by name, TensorBoard's downloads, rows by `epoch_3`, vague splits, odd literals."""

import json
import math
from pathlib import Path

import pytest

from descentry.calls import read
from descentry.record.roles import Role
from descentry.record.run import Run

LOSSES = [3.0, 2.9, 2.8, 2.7]


def read_as(tmp_path: Path, text: str, name: str = "a.json") -> Run:
    path = tmp_path / name
    path.write_text(text)
    return read(path)


def curves(run: Run) -> dict[str, list[tuple[int, float]]]:
    return {
        name: list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))
        for name, curve in run.curves.items()
    }


def roles(run: Run) -> dict[str, Role | None]:
    return {name: curve.role for name, curve in run.curves.items()}


@pytest.mark.parametrize("indent", [None, 2])
def test_lists_of_splits_are_merged_by_step(tmp_path: Path, indent: int | None) -> None:
    rows = [{"step": 10 * i, "loss": loss} for i, loss in enumerate(LOSSES)]
    run = read_as(tmp_path, json.dumps({"train": rows, "eval": rows[::2]}, indent=indent))
    points = [(10 * i, loss) for i, loss in enumerate(LOSSES)]
    assert curves(run) == {"train/loss": points, "eval/loss": points[::2]}
    assert roles(run) == {"train/loss": Role.TRAIN_LOSS, "eval/loss": Role.VAL_LOSS}
    assert not [event for event in run.events if event.warning]


def test_a_history_stands_beside_its_settings(tmp_path: Path) -> None:
    rows = [{"epoch": i, "loss": loss} for i, loss in enumerate(LOSSES)]
    run = read_as(tmp_path, json.dumps({"config": {"lr": 0.1}, "epochs": rows}))
    assert curves(run) == {"loss": list(enumerate(LOSSES))}
    assert run.config["config"] == {"lr": 0.1}


@pytest.mark.parametrize("label", ["epoch_{}", "epoch {}", "Epoch{}", "step_{}"])
def test_rows_by_their_epoch_are_rows(tmp_path: Path, label: str) -> None:
    text = json.dumps(
        {label.format(i).lower(): {"train_loss": x, "val_loss": x + 1} for i, x in enumerate(LOSSES)}
    )
    run = read_as(tmp_path, text)
    assert curves(run)["train_loss"] == list(enumerate(LOSSES))
    assert roles(run) == {"train_loss": Role.TRAIN_LOSS, "val_loss": Role.VAL_LOSS}


def test_a_series_that_tensorboard_saved_is_read(tmp_path: Path) -> None:
    run = read_as(tmp_path, json.dumps([[1.7e9 + i, 10 * i, loss] for i, loss in enumerate(LOSSES)]))
    assert curves(run) == {"value": [(10 * i, loss) for i, loss in enumerate(LOSSES)]}


@pytest.mark.parametrize("name", ["type", "kind", "event"])
def test_a_vague_field_of_splits_parts_train_from_val(tmp_path: Path, name: str) -> None:
    rows = [
        {name: split, "step": i, "loss": i + (split == "val")} for i in range(4) for split in ("train", "val")
    ]
    run = read_as(tmp_path, "\n".join(map(json.dumps, rows)) + "\n", "a.jsonl")
    assert curves(run) == {
        "train/loss": [(i, i) for i in range(4)],
        "val/loss": [(i, i + 1) for i in range(4)],
    }


def test_a_vague_field_of_other_things_says_nothing(tmp_path: Path) -> None:
    rows = [{"type": "scalar", "step": i, "loss": i} for i in range(4)]
    run = read_as(tmp_path, "\n".join(map(json.dumps, rows)) + "\n", "a.jsonl")
    assert list(curves(run)) == ["loss"]


@pytest.mark.parametrize(("spelling", "value"), [("nan", math.nan), ("-inf", -math.inf), ("1e999", math.inf)])
def test_numbers_as_c_prints_them_are_kept(tmp_path: Path, spelling: str, value: float) -> None:
    text = f'{{"step": 0, "loss": 1}}\n{{"step": 1, "loss": {spelling}}}\n{{"step": 2, "loss": 2}}\n'
    run = read_as(tmp_path, text, "a.jsonl")
    (_, (step, found), _) = curves(run)["loss"]
    assert step == 1
    assert found == value or (math.isnan(found) and math.isnan(value))
    assert not [event for event in run.events if event.kind in ("glued", "bad_line")]
