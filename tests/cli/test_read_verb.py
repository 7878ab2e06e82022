"""`read`: the table, the JSON, the exports."""

import csv
import io
import json
from pathlib import Path

import jsonschema
import pytest

from descentry.cli.main import run
from descentry.report.schemas import schema

ROWS = [
    '{"step": 1, "loss": 2.5, "lr": 0.1}',
    '{"step": 2, "loss": NaN, "lr": 0.1}',
    '{"step": 2, "loss": 2.0, "lr": 0.1}',
]


@pytest.fixture
def log(tmp_path: Path) -> str:
    path = tmp_path / "mine.jsonl"
    path.write_text("\n".join(ROWS) + "\n")
    return str(path)


def test_table(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["read", log]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "mine · jsonl · 2 series"
    assert [line.split()[:3] for line in out.splitlines()[2:4]] == [
        ["loss", "train_loss", "3"],
        ["lr", "lr", "3"],
    ]
    assert err == ""


def test_json(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["read", log, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("read-1"))
    assert document["runs"][0]["series"]["loss"]["values"] == [2.5, "nan", 2.0]


def test_csv_and_jsonl_hold_the_same(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["read", log, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert run(["read", log, "--format", "jsonl"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [{key: str(value) for key, value in line.items()} for line in lines] == rows
    assert [row["value"] for row in rows] == ["2.5", "nan", "2.0", "0.1", "0.1", "0.1"]


def test_no_loss_says_what_there_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("step,lr,acc\n" + "".join(f"{step},0.1,0.{step}\n" for step in range(1, 9)))
    assert run(["read", str(path)]) == 0
    out, err = capsys.readouterr()
    assert "acc" in out
    assert err == f"descentry: no loss in {path} (columns: lr, acc); name one: --role train_loss=acc\n"
    assert run(["read", str(path), "--role", "train_loss=acc"]) == 0
    assert capsys.readouterr().err == ""
