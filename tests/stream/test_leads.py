"""Which finding leads: one accusation per trouble, and nothing that comes before its leader."""

from dataclasses import replace

import pytest

from descentry.record.finding import Finding, Severity
from descentry.stream.drive import run
from descentry.stream.leads import FOLLOWS, explained
from descentry.testing import curves

NAN = Finding("nan", Severity.CRITICAL, 1.0, "loss", 500, None, 500, "NaN")


def pattern(name: str, onset: int, **more: object) -> Finding:
    finding = Finding(name, Severity.WARNING, 0.9, "loss", onset, None, onset, name)
    return replace(finding, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FOLLOWS["nan"])
def test_nothing_accuses_inside_a_nan_tail(name: str) -> None:
    ranked = explained([pattern(name, 600), NAN], 1000)
    assert [(one.pattern, one.explained_by) for one in ranked] == [("nan", None), (name, 0)]


def test_what_came_long_before_stands_for_itself() -> None:
    ranked = explained([pattern("spike", 100, steps=(100,)), NAN], 1000)
    assert [one.explained_by for one in ranked] == [None, None]


def test_what_comes_after_a_recovered_nan_stands_for_itself() -> None:
    ranked = explained([pattern("plateau", 800), replace(NAN, end_step=510)], 1000)
    assert {one.pattern: one.explained_by for one in ranked}["plateau"] is None


def test_the_gravest_comes_first_and_leaders_are_in_the_list() -> None:
    ranked = explained([pattern("spike", 620, steps=(620,)), pattern("divergence", 610), NAN], 1000)
    assert ranked[0].pattern == "nan"
    assert all(one.explained_by in (None, *range(len(ranked))) for one in ranked)


def test_nobody_leads_where_nothing_was_found() -> None:
    assert explained([], 0) == ()


def test_a_blow_up_into_nan_is_one_accusation() -> None:
    log = curves.nan(curves.divergence(curves.healthy(900, seed=1), at=780, rise=4.0), at=850)
    leaders = [one.pattern for one in run([log]).findings if one.explained_by is None]
    assert leaders == ["nan"]


@pytest.mark.parametrize("stall", ["flat", "plateau"])
@pytest.mark.parametrize("by_layer", [0.0, 1.0])
def test_norms_that_shrink_layer_by_layer_say_why_the_loss_stands_still(stall: str, by_layer: float) -> None:
    shrinking = pattern("vanishing_gradient", 100, facts={"by_layer": by_layer})
    leaders = {
        one.pattern for one in explained([pattern(stall, 100), shrinking], 1000) if one.explained_by is None
    }
    assert leaders == {"vanishing_gradient" if by_layer or stall == "plateau" else "flat"}
