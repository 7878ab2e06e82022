"""Writes docs/patterns/*.md anew from the catalogue; picture and "How it is told" of each page stay as they are.

python docs/make_pattern_pages.py
"""

import re
from collections.abc import Iterator
from pathlib import Path

from descentry.diagnosis.catalogue import Catalogue, CauseEntry, load

PAGES = Path(__file__).parent / "patterns"
BY_HAND = ("healthy",)
"""Pages that are written whole by hand."""


def main() -> None:
    """Every page that there is; a new one needs its picture and its "How it is told" first."""
    catalogue = load()
    for path in sorted(PAGES.glob("*.md")):
        if path.stem not in BY_HAND:
            path.write_text("\n".join(lines(path.stem, path.read_text("utf-8"), catalogue)) + "\n", "utf-8")


def lines(pattern: str, page: str, catalogue: Catalogue) -> Iterator[str]:
    """The page of a pattern, line by line."""
    entry = catalogue.patterns[pattern]
    yield from (f"# {entry.title} (`{pattern}`)", "", "```text", kept(page, "```text\n", "\n```"), "```", "")
    yield from (f"In a line: {entry.looks_like}. Usual severity: {entry.severity}.", "")
    yield from ("## Definition", "", entry.definition, "", "## What it means", "", entry.reading, "")
    yield from ("## How it is told", "", kept(page, "## How it is told\n\n", "\n\n## "), "")
    yield from ("## Causes, the likeliest first", "")
    yield from (
        "The order is the one before any other signal is looked at; evidence in the log changes it.",
        "",
    )
    causes = catalogue.causes_of(pattern)
    for place, cause in enumerate(causes, 1):
        yield from told(place, cause, pattern)
    yield from ("", "## Remedies", "")
    for name in dict.fromkeys(name for cause in causes for name in cause.remedies_for(pattern)):
        remedy = catalogue.remedies[name]
        yield f"- `{name}`: {remedy.action} {remedy.why} ({remedy.source}.)"
    yield from ("", "## Source", "", f"{entry.source}.")


def told(place: int, cause: CauseEntry, pattern: str) -> Iterator[str]:
    """One cause in the list."""
    benign = "Benign. " if cause.benign else ""
    yield f"{place}. **{cause.title}** (`{cause.id}`). {benign}{cause.text}"
    yield f"   - Check: {cause.check}"
    yield f"   - Cheapest test: {cause.next_test}"
    remedies = ", ".join(f"`{name}`" for name in cause.remedies_for(pattern))
    if remedies:
        yield f"   - Remedies: {remedies}"
    yield f"   - Source: {cause.source}."


def kept(page: str, before: str, after: str) -> str:
    """What stands between two marks of the page."""
    found = re.search(re.escape(before) + "(.*?)" + re.escape(after), page, re.DOTALL)
    if found is None:
        raise SystemExit(f"a page lacks what stands after {before.strip()!r}")
    return found[1].strip("\n")


if __name__ == "__main__":
    main()
