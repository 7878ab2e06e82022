"""The lines for people: one per event in a pipe, wrapped on a terminal, with a live line that never stays."""

import pytest
from tests.report.samples import EVIL, healthy, run_report
from tests.watch.made import START, cause, finding, told

from descentry.cli import watch_views
from descentry.cli.watch_views import Lines
from descentry.watch.told import Ended, Note, RunState

STATE = RunState("a", 12_400, "loss", 3.2, 3.124, "falling", "healthy", 1240, 12.0, START)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Lines:
    monkeypatch.setattr(watch_views, "has_live_line", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    return Lines()


def test_in_a_pipe_an_event_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    view = Lines()
    view.tell(told(cause=cause(), finding=finding(statement="the loss " + "leaps " * 60)))
    view.note(Note("a: no point yet"))
    view.show([STATE], START)
    first, second = capsys.readouterr().out.splitlines()
    assert "step 120: ▲ warning spike: the loss leaps" in first
    assert first.endswith("| likely (70 %): the rate is too high; do: Halve the learning rate.")
    assert second.endswith(" a: no point yet")


def test_on_a_terminal_lines_are_wrapped_below_their_time(
    terminal: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.tell(told(cause=cause(), finding=finding(statement="the loss " + "leaps " * 60)))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 5
    assert all(len(line) <= 60 for line in lines)
    assert all(line.startswith(" " * 9) for line in lines[1:])


def test_several_runs_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    view = Lines()
    view.tell(told())
    view.show([STATE, RunState("b", 1, "", 1.0, 1.0, "", "healthy", 1, 1.0, None)], START)
    view.tell(told())
    first, second = capsys.readouterr().out.splitlines()
    assert " a: step 120" not in first
    assert " a: step 120" in second


def test_the_live_line_is_gone_before_anything_else(
    terminal: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.show([STATE], START)
    assert capsys.readouterr().out.startswith("\r\x1b[Kstep 12 400 · loss 3.124 falling")
    terminal.show([STATE], START + 1.0)
    assert capsys.readouterr().out == ""
    terminal.note(Note("x"))
    assert capsys.readouterr().out.startswith("\r\x1b[K")
    terminal.show([STATE], START + 1.0)
    terminal.close(1.0)
    assert capsys.readouterr().out.endswith("\r\x1b[K")


def test_what_is_no_news_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    Lines().tell(told("more", "updated", is_news=False))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "report", [run_report(), healthy(), run_report(EVIL)], ids=["full", "healthy", "evil"]
)
@pytest.mark.parametrize("columns", ["20", "60", "200"])
def test_the_end_fits_and_is_escaped(
    report, columns: str, terminal: Lines, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    terminal.end(Ended(report.run, report.path, 9, START, "idle", report, 10, 3.5))
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert f"{report.verdict.upper()}:" in out
    assert "More: descentry diagnose" in out


def test_a_later_day_is_dated(terminal: Lines, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.tell(told())
    assert capsys.readouterr().out.startswith("11-1")


def test_json_notes_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    watch_views.JsonLines().note(Note("a: no point yet"))
    out, err = capsys.readouterr()
    assert (out, err) == ("", "descentry: a: no point yet\n")
