"""States, checked before they are taken."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from descentry.record.chunk import Floats
from descentry.record.errors import UsageError
from descentry.steer.intake import Intake
from descentry.steer.protocol import State

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

VERSION = 1


def packed(intake: Intake, settings: "DataclassInstance", own: State) -> State:
    """One state of what all steerers have and what is a steerer's own."""
    return {
        "kind": intake.kind,
        "version": VERSION,
        "settings": asdict(settings),
        "intake": intake.state(),
        "own": own,
    }


def unpack(
    intake: Intake,
    settings: "DataclassInstance",
    state: Mapping[str, Any],
    take_own: Callable[[Mapping[str, Any]], None],
) -> None:
    """Loads the intake, then the own part by `take_own`.  Settings stay as they are; if they differ it is told.

    UsageError for another kind or version, and for a state in which something is missing or of a wrong type; all then
    stays as it was, if `take_own` reads everything before it sets anything.
    """
    found = (state.get("kind"), state.get("version"))
    if found != (intake.kind, VERSION):
        raise UsageError(
            f"{intake.kind}: the state is of {found[0]!r}, version {found[1]!r}; "
            f"expected {intake.kind!r}, version {VERSION}"
        )
    before = intake.state()
    try:
        intake.load(state["intake"])
        take_own(state["own"])
        theirs = dict(state["settings"])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        intake.load(before)
        raise UsageError(
            f"{intake.kind}: the state is torn ({type(error).__name__}: {error}); take another one, and give back "
            "what state_dict() gave"
        ) from error
    _compare(intake, theirs, asdict(settings))


def _compare(intake: Intake, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    changed = [name for name in ours if theirs.get(name) != ours[name]]
    if changed:
        told = ", ".join(f"{name} was {theirs.get(name)!r}, is {ours[name]!r}" for name in changed)
        intake.tell("settings_changed", f"{told}: from here on the new ones hold")


def floats(values: Sequence[float], n: int) -> Floats:
    """float64[n] of a state; ValueError for another length, or for what is not finite."""
    found = np.array(values, np.float64)
    if found.shape != (n,) or not np.isfinite(found).all():
        raise ValueError(f"{n} finite numbers expected, found {str(values)[:80]}")
    return found
