"""The contract of policies holds for the built-in ones, and notices those that break it."""

import json
from pathlib import Path

import pytest

from descentry.guard.actions import Checkpoint
from descentry.guard.reading import builtin_names
from descentry.guard.rules import Policy
from descentry.testing import curves
from descentry.testing.policies import (
    Played,
    _hasty,
    check_policy,
    check_round_trip,
    check_silence,
    hurt,
    play,
)
from descentry.testing.verdicts import LawBroken


@pytest.mark.slow
@pytest.mark.parametrize("name", builtin_names())
def test_built_in_policies_keep_the_laws(name: str) -> None:
    check_policy(name)


def test_a_file_is_checked_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"joins": ["divergence_stop"], "most_roll_backs": 0}))
    check_round_trip(Policy.of(path))
    played = play(path, hurt(600)["nan"])
    assert played.stopped is not None
    assert played.n_trained < 400


def test_one_that_acts_on_healthy_runs_is_found_out() -> None:
    loud = Policy.of(
        {
            "rules": [{"on": "surprise", "in_a_row": 1, "do": [{"action": "stop"}]}],
            "gate": {"score": 0.0, "factor": 0.0, "warm_up": 0},
        }
    )
    with pytest.raises(LawBroken, match="a healthy run is left alone"):
        check_silence(loud, (0,))


def test_hasty_or_too_many_actions_are_found_out() -> None:
    policy = Policy.of({"rules": [{"on": "spike", "cool_down": 50, "do": [{"action": "checkpoint"}] * 2}]})
    told = Checkpoint("spike: x")
    played = Played(((1, 1, told), (40, 40, told), (100, 100, told)), 100, True)
    assert _hasty(policy, played) == ["spike: 3 actions", "spike: again after 39 steps"]


def test_a_curve_is_played_as_a_training_would_go() -> None:
    chunk = curves.nan(curves.healthy(400, 1), 200, 5)
    rules = [{"on": "nonfinite", "do": [{"action": "roll_back", "skip": 10}]}]
    played = play({"rules": rules}, chunk)
    ((step, n_trained, deed),) = played.deeds
    assert (step, n_trained, type(deed).__name__) == (200, 201, "RollBack")
    assert played.n_trained == 201 + 400 - 211
    assert played.stopped is None
