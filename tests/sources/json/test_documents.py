"""Whole JSON documents: trainer states, golden values, columns, lists of rows."""

import json
from pathlib import Path

import numpy as np
import pytest

from descentry.record.errors import DamagedError
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.json import columns as json_columns
from descentry.sources.json import megatron_golden
from descentry.sources.places.find import find


def run_of(tmp_path: Path, document: object, name: str = "a.json") -> Run:
    path = tmp_path / name
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    (log,) = find(path)
    return collect(log)


def points(run: Run, name: str) -> list[tuple[int, float]]:
    curve = run.curves[name]
    return list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))


def golden(**values: dict[str, object]) -> dict[str, object]:
    return {
        name.replace("_", " "): {"start_step": 1, "end_step": 9, "step_interval": 1, "values": its}
        for name, its in values.items()
    }


def test_trailing_nan_strings_are_padding(tmp_path: Path) -> None:
    run = run_of(tmp_path, golden(lm_loss={"1": 9.5, "2": 9.25, "3": "nan", "4": "nan"}))
    assert run.format == "megatron_golden"
    assert points(run, "lm loss") == [(1, 9.5), (2, 9.25)]
    assert [(event.kind, event.count, event.warning) for event in run.events] == [("padding", 2, False)]


def test_a_nan_before_a_number_is_a_nan(tmp_path: Path) -> None:
    run = run_of(tmp_path, golden(lm_loss={"1": 9.5, "2": "nan", "3": 9.0}))
    assert repr(points(run, "lm loss")) == "[(1, 9.5), (2, nan), (3, 9.0)]"
    assert not run.events


def test_a_loss_that_vanishes_while_other_metrics_go_on_is_nan(tmp_path: Path) -> None:
    run = run_of(
        tmp_path, golden(lm_loss={"1": 9.5, "2": "nan", "3": "nan"}, num_zeros={"1": 1, "2": 2, "3": "nan"})
    )
    assert repr(points(run, "lm loss")) == "[(1, 9.5), (2, nan)]"
    assert [event.count for event in run.events] == [2]


def test_the_older_list_form(tmp_path: Path) -> None:
    document = {"lm loss": {"start_step": 0, "end_step": 15, "step_interval": 5, "values": [3.0, 2.0, 1.0]}}
    assert points(run_of(tmp_path, document), "lm loss") == [(0, 3.0), (5, 2.0), (10, 1.0)]


def test_a_summary_is_no_point(tmp_path: Path) -> None:
    history = [
        {"step": 5, "loss": 2.5, "epoch": 0.5},
        {"step": 10, "eval_loss": 2.25, "epoch": 1.0},
        {"step": 10, "train_loss": 2.4, "train_runtime": 9.5, "epoch": 1.0},
    ]
    run = run_of(tmp_path, {"log_history": history, "max_steps": 10, "best_metric": None})
    assert run.format == "trainer_state"
    assert set(run.curves) == {"loss", "eval_loss", "epoch"}
    assert run.config["train_loss"] == 2.4
    assert run.config["max_steps"] == 10


def test_a_cut_history_gives_its_whole_entries(tmp_path: Path) -> None:
    text = json.dumps({"log_history": [{"step": i, "loss": 1 / (i + 1)} for i in range(9)]}, indent=2)
    run = run_of(tmp_path, text[: text.index('"step": 6')])
    assert run.curves["loss"].steps.tolist() == list(range(6))
    assert [event.kind for event in run.events] == ["torn_tail"]


def test_a_history_without_entries_is_an_empty_run(tmp_path: Path) -> None:
    assert not run_of(tmp_path, {"log_history": []}).curves


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: {"history": x, "params": {"epochs": 3}}])
def test_columns(tmp_path: Path, wrap: object) -> None:
    run = run_of(tmp_path, wrap({"loss": [2.5, float("nan"), None], "val_loss": [3.5, 3.25, 3.0]}))  # type: ignore[operator]
    assert run.format == "json"
    assert repr(points(run, "loss")) == "[(0, 2.5), (1, nan)]"
    assert points(run, "val_loss") == [(0, 3.5), (1, 3.25), (2, 3.0)]


def test_a_column_of_steps_and_one_of_another_length(tmp_path: Path) -> None:
    run = run_of(tmp_path, {"step": [10, 20, 30], "loss": [3.0, 2.0, 1.0], "odd": [1.0]})
    assert points(run, "loss") == [(10, 3.0), (20, 2.0), (30, 1.0)]
    assert [event.kind for event in run.events] == ["bad_value"]


def test_a_list_of_rows(tmp_path: Path) -> None:
    run = run_of(tmp_path, [{"_step": 3, "train/loss": 2.5}, {"_step": 4, "train/loss": 2.25}, 7])
    assert points(run, "train/loss") == [(3, 2.5), (4, 2.25)]
    assert [event.kind for event in run.events] == ["bad_line"]


@pytest.mark.parametrize("rows_of", [json_columns.rows_of, megatron_golden.rows_of])
def test_damage_is_named(rows_of: object) -> None:
    with pytest.raises(DamagedError, match="damaged"):
        rows_of(b'{"a": [1', "a.json")  # type: ignore[operator]


def test_the_wall_time_of_a_column(tmp_path: Path) -> None:
    run = run_of(tmp_path, [{"step": 1, "loss": 2.5, "_timestamp": 1.7e9}])
    walls = run.curves["loss"].wall_times
    assert walls is not None
    assert np.array_equal(walls, [1.7e9])
