"""The report as Markdown: the same words, every finding and cause, and strangers' text inert."""

from dataclasses import replace

from tests.report.made import diagnosed

from descentry.report.markdown import markdown, plain
from descentry.testing import curves
from descentry.testing.curves import healthy

BAD = diagnosed(curves.overfit(healthy(2000, seed=1, n_validations=40), at=800, rise=0.8), "bad")
CALM = diagnosed(healthy(500, seed=2), "calm")


def test_one_run_is_told_with_its_findings_causes_and_remedies() -> None:
    text = markdown([BAD])
    assert text.startswith("## bad: critical\n")
    for finding in BAD.findings:
        assert f"**{plain(finding.pattern)}**" in text
    for cause in BAD.causes:
        assert f"**{plain(cause.title)}**" in text
        assert all(plain(remedy.action) in text for remedy in cause.remedies)
    assert text.endswith("\n")
    assert "\n\n\n" not in text


def test_several_runs_begin_with_a_table_the_worst_first() -> None:
    rows = [line for line in markdown([CALM, BAD]).splitlines() if line.startswith("|")]
    assert [row.split("|")[1].strip() for row in rows] == ["run", "---", "bad", "calm"]


def test_a_strangers_name_is_text() -> None:
    name = "a|b\n# <img src=x onerror=alert(1)> [x](javascript:1) `c` @you $e$ *f*\x1b[0m"
    text = markdown([replace(BAD, run=name), CALM])
    assert "<img" not in text.replace("\\<img", "")
    assert "[x](" not in text
    assert "\x1b" not in text
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 4
