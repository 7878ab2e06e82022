"""Golden runs: public logs with independent labels, when they are beside the repository."""

import json
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from descentry.record.finding import Finding, Severity
from descentry.sources.places.find import find
from descentry.stream.drive import run

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
LABELS = CORPUS / "LABELS.json"
ONE_SHAPE = {"underfit_capacity": "plateau"}
"""Two words for one shape, told apart by its causes."""
LEAST_F1 = 0.85
KNOWN = frozenset({
    "nan", "log_overlap", "spike", "divergence", "flat", "overfit", "staircase", "plateau", "sawtooth", "healthy",
})  # fmt: skip
"""The patterns for which there are detectors: labels of other patterns are not asked for here."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not LABELS.is_file(), reason="the labelled corpus is not beside the repository"),
]


@cache
def labels() -> dict[str, dict[str, list[str]]]:
    loaded: dict[str, dict[str, list[str]]] = json.loads(LABELS.read_text("utf-8"))
    return loaded


@cache
def findings(slug: str) -> tuple[tuple[Finding, ...], ...]:
    """The findings of each run of an entry."""
    return tuple(run(log.chunks()).findings for log in find(CORPUS / slug))


def words(names: list[str]) -> set[str]:
    return {ONE_SHAPE.get(name, name) for name in names}


def loud(slug: str) -> set[str]:
    """Patterns that lead at warning or above."""
    return {
        one.pattern
        for said in findings(slug)
        for one in said
        if one.explained_by is None and one.severity.rank >= Severity.WARNING.rank
    }


def told(slug: str, right: set[str]) -> set[str]:
    """Patterns that lead, or follow from a leader that is right and are right themselves."""
    names = set()
    for said in findings(slug):
        for one in said:
            leader = None if one.explained_by is None else said[one.explained_by]
            if leader is None or (leader.explained_by is None and {leader.pattern, one.pattern} <= right):
                names.add(one.pattern)
    return names if loud(slug) else names | {"healthy"}


def score(slug: str, count: Counter[str]) -> None:
    must, may = words(labels()[slug]["must"]), words(labels()[slug]["may"])
    if labels()[slug].get("too_short") and not must - {"healthy"}:
        return
    names = told(slug, must | may)
    misses = (must & KNOWN) - names
    if "healthy" in misses and loud(slug) <= may:
        misses.discard("healthy")
    count["right"] += len(must & names)
    count["missed"] += len(misses)
    count["false"] += len(names - must - may)


def test_runs_labelled_healthy_raise_no_alarm() -> None:
    alarms = {
        slug: loud(slug) - words(label["must"] + label["may"])
        for slug, label in labels().items()
        if "healthy" in label["must"]
    }
    assert {slug: names for slug, names in alarms.items() if names} == {}


def test_answers_agree_with_the_labels() -> None:
    count: Counter[str] = Counter()
    for slug in labels():
        score(slug, count)
    f1 = 2 * count["right"] / (2 * count["right"] + count["missed"] + count["false"])
    assert f1 >= LEAST_F1, dict(count)


def test_every_finding_is_sound() -> None:
    for slug in labels():
        for said in findings(slug):
            for one in said:
                assert one.onset_step <= one.detected_at_step or one.pattern == "log_overlap", (slug, one)
                assert 0.0 < one.confidence <= 1.0
                assert "\n" not in one.statement
