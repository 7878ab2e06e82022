"""What people read of a change."""

import pytest
from tests.watch.made import cause, finding, told

from descentry.record.finding import Severity
from descentry.watch import words


@pytest.mark.parametrize(
    ("change", "event", "expected"),
    [
        ("opened", "opened", "▲ warning spike: the loss leaps"),
        ("back", "opened", "▲ warning spike is back: the loss leaps"),
        ("milder", "updated", "▲ warning spike (was critical): the loss leaps"),
        ("over", "resolved", "· over: spike, since step 1 200: the loss leaps"),
        ("withdrawn", "resolved", "· withdrawn: spike at step 100; the curve no longer shows it"),
    ],
)
def test_a_change_has_its_words(change: str, event: str, expected: str) -> None:
    one = told(change, event, was=Severity.CRITICAL, finding=finding(resolved_at_step=1200))
    assert words.headline(one) == expected


@pytest.mark.parametrize(
    ("probability", "expected"),
    [
        (0.7, "likely (70 %): the rate is too high; do: Halve the learning rate."),
        (0.4, "perhaps (40 %): the rate is too high; do: Halve the learning rate."),
        (0.1, "no cause stands out (10 %): the rate is too high; to tell: halve it"),
    ],
)
def test_a_cause_is_told_with_its_remedy_when_it_stands_out(probability: float, expected: str) -> None:
    assert words.reason(told(cause=cause(probability))) == expected


def test_what_follows_names_its_leader_and_what_closes_needs_no_reason() -> None:
    assert words.reason(told(follows=("nan", "loss"))) == "follows from nan"
    assert words.reason(told("over", "resolved", cause=cause())) == ""
    assert words.reason(told()) == ""
    assert words.reason(told(cause=cause(0.1), finding=finding(severity=Severity.INFO))) == ""


def test_a_hostile_statement_is_escaped() -> None:
    assert "\x1b" not in words.headline(told(finding=finding(statement="a\x1b[2Jb\n")))
