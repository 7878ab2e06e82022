"""The demo: its log is what the committed script makes, and the verb diagnoses it."""

import json

import jsonschema
import pytest

from descentry.assets.demo import demo_log
from descentry.assets.make_demo import text
from descentry.cli.main import run
from descentry.report.schemas import schema


def test_the_log_is_what_the_script_makes_and_small() -> None:
    with demo_log() as path:
        data = path.read_text("utf-8")
    assert data == text()
    assert len(data) < 60_000


def test_the_demo_finds_what_was_built_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("report-1"))
    (report,) = document["runs"]
    onsets = {finding["pattern"]: finding["onset_step"] for finding in report["findings"]}
    assert abs(onsets["spike"] - 6_200) <= 40
    assert abs(onsets["overfit"] - 11_000) <= 1_200
    assert report["causes"]


def test_the_demo_draws(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo"]) == 0
    out = capsys.readouterr().out
    assert "⣿ train_loss  • val_loss" in out
    assert out.endswith("Your own: descentry diagnose LOG\n")
