"""`explain`: every entry has a page, near misses are suggested."""

import pytest

from descentry.cli.main import run
from descentry.diagnosis.catalogue import load


def test_without_an_id_everything_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain"]) == 0
    words = capsys.readouterr().out.split()
    catalogue = load()
    assert {*catalogue.patterns, *catalogue.causes} <= set(words)


def test_every_entry_has_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    catalogue = load()
    for id_ in (*catalogue.patterns, *catalogue.causes, *catalogue.remedies):
        assert run(["explain", id_]) == 0
        out = capsys.readouterr().out
        assert out.startswith(id_)
        assert "Source: " in out
        assert max(map(len, out.splitlines())) <= 80


def test_near_misses(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "spikes"]) == 2
    assert "did you mean spike" in capsys.readouterr().err
    assert run(["explain", "log-overlap"]) == 0
