"""Every cause can come first: there are measurable facts under which it is the likeliest of its pattern."""

import pytest

from descentry.diagnosis.catalogue import FACTS, CauseEntry, load
from descentry.diagnosis.causes import holds, rank
from descentry.record.finding import Finding, Severity

CATALOGUE = load()
MOST = 40
"""Combinations of a cause's own tests that are tried."""


def finding(pattern: str) -> Finding:
    return Finding(pattern, Severity.WARNING, 0.9, "loss", 10, None, 20, "said")


def candidates(cause: CauseEntry, pattern: str) -> list[dict[str, float]]:
    """Facts that satisfy the tests that speak for the cause: one after the other, as far as they agree."""
    tests = [one for one in cause.tests if one.factor > 1 and (not one.patterns or pattern in one.patterns)]
    tests.sort(key=lambda one: -one.factor)
    found: list[dict[str, float]] = [{}]
    for first in range(len(tests)):
        facts: dict[str, float] = {}
        for test in (*tests[first:], *tests[:first]):
            tried = {
                **facts,
                **{c.fact: satisfying(c.operator, c.value) for c in test.conditions if c.fact not in facts},
            }
            if holds(test, pattern, tried):
                facts = tried
        found.append(facts)
    return found[:MOST]


def satisfying(operator: str, value: float) -> float:
    return {">": value + 0.01 + abs(value) * 0.1, "<": value - 0.01 - abs(value) * 0.1}.get(operator, value)


BESIDE = {"regularisation_too_weak", "resume_data_order", "adam_second_moment_stale", "train_val_mismatch",
          "capacity_too_large",
          "targets_misaligned", "autocast_misused", "sequence_length_bug"}  # fmt: skip
"""Causes that no log tells from likelier ones: they are told beside them, each with the test that would tell."""


@pytest.mark.parametrize("cause", sorted(set(CATALOGUE.causes) - BESIDE))
def test_a_cause_can_come_first(cause: str) -> None:
    entry = CATALOGUE.causes[cause]
    best = 99
    for pattern in entry.explains:
        for facts in candidates(entry, pattern):
            assert set(facts) <= set(FACTS)
            order = [one.cause for one in rank([finding(pattern)], [facts], CATALOGUE)]
            best = min(best, order.index(cause) if cause in order else 99)
    assert best == 0


@pytest.mark.parametrize("cause", sorted(BESIDE))
def test_what_no_log_tells_has_a_test_that_would(cause: str) -> None:
    assert CATALOGUE.causes[cause].next_test
    assert CATALOGUE.causes[cause].look_alikes
