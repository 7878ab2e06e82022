"""What is new against what was told."""

from tests.watch.made import finding

from descentry.record.finding import Severity
from descentry.watch.ledger import MOST_TURNS, Ledger


def changes(ledger: Ledger, *findings) -> list[tuple[str, str]]:
    return [(one.event, one.change) for one in ledger.compare(findings)]


def test_a_life() -> None:
    ledger = Ledger()
    assert changes(ledger, finding()) == [("opened", "opened")]
    assert changes(ledger, finding()) == []
    assert changes(ledger, finding(statement="other words")) == []
    assert changes(ledger, finding(severity=Severity.CRITICAL)) == [("updated", "worse")]
    assert changes(ledger, finding()) == [("updated", "milder")]
    assert changes(ledger, finding(steps=(1, 2))) == [("updated", "more")]
    assert changes(ledger, finding(steps=(1, 2), resolved_at_step=9)) == [("resolved", "over")]
    assert changes(ledger, finding(steps=(1, 2))) == [("updated", "back")]
    assert changes(ledger) == [("resolved", "withdrawn")]
    assert changes(ledger, finding()) == [("opened", "back")]


def test_two_curves_are_two_findings() -> None:
    ledger = Ledger()
    assert len(ledger.compare([finding("nan"), finding("spike")])) == 2


def test_what_comes_and_goes_is_no_news_for_ever() -> None:
    ledger = Ledger()
    told = []
    for _ in range(6):
        told += [one.is_news for one in ledger.compare([finding()])]
        told += [one.is_news for one in ledger.compare([])]
    assert told == [True] * 2 * MOST_TURNS + [False] * 2 * (6 - MOST_TURNS)


def test_spikes_that_come_again_and_again_are_no_news_for_ever() -> None:
    ledger = Ledger()
    told = []
    for n in range(1, 7):
        for over in (None, n):
            news = ledger.compare([finding(steps=tuple(range(n)), resolved_at_step=over)])
            told += [one.is_news for one in news]
    assert told == [True] * 2 * MOST_TURNS + [False] * 2 * (6 - MOST_TURNS)


def test_but_it_is_when_it_is_graver_than_ever() -> None:
    ledger = Ledger()
    for _ in range(6):
        ledger.compare([finding()])
        ledger.compare([])
    (opened,) = ledger.compare([finding(severity=Severity.CRITICAL)])
    assert opened.is_news


def test_a_growing_number_of_events_is_for_programs_only() -> None:
    ledger = Ledger()
    ledger.compare([finding(steps=(1,))])
    (more,) = ledger.compare([finding(steps=(1, 5))])
    assert (more.change, more.is_news) == ("more", False)


def test_what_is_not_sure_waits_and_leaves_no_trace() -> None:
    ledger = Ledger()
    assert ledger.compare([finding()], lambda _: False) == []
    assert ledger.compare([]) == []
    assert changes(ledger, finding()) == [("opened", "opened")]
    assert [one.change for one in ledger.compare([finding(severity=Severity.CRITICAL)], lambda _: False)] == [
        "worse"
    ]
