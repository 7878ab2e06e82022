"""JSON lines in which something else stands where a number should: each is told once, by field."""

import json
from pathlib import Path

import numpy as np
import pytest

from descentry.record.event import Event
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find


def run_of(tmp_path: Path, *lines: str, end: str = "\n") -> Run:
    path = tmp_path / "a.jsonl"
    path.write_text(end.join(lines) + end, encoding="utf-8", newline="")
    (log,) = find(path)
    return collect(log)


def points(run: Run, name: str = "loss") -> list[tuple[int, float]]:
    curve = run.curves[name]
    return list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))


def rows(*values: str) -> list[str]:
    return [f'{{"step": {i}, "loss": {value}}}' for i, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "event"),
    [
        (("2", "null", "2", "2", "null", "2"), ("`loss` is null", "a.jsonl:2", 2, False)),
        (("2", "true", "2", "false"), ("`loss` is true or false", "a.jsonl:2", 2, True)),
        (("true", "2", "2"), ("`loss` held true or false before its first number", "a.jsonl:1", 1, True)),
        (("2", '"high"', '"low"', "2"), ('`loss` is "high", expected a number', "a.jsonl:2", 2, True)),
        (('"high"', '"low"', "2"), ("`loss` held text before its first number", "a.jsonl:1", 2, True)),
        (("2", '"N/A"', '"-"'), ("`loss` has texts that stand for no value", "a.jsonl:2", 2, False)),
    ],
)
def test_what_is_no_number_is_told_once(
    tmp_path: Path, values: tuple[str, ...], event: tuple[str, str, int, bool]
) -> None:
    run = run_of(tmp_path, *rows(*values))
    (told,) = run.events
    assert told.kind == "bad_value"
    assert told.message.startswith(event[0])
    assert (told.where, told.count, told.warning) == event[1:]
    finite = [(step, value) for step, value in points(run) if not np.isnan(value)]
    assert finite == [(i, 2.0) for i, value in enumerate(values) if value == "2"]


def test_nulls_of_a_field_that_is_mostly_null_are_usual(tmp_path: Path) -> None:
    lines = [json.dumps({"step": i, "loss": 2, "val_loss": 2.5 if i % 5 == 0 else None}) for i in range(20)]
    assert not run_of(tmp_path, *lines).events


def test_a_table_and_its_rows_tell_the_same(tmp_path: Path) -> None:
    lines = rows("2", "null", "2", "2")
    assert run_of(tmp_path, *lines).events == run_of(tmp_path, *lines, '{"step": 4.0, "loss": 2}').events


@pytest.mark.parametrize(("name", "xs"), [("epoch", [1, 1.5, 2]), ("step", [1, 4.5, 8])])
def test_fractions_are_no_steps(tmp_path: Path, name: str, xs: list[float]) -> None:
    run = run_of(tmp_path, *(json.dumps({name: x, "loss": 2}) for x in xs))
    assert points(run) == [(0, 2.0), (1, 2.0), (2, 2.0)]
    assert points(run, name) == list(enumerate(xs))
    message = f"`{name}` holds fractions: the number of the row stands for the step"
    assert run.events == (Event("missing_step", message, "a.jsonl:1"),)


def test_columns_with_a_fractional_epoch(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.write_text('{"epoch": [0.5, 1.0], "loss": [3, 2]}')
    run = collect(find(path)[0])
    assert points(run) == [(0, 3.0), (1, 2.0)]
    assert points(run, "epoch") == [(0, 0.5), (1, 1.0)]
    assert [event.kind for event in run.events] == ["missing_step"]


def test_huge_steps_are_exact_and_impossible_ones_told(tmp_path: Path) -> None:
    big = 2**53 + 1
    steps = (str(big), '"oops"', "1e30", str(10**25))
    run = run_of(tmp_path, *(f'{{"step": {step}, "loss": 2}}' for step in steps))
    assert [step for step, _ in points(run)] == [big] * 4
    assert [(e.kind, e.where, e.count) for e in run.events] == [("bad_step", "a.jsonl:2", 3)]


def test_carriage_returns_end_lines(tmp_path: Path) -> None:
    run = run_of(tmp_path, *rows("2", "3"), end="\r")
    assert points(run) == [(0, 2.0), (1, 3.0)]
    assert not run.events
