"""`diagnose --html F --md F`: whole files, or a clear word."""

from pathlib import Path

import pytest

from descentry.assets.web_files import web_file
from descentry.cli.files import written
from descentry.cli.main import run
from descentry.record.errors import UsageError

LOG = "\n".join(f'{{"step": {i}, "loss": {4.0 / (1 + i)}}}' for i in range(300))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "a.jsonl"
    path.write_text(LOG)
    return path


def test_both_files_are_written_beside_what_is_printed(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if web_file("page.js") is None:
        pytest.skip("the front end was not built")
    page, text = log.with_suffix(".html"), log.with_suffix(".md")
    assert run(["diagnose", str(log), "--html", str(page), "--md", str(text)]) == 0
    assert "HEALTHY" in capsys.readouterr().out
    assert page.read_text().startswith("<!doctype html>")
    assert text.read_text().startswith("## a: healthy")
    assert sorted(one.name for one in log.parent.iterdir()) == ["a.html", "a.jsonl", "a.md"]


def test_a_folder_that_is_not_there_is_told_before_anything_is_read(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["diagnose", str(log), "--md", str(log.parent / "no" / "a.md")]) == 2
    out, err = capsys.readouterr()
    assert "its folder does not exist" in err
    assert out == ""


def test_a_place_that_cannot_be_written_keeps_what_was_there(tmp_path: Path) -> None:
    place = tmp_path / "taken"
    place.mkdir()
    with pytest.raises(UsageError, match="cannot be written"):
        written(str(place), "text")
    assert place.is_dir()
    assert [one.name for one in tmp_path.iterdir()] == ["taken"]
