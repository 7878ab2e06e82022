"""The screen: verdict first, within its width, harmless, and the same story without colour."""

import re
from dataclasses import replace

import pytest
from tests.report.samples import EVIL, cause, healthy, nan, run_report, spike

from descentry.record.finding import Severity
from descentry.report.style import Style
from descentry.report.terminal import render
from descentry.report.text import n_cells, to_ascii

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
PICTURE = ["⣿ train_loss", " 1 ┤⣀⣀"]


def _screen(run=None, width: int = 80, colour: bool = False, verbose: bool = False) -> str:
    return render(run or run_report(), PICTURE, width=width, style=Style(colour), verbose=verbose)


def test_verdict_comes_first_in_words() -> None:
    assert _screen().startswith(
        "CRITICAL: loss is NaN from step 90 000 to the end, after a spike at step 41 200\n"
    )


def test_the_whole_story_is_there() -> None:
    text = _screen()
    for part in ("▲1  warning spike", "■2  critical nan", "follows from 1", "62 %", "A batch of bad data",
                 "1. Clip the gradient norm", "2. Halve the learning rate", "128 000"):  # fmt: skip
        assert part in text or part == "128 000"
    assert "log the ids of the batches" in text
    assert "the last line is not whole" in text


def test_verbose_adds_evidence_both_sides_and_warnings() -> None:
    text = " ".join(_screen(verbose=True).split())
    for part in (
        "observed 7.8",
        "expected 3.12",
        "it came once only",
        "Pascanu",
        "a.jsonl:641: the last line",
    ):
        assert part in text


@pytest.mark.parametrize("width", [1, 40, 57, 80, 120, 500])
@pytest.mark.parametrize("verbose", [False, True])
def test_no_line_is_wider_than_asked(width: int, verbose: bool) -> None:
    run = replace(
        run_report(EVIL), summary=EVIL, findings=(replace(spike(), statement=EVIL * 3, curve=EVIL), nan())
    )
    allowed = min(max(width, 40), 120)
    assert max(map(n_cells, _screen(run, width, verbose=verbose).splitlines())) <= allowed


def test_one_screen_holds_the_worst_run() -> None:
    findings = tuple(spike() for _ in range(200))
    run = replace(run_report(findings=findings), causes=tuple(cause() for _ in range(50)))
    text = _screen(run)
    assert len(text.splitlines()) < 45
    assert "191 more findings" in text
    assert "47 more causes" in text


def test_colour_only_adds() -> None:
    coloured = _screen(colour=True)
    assert "\x1b[" in coloured
    assert _COLOUR.sub("", coloured) == _screen()


def test_hostile_names_are_escaped_everywhere() -> None:
    bad = replace(spike(), pattern="spike", statement=EVIL, curve=EVIL)
    run = replace(run_report(EVIL), summary=EVIL, findings=(bad,), notes=(EVIL,))
    text = render(run, [EVIL], width=80, style=Style(), verbose=True)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e\ud800-\udfff]", text)


def test_healthy_run_is_quiet() -> None:
    text = _screen(healthy())
    assert text.startswith("HEALTHY: falls as it should\n")
    assert "Findings" not in text
    assert "Next steps" not in text


def test_severity_is_told_without_colour() -> None:
    kinds = {severity: _screen(run_report(findings=(replace(spike(), severity=severity),))) for severity in
             (Severity.INFO, Severity.WARNING, Severity.CRITICAL)}  # fmt: skip
    for severity, text in kinds.items():
        assert f"1  {severity} spike" in text
    assert len(set(kinds.values())) == 3


def test_ascii_holds_everything() -> None:
    text = to_ascii(_screen())
    assert text.isascii()
    assert "!1  warning spike" in text
