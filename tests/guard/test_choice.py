"""Of several that would act, one is heard."""

from typing import Any

from tests.guard.made import finding, moment

from descentry.guard.actions import Checkpoint, RollBack, ScaleLr, SkipBatch, Stop
from descentry.guard.choice import chosen, is_calm, searched
from descentry.guard.ladder import Ladder
from descentry.guard.ledger import Ledger
from descentry.guard.rate_search import Search
from descentry.guard.rules import Policy, RateSearch

SAVED = {0: 0}


def ladder(**action: Any) -> Ladder:
    return Ladder(Policy.of({"gate": {}, "rules": [{"on": "spike", "do": [action]}]}))


def test_a_bad_update_is_kept_away_first_and_the_rest_waits() -> None:
    rules, ledger = ladder(action="scale_lr", rate=0.5), Ledger()
    assert chosen(rules, None, ledger, moment(100, finding(), why="far"), None) == SkipBatch("far")
    assert chosen(rules, None, ledger, moment(101), None) == ScaleLr(0.5, None, "spike: it leaps")
    assert chosen(rules, None, ledger, moment(102), None) is None


def test_a_roll_back_needs_no_skip() -> None:
    deed = chosen(
        ladder(action="roll_back"), None, Ledger(), moment(100, finding(), why="far", saved=SAVED), None
    )
    assert isinstance(deed, RollBack)


def test_early_stopping_comes_last_and_nothing_comes_after_a_stop() -> None:
    stop = Stop("enough")
    assert isinstance(
        chosen(ladder(action="checkpoint"), None, Ledger(), moment(200, finding()), stop), Checkpoint
    )
    assert chosen(ladder(action="checkpoint"), None, Ledger(), moment(200), stop) == stop
    assert chosen(ladder(action="stop"), None, Ledger(is_over=True), moment(200, finding()), stop) is None


def test_a_search_replaces_restarts_while_it_is_open() -> None:
    restart, now = RollBack(0, rate=0.1, reason="plateau: stalls"), moment(50, saved=SAVED)
    opened = Search(RateSearch(), 100, 0, is_open=True)
    assert searched(opened, restart, now) == RollBack(0, rate=0.3, reason="plateau: stalls")
    assert searched(Search(RateSearch(), 100, 0), restart, now) == restart
    assert searched(opened, restart, moment(50)) == restart


def test_calm_is_where_no_one_asks() -> None:
    rules = ladder(action="stop")
    assert is_calm(rules, None)
    assert is_calm(rules, Search(RateSearch(), 100, 0))
    assert not is_calm(rules, Search(RateSearch(), 100, 0, is_open=True))
    rules.choose(moment(200, finding()))
    assert not is_calm(rules, None)
