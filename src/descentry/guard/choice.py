"""What is asked for at a step: of what the rules, the gate, early stopping and the search for the rate would have."""

from descentry.guard.actions import Checkpoint, ClipTo, Deed, RollBack, ScaleLr, SkipBatch, Stop
from descentry.guard.ladder import Ladder, Moment
from descentry.guard.ledger import Ledger
from descentry.guard.rate_search import Search


def chosen(
    ladder: Ladder, search: Search | None, ledger: Ledger, now: Moment, early: Stop | None
) -> Deed | None:
    """The one action of this moment.  What does not keep a bad update away waits for the next step.

    `early`: what early stopping asks for, which comes last.
    """
    if ledger.is_over:
        return None
    deed = searched(search, ladder.choose(now), now) or ledger.pending
    ledger.pending = None
    if now.why and ladder.policy.gate and (deed is None or isinstance(deed, ScaleLr | ClipTo | Checkpoint)):
        ledger.pending = deed
        return SkipBatch(now.why)
    return deed or early


def searched(search: Search | None, deed: Deed | None, now: Moment) -> Deed | None:
    """The same, where no search for the rate knows better.  It goes back to the start: without one it is silent."""
    if search is None or (search.first not in now.saved and not now.advises):
        return deed
    if isinstance(deed, RollBack) and deed.rate < 1.0:
        return search.failed(deed.reason) or deed
    return deed or search.asks(now.step, now.advises)


def is_calm(ladder: Ladder, search: Search | None) -> bool:
    """Whether neither rules nor search can ask for anything, where nothing stands."""
    return not (ladder.seen or True in ladder.has_asked or (search is not None and search.is_open))
