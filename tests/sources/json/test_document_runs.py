"""Documents as people dump them: several runs, bare lists, columns with steps of their own, objects in a row."""

import json
from pathlib import Path
from typing import Any

import pytest

from descentry.record.errors import InputError, UnknownFormatError
from descentry.record.roles import Role
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.json import columns
from descentry.sources.places.find import find

A, B = [2.5, 2.4, 2.3], [3.5, 3.4, 3.3, 3.2]


def runs_of(tmp_path: Path, document: object, name: str = "a.json") -> dict[str, Run]:
    path = tmp_path / name
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return {log.run.partition("/")[2]: collect(log) for log in find(path)}


def points(run: Run, name: str) -> list[tuple[int, float]]:
    curve = run.curves[name]
    return list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))


def rows(values: list[float], **more: object) -> list[dict[str, Any]]:
    return [{**more, "step": i, "loss": value} for i, value in enumerate(values)]


@pytest.mark.parametrize(
    "document",
    [
        {"x": {"loss": A}, "y": {"loss": B}},
        {"runs": {"x": {"loss": A}, "y": {"loss": B}}},
        {"runs": [{"name": "x", "loss": A}, {"name": "y", "loss": B}], "date": "today"},
        [{"name": "x", "loss": A, "lr": 0.1}, {"name": "y", "loss": B, "lr": 0.2}],
        [{"run": "x", "loss": A}, {"run": "y", "loss": B}],
        {"x": rows(A), "y": rows(B)},
        {"x": {"history": {"loss": A}, "lr": 1}, "y": {"history": {"loss": B}, "lr": 2}},
        [*rows(A, run="x"), *rows(B, run="y")],
        {"experiments": {"x": rows(A), "y": rows(B)}},
    ],
)
def test_several_runs_are_several(tmp_path: Path, document: object) -> None:
    found = runs_of(tmp_path, document)
    assert {name: points(run, "loss") for name, run in found.items()} == {
        "x": list(enumerate(A)),
        "y": list(enumerate(B)),
    }
    assert all(run.curves["loss"].role is Role.TRAIN_LOSS for run in found.values())
    assert len(list(columns.runs(tmp_path / "a.json"))) == 2


def test_runs_without_names_are_numbered(tmp_path: Path) -> None:
    assert list(runs_of(tmp_path, [{"loss": A}, {"loss": B}])) == ["0", "1"]
    assert list(runs_of(tmp_path, [{"id": "x", "loss": A}, {"id": "x", "loss": B}])) == ["x", "x (1)"]


@pytest.mark.parametrize(
    "document",
    [
        {"train": {"loss": A}, "val": {"loss": A}},
        {"generator": {"loss": A}, "discriminator": {"loss": A}},
        {"validation_0": {"rmse": A}, "validation_1": {"rmse": A}},
        {"history": {"loss": A}, "params": {"lr": 0.1}},
        {"losses": {"loss": A}, "times": {"seconds": A}},
        {"train": rows(A), "val": rows(A)},
    ],
)
def test_the_parts_of_one_run_are_one(tmp_path: Path, document: object) -> None:
    assert len(runs_of(tmp_path, document)) == 1


@pytest.mark.parametrize(
    ("name", "series", "role"),
    [
        ("a.json", "loss", Role.TRAIN_LOSS),
        ("val_loss.json", "val_loss", Role.VAL_LOSS),
        ("lr.json", "lr", Role.LEARNING_RATE),
    ],
)
def test_a_bare_list_is_a_series(tmp_path: Path, name: str, series: str, role: Role) -> None:
    (run,) = runs_of(tmp_path, A, name).values()
    assert points(run, series) == list(enumerate(A))
    assert run.curves[series].role is role
    assert any("bare numbers" in event.message for event in run.events)


@pytest.mark.parametrize(
    "document", [[], [1], [1, 2], ["a", "b", "c"], [[1], [2]], [[]], [{}], [None, None, None]]
)
def test_a_list_of_something_else_is_refused(tmp_path: Path, document: object) -> None:
    with pytest.raises(InputError):
        runs_of(tmp_path, document)


@pytest.mark.parametrize("step", ["eval_steps", "val_step", "valid_iter", "test_epoch"])
def test_columns_of_a_validation_have_steps_of_their_own(tmp_path: Path, step: str) -> None:
    document = {"loss": [3.0] * 10, step: [3, 7, 9], "val_loss": A, "lr": 1e-3}
    (run,) = runs_of(tmp_path, document).values()
    assert points(run, "val_loss") == [(3, 2.5), (7, 2.4), (9, 2.3)]
    assert points(run, "loss") == [(i, 3.0) for i in range(10)]
    assert step not in run.curves
    assert run.config["lr"] == 1e-3


def test_as_many_values_of_a_validation_keep_their_steps(tmp_path: Path) -> None:
    document = {"step": [0, 10, 20], "loss": A, "eval_step": [5, 15, 25], "eval_loss": A}
    (run,) = runs_of(tmp_path, document).values()
    assert points(run, "loss") == list(zip([0, 10, 20], A, strict=True))
    assert points(run, "eval_loss") == list(zip([5, 15, 25], A, strict=True))


def test_a_lone_count_of_evaluations_is_a_column(tmp_path: Path) -> None:
    (run,) = runs_of(tmp_path, {"loss": A, "eval_steps": [1.5, 2.5, 3.5]}).values()
    assert set(run.curves) == {"loss", "eval_steps"}


def pretty(n: int) -> str:
    return "\n".join(
        json.dumps({"step": i, "loss": 2.5 - i / 10, "of": {"x": 1}}, indent=2) for i in range(n)
    )


def test_objects_over_several_lines_are_rows(tmp_path: Path) -> None:
    (run,) = runs_of(tmp_path, pretty(4)).values()
    assert points(run, "loss") == [(i, 2.5 - i / 10) for i in range(4)]


def test_every_prefix_of_objects_over_several_lines_is_a_prefix(tmp_path: Path) -> None:
    text = pretty(3)
    n_read = []
    for cut in range(len(text) + 1):
        try:
            (run,) = runs_of(tmp_path, text[:cut]).values()
            n_read.append(len(run.curves["loss"].values))
            assert points(run, "loss") == [(i, 2.5 - i / 10) for i in range(n_read[-1])]
        except InputError:
            n_read.append(0)
    begun = n_read.index(1)
    assert n_read[begun:] == sorted(n_read[begun:])
    assert set(n_read) == {0, 1, 2, 3}


def test_several_runs_are_followed(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"x": {"loss": A}, "y": {"loss": B}}))
    (_, x), _ = columns.runs(path)
    following = x.follow(path)
    assert next(following).columns["loss"].values.tolist() == A
    assert next(following).n_rows == 0
    path.write_text(json.dumps({"x": {"loss": [*A, 2.2]}, "y": {"loss": B}}))
    assert next(following).columns["loss"].values.tolist() == [2.2]


def test_settings_are_still_no_log(tmp_path: Path) -> None:
    for document in ({"a": {"sizes": [1, 2]}, "b": {"sizes": [3, 4]}}, {"layers": [1, 2, 3]}):
        with pytest.raises(UnknownFormatError):
            runs_of(tmp_path, document)
