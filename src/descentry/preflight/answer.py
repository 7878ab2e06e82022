"""What a check answers: ok, a fault with its name and its fix, or that it cannot tell."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from descentry.preflight.setup import Setup


class Verdict(StrEnum):
    """The three answers."""

    OK = "ok"
    FAULT = "fault"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Answer:
    """One check's answer.

    `statement`: what was found, in words; `measured`: the numbers it rests on.  A fault has a `cause`, an id of the
    catalogue (`descentry explain CAUSE`), and a `fix`.
    """

    verdict: Verdict
    statement: str
    measured: Mapping[str, float] = field(default_factory=dict)
    cause: str | None = None
    fix: str | None = None


class Check(Protocol):
    """A check: an id, a title for the table, and the answer for a setup.

    It may do with the setup what it likes: model, optimizer, scheduler, scaler and random numbers are put back before
    the next check.  What it raises is told as "cannot tell".
    """

    @property
    def id(self) -> str: ...

    @property
    def title(self) -> str: ...

    def run(self, setup: Setup) -> Answer: ...


def ok(statement: str, **measured: float) -> Answer:
    """Nothing is wrong."""
    return Answer(Verdict.OK, statement, measured)


def cannot_tell(statement: str, **measured: float) -> Answer:
    """Too little is known to judge, or there is nothing to judge."""
    return Answer(Verdict.CANNOT_TELL, statement, measured)


def fault(cause: str, statement: str, remedy: str, **measured: float) -> Answer:
    """Something is wrong.  `remedy`: an id of the catalogue, whose words are the fix, or the fix itself."""
    from descentry.diagnosis.catalogue import load

    entry = load().remedies.get(remedy)
    return Answer(Verdict.FAULT, statement, measured, cause, remedy if entry is None else entry.action)
