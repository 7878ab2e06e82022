"""Where the run can go back to, and what was kept out of the weights."""

from descentry.guard.actions import RollBack, SkipBatch
from descentry.guard.ledger import MAX_HISTORY, Ledger


def test_going_back_gives_up_later_checkpoints_and_passes_over_batches() -> None:
    one = Ledger(n_batches=40, pending=SkipBatch())
    for step, n_batches in ((0, 0), (20, 25), (30, 35)):
        one.n_batches = n_batches
        one.save(step, b"")
    assert one.go_back(RollBack(20, skip=12, reason="why")) == [30]
    assert (one.n_batches, one.pending) == (37, None)
    assert [(kept.first, kept.last, kept.why) for kept in one.quarantine] == [(25, 36, "why")]


def test_a_checkpoint_is_forgotten_once() -> None:
    one = Ledger()
    one.save(5, b"")
    assert [one.forget(5), one.forget(5)] == [True, False]
    assert one.courses == {}


def test_the_newest_batches_kept_out_are_remembered() -> None:
    one = Ledger()
    for step in range(MAX_HISTORY + 5):
        one.n_batches += 1
        one.keep_out(step, "why", None, "head", True)
    assert len(one.quarantine) == MAX_HISTORY
    assert (one.quarantine[-1].first, one.quarantine[-1].module) == (MAX_HISTORY + 4, "head")
