"""Each built-in policy on a made curve: it does what it is named for."""

import pytest
from tests.guard.made import at_once, driven, rows

from descentry.guard.actions import ClipTo, RollBack, ScaleLr, SkipBatch, Stop
from descentry.record.chunk import Chunk
from descentry.testing import curves
from descentry.testing.curves_signals import exploding, gradients
from descentry.testing.policies import Played, hurt, play

NAN = float("nan")


def deeds(played: Played, kind: type) -> list[tuple[int, object]]:
    return [(step, deed) for step, _, deed in played.deeds if isinstance(deed, kind)]


@pytest.fixture(scope="module")
def lost() -> dict[str, Chunk]:
    return dict(hurt(1200))


def test_palm_goes_back_before_the_spike_and_past_its_batches() -> None:
    chunk = curves.spike(gradients(curves.healthy(2000, 1), 1), 1000, 5.0, 40.0)
    played = play("palm", chunk)
    ((step, back),) = deeds(played, RollBack)
    assert isinstance(back, RollBack)
    assert 1000 <= step <= 1060
    assert back.to_step == 900
    assert 200 <= back.skip - (step - 900) <= 500
    assert played.stopped is None


def test_palm_in_a_short_run_goes_back_and_passes_over_less() -> None:
    chunk = curves.spike(gradients(curves.healthy(2000, 1), 1), 1000, 5.0, 40.0)
    step, back = deeds(play("palm", chunk, n_steps=2000, every=10), RollBack)[0]
    assert isinstance(back, RollBack)
    assert 950 <= back.to_step <= 970
    assert back.skip - (step - back.to_step) <= 0.05 * 2000


def test_clip_is_tightened_from_one_to_a_half(lost: dict[str, Chunk]) -> None:
    clips = [deed for _, deed in deeds(play("clip", lost["spikes"]), ClipTo)]
    assert [clip.norm for clip in clips if isinstance(clip, ClipTo)][:2] == [1.0, 0.5]


def test_rate_cut_goes_back_and_on_at_a_lower_rate(lost: dict[str, Chunk]) -> None:
    backs = [deed for _, deed in deeds(play("rate_cut", lost["divergence"]), RollBack)]
    assert backs
    assert all(isinstance(back, RollBack) and back.rate < 1 and back.skip == 0 for back in backs)
    assert isinstance(backs[0], RollBack)
    assert backs[0].to_step <= 600


def test_plateau_drop_cuts_the_rate_after_a_plateau_began() -> None:
    drops = deeds(play("plateau_drop", hurt(2000)["plateau"]), ScaleLr)
    assert drops
    assert all(step > 1000 and isinstance(deed, ScaleLr) and deed.factor == 0.1 for step, deed in drops)


def test_early_stopping_stops_and_tells_the_best_step() -> None:
    guard = at_once({"early_stop": {"criterion": "patience", "limit": 4}}, act=True)
    told = (
        {**row, "val_loss": 2.0 + abs(step - 500) / 500} if "val_loss" in row else row
        for step, row in enumerate(rows(1000))
    )
    driven(guard, told)
    ((step, deed),) = guard.history
    assert isinstance(deed, Stop)
    assert (step, deed.best_step) == (699, 499)
    assert deed.reason.startswith(
        "early stopping: 4 validations without a gain; the best validation was 2.002 at"
    )


def test_early_stopping_by_name_is_silent_while_validation_falls() -> None:
    assert play("early_stopping", curves.healthy(1200, 1, n_validations=60)).deeds == ()


def test_divergence_stop_stops_soon_and_says_where_it_was_best(lost: dict[str, Chunk]) -> None:
    stopped = play("divergence_stop", lost["divergence"]).stopped
    assert stopped is not None
    assert stopped.reason.startswith("divergence: ")
    assert stopped.best_step is not None
    assert stopped.best_step <= 600


def test_nan_keeps_batches_out_goes_back_and_stops_in_the_end() -> None:
    once = at_once("nan", act=True)
    driven(once, rows(400, loss={300: NAN}))
    assert [type(deed) for _, deed in once.history] == [SkipBatch]
    chunk = curves.nan(curves.healthy(600, 1), 300, 300)
    played = play("nan", chunk)
    assert [type(deed).__name__ for _, _, deed in played.deeds if not isinstance(deed, SkipBatch)] == [
        "RollBack", "RollBack", "Stop",
    ]  # fmt: skip
    assert played.n_trained < 330


def test_a_bad_stretch_of_data_is_passed_over_by_acting() -> None:
    chunk = exploding(curves.nan(gradients(curves.healthy(1500, 1), 1), 800, 15), 800, 30.0, 15)
    played = play("acting", chunk, every=10)
    assert played.stopped is None
    assert played.n_trained < 1600
    assert deeds(played, RollBack)
