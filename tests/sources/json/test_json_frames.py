"""Data frames spelled as JSON documents, in every layout of pandas."""

import json
from pathlib import Path

import pytest

from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find

LOSS = [3.0, 2.5, 2.25, 2.0]
STEPS = [10, 20, 30, 40]
FIELDS = [{"name": "step", "type": "integer"}, {"name": "loss", "type": "number"}]
LAYOUTS: dict[str, object] = {
    "columns": {
        "step": dict(zip("0123", STEPS, strict=True)),
        "loss": dict(zip("0123", LOSS, strict=True)),
    },
    "columns by step": {"loss": dict(zip(map(str, STEPS), LOSS, strict=True))},
    "index": {str(i): {"step": s, "loss": x} for i, (s, x) in enumerate(zip(STEPS, LOSS, strict=True))},
    "index by step": {str(s): {"loss": x} for s, x in zip(STEPS, LOSS, strict=True)},
    "split": {
        "columns": ["step", "loss"],
        "index": [0, 1, 2, 3],
        "data": [list(row) for row in zip(STEPS, LOSS, strict=True)],
    },
    "split by step": {"columns": ["loss"], "index": STEPS, "data": [[x] for x in LOSS]},
    "table": {
        "schema": {"fields": FIELDS, "primaryKey": ["step"]},
        "data": [{"step": s, "loss": x} for s, x in zip(STEPS, LOSS, strict=True)],
    },
}


def run_of(tmp_path: Path, document: object, indent: int | None = None) -> Run:
    (tmp_path / "a.json").write_text(json.dumps(document, indent=indent))
    (log,) = find(tmp_path / "a.json")
    return collect(log)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_rows(tmp_path: Path, layout: str, indent: int | None) -> None:
    run = run_of(tmp_path, LAYOUTS[layout], indent)
    assert run.format == "json"
    assert list(run.curves) == ["loss"]
    assert run.curves["loss"].steps.tolist() == STEPS
    assert run.curves["loss"].values.tolist() == LOSS
    assert not run.events


def test_a_null_was_not_logged(tmp_path: Path) -> None:
    run = run_of(
        tmp_path, {"loss": {"0": 3.0, "1": 2.5, "2": None, "3": 2.0}, "lr": {"0": 0.1, "1": 0.2, "2": 0.3}}
    )
    assert run.curves["loss"].steps.tolist() == [0, 1, 3]
    assert run.curves["lr"].steps.tolist() == [0, 1, 2]


def test_a_row_with_nested_numbers_is_no_frame(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"step": 1, "loss": {"0": 1.5, "1": 2.5, "2": 3.5}}\n')
    (log,) = find(path)
    run = collect(log)
    assert (log.format, set(run.curves)) == ("jsonl", {"loss/0", "loss/1", "loss/2"})


@pytest.mark.parametrize(
    ("data", "losses"),
    [
        ([[1, 2.0], [2]], [2.0]),
        ([[1, 2.0], "x"], [2.0]),
        ([[1, [2.0]], [2, {"a": 1}]], []),
        ([[None, None], ["nan", "x"]], []),
        ([], []),
        ([7], []),
    ],
)
def test_a_damaged_frame_keeps_what_is_whole(tmp_path: Path, data: list[object], losses: list[float]) -> None:
    run = run_of(tmp_path, {"columns": ["step", "loss"], "index": [0, 1], "data": data})
    assert (run.curves["loss"].values.tolist() if "loss" in run.curves else []) == losses
    assert len(losses) == len(data) or run.events or run.curves
