"""Texts that are numbers to people, in rows of JSON and in steps."""

import json
from pathlib import Path
from typing import Any

import pytest

from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.numbers import whole_step
from descentry.sources.places.find import find
from descentry.sources.quantities import spoken, whole_count

Row = dict[str, Any]


def run_of(tmp_path: Path, rows: list[Row], kind: str = "jsonl") -> Run:
    path = tmp_path / f"a.{kind}"
    if kind == "csv":
        lines = [",".join(str(row[name]) for name in rows[0]) for row in rows]
        path.write_text("\n".join([",".join(rows[0]), *lines]) + "\n")
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (log,) = find(path)
    return collect(log)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("50%", 50.0), ("12.5 %", 12.5), ("-3%", -3.0), ("12s", 12.0), ("1.5 sec", 1.5), ("1,234", 1234.0),
        ("1,234,567.5", 1234567.5), ("0,5", None), ("1:30", None), ("12 apples", None), ("", None), ("%", None),
        ("1" * 100 + "%", None), ("2024-01-01", None),
    ],
)  # fmt: skip
def test_what_a_text_is_to_people(text: str, value: float | None) -> None:
    found = spoken(text)
    assert (None if found is None else found[0]) == value


@pytest.mark.parametrize(
    ("text", "count"),
    [("10k", 10_000), ("1.5M", 1_500_000), ("2 B", 2_000_000_000), ("0.25K", 250), ("10", None), ("k", None)],
)  # fmt: skip
def test_counts_in_thousands(text: str, count: int | None) -> None:
    assert whole_count(text) == count
    assert count is None or whole_step(f" {text} ") == count


@pytest.mark.parametrize("n", [3, 40])
@pytest.mark.parametrize(("text", "value"), [("{}%", 1.0), ("{} s", 1.0), ("{},000", 1000.0)])
def test_fields_of_such_texts_are_series(tmp_path: Path, n: int, text: str, value: float) -> None:
    run = run_of(tmp_path, [{"step": i, "loss": 2.5, "acc": text.format(i + 1)} for i in range(n)])
    assert run.curves["acc"].values.tolist() == [(i + 1) * value for i in range(n)]
    (event,) = [event for event in run.events if event.kind == "derived"]
    assert event.count == n
    assert f"{text.format(1)} is read as" in event.message
    assert "ignored" not in run.config


def test_a_field_of_words_is_none(tmp_path: Path) -> None:
    rows: list[Row] = [
        {"step": i, "loss": 2.5, "note": word} for i, word in enumerate(["start", "50%", "12s"])
    ]
    run = run_of(tmp_path, rows)
    assert set(run.curves) == {"loss"}
    assert run.config["ignored"] == ["note"]


def test_a_word_among_them_is_told(tmp_path: Path) -> None:
    rows: list[Row] = [{"step": i, "loss": 2.5, "acc": word} for i, word in enumerate(["40%", "50%", "oops"])]
    run = run_of(tmp_path, rows)
    assert run.curves["acc"].values.tolist()[:2] == [40.0, 50.0]
    assert any(event.kind == "bad_value" and "oops" in event.message for event in run.events)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_steps_in_thousands(tmp_path: Path, kind: str) -> None:
    steps = ["500", "1k", "1.5k", "10k", "1.5M"]
    run = run_of(tmp_path, [{"step": step, "loss": 2.5} for step in steps], kind)
    assert run.curves["loss"].steps.tolist() == [500, 1000, 1500, 10_000, 1_500_000]
    (event,) = [event for event in run.events if event.kind == "derived"]
    assert (event.count, event.message) == (4, "`step` counts in thousands or millions: 1k is read as 1000")
    assert event.where == f"a.{kind}:{3 if kind == 'csv' else 2}"
