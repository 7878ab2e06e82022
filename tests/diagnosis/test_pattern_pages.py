"""Each page of `docs/patterns` says what the catalogue says: an entry that changes must change its page."""

import re
from pathlib import Path

import pytest

from descentry.diagnosis.catalogue import load

CATALOGUE = load()
PAGES = Path(__file__).parents[2] / "docs" / "patterns"
DOCUMENTED = sorted(CATALOGUE.patterns)


def text_of(pattern: str) -> str:
    return (PAGES / f"{pattern}.md").read_text("utf-8")


def test_every_pattern_has_a_page_and_no_page_is_without() -> None:
    assert sorted(page.stem for page in PAGES.glob("*.md")) == DOCUMENTED


@pytest.mark.parametrize("pattern", DOCUMENTED)
def test_a_page_has_picture_definition_and_source(pattern: str) -> None:
    page, entry = text_of(pattern), CATALOGUE.patterns[pattern]
    assert page.startswith(f"# {entry.title} (`{pattern}`)\n\n```text\n")
    for sentence in (entry.definition, entry.reading, entry.source, entry.looks_like):
        assert sentence in page
    assert f"Usual severity: {entry.severity}." in page
    assert "## How it is told" in page


@pytest.mark.parametrize("pattern", DOCUMENTED)
def test_a_page_gives_every_cause_in_order(pattern: str) -> None:
    causes = CATALOGUE.causes_of(pattern)
    page = text_of(pattern)
    assert re.findall(r"^\d+\. \*\*.*?\*\* \(`(\w+)`\)", page, re.MULTILINE) == [cause.id for cause in causes]
    for cause in causes:
        for sentence in (cause.title, cause.text, cause.check, cause.next_test, cause.source):
            assert sentence in page, cause.id


@pytest.mark.parametrize("pattern", DOCUMENTED)
def test_a_page_gives_every_remedy(pattern: str) -> None:
    page = text_of(pattern)
    for cause in CATALOGUE.causes_of(pattern):
        for remedy in cause.remedies_for(pattern):
            assert f"- `{remedy}`: {CATALOGUE.remedies[remedy].action}" in page


def test_the_healthy_page_gives_the_general_order_of_fixes() -> None:
    listed = re.findall(r"^(\d)\. `(\w+)`", text_of("healthy"), re.MULTILINE)
    assert [int(rank) for rank, _ in listed] == [1, 2, 3, 4]
    assert all(CATALOGUE.remedies[remedy].general_rank == int(rank) for rank, remedy in listed)
