"""Takes losses in: what cannot be used is left aside, counted, and told once for each name and kind."""

import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from descentry.record.errors import UsageError
from descentry.record.event import Event
from descentry.steer.protocol import Losses, State

LOGGER = logging.getLogger("descentry.steer")
"""Events go here as warnings too: a logger never raises into a training loop, as a warning under `-W error` would."""

HUGE = 1e100
"""No loss of a training that lives, and sums of such stay finite."""


@dataclass(slots=True)
class Intake:
    """What all steerers share: the names in the order of their coming, the calls, and what was odd.

    `kind`: who takes in, for messages.  `non_negative`: whether losses must not be below 0.  `patience`: calls in a row
    without a usable loss after which a name is told as silent; higher: told later.
    """

    kind: str
    non_negative: bool = False
    patience: int = 100
    names: list[str] = field(default_factory=list)
    n_calls: int = 0
    last_step: int | None = None
    absent: dict[str, int] = field(default_factory=dict)
    ignored: dict[str, dict[str, int]] = field(default_factory=dict)
    """Name, then kind (`nan`, `inf`, `negative`), then how often."""
    events: list[Event] = field(default_factory=list)

    def begin(self, names: Iterable[str]) -> None:
        """Takes the names that are known beforehand; UsageError for one that comes twice or is no name."""
        for name in names:
            if not self.join(name):
                raise UsageError(f"{self.kind}: {name!r} is named twice, expected each name once")

    def join(self, name: str) -> bool:
        """Whether the name was new."""
        if name in self.absent:
            return False
        self._check_name(name)
        self.names.append(name)
        self.absent[name] = 0
        return True

    def take(self, step: int, losses: Losses) -> dict[str, float]:
        """The usable losses, by name.  Names that were never seen join.  UsageError for what is no number."""
        values = {name: self._number(name, value) for name, value in losses.items()}
        self._step(int(step))
        joined = [name for name in values if self.join(name)]
        if self.n_calls > 1 and joined:
            self.tell("joined", f"{', '.join(joined)} appeared after the first call", warning=False)
        usable = {name: value for name, value in values.items() if self._is_usable(name, value)}
        for name in self.names:
            self.absent[name] = 0 if name in usable else self.absent[name] + 1
            if self.absent[name] == self.patience:
                self.tell(
                    "silent", f"{name}: no usable loss in {self.patience} calls; its last figures stand"
                )
        return usable

    def tell(self, kind: str, message: str, warning: bool = True) -> None:
        """Keeps an event and logs it, unless the same was told."""
        if any(event.kind == kind and event.message == message for event in self.events):
            return
        self.events.append(Event(kind, message, self.kind, step=self.last_step, warning=warning))
        if warning:
            LOGGER.warning("%s: step %s: %s", self.kind, self.last_step, message)

    def state(self) -> State:
        """Plain data: all but the settings."""
        return {
            "names": list(self.names),
            "n_calls": self.n_calls,
            "last_step": self.last_step,
            "absent": dict(self.absent),
            "ignored": {name: dict(kinds) for name, kinds in self.ignored.items()},
            "events": [[event.kind, event.message, event.step, event.warning] for event in self.events],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Takes what `state` gave."""
        self.names = [str(name) for name in state["names"]]
        self.n_calls = int(state["n_calls"])
        self.last_step = None if state["last_step"] is None else int(state["last_step"])
        self.absent = {name: int(state["absent"][name]) for name in self.names}
        self.ignored = {name: dict(kinds) for name, kinds in state["ignored"].items()}
        self.events = [
            Event(kind, message, self.kind, step=step, warning=warning)
            for kind, message, step, warning in state["events"]
        ]

    def _step(self, step: int) -> None:
        is_back = self.last_step is not None and step <= self.last_step
        self.last_step = step
        self.n_calls += 1
        if is_back:
            self.tell(
                "step_back",
                "a step that is not above the one before; every call counts as new training: after a roll-back load "
                "the state of that step",
            )

    def _check_name(self, name: object) -> None:
        if not isinstance(name, str) or not name:
            raise UsageError(f"{self.kind}: a name is {name!r}, expected a string of one character or more")

    def _number(self, name: str, value: object) -> float:
        self._check_name(name)
        try:
            return float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError) as error:
            found = type(value).__name__
            raise UsageError(
                f"{self.kind}: the loss of {name} is of type {found}, expected a number"
            ) from error

    def _is_usable(self, name: str, value: float) -> bool:
        kind = _fault(value, self.non_negative)
        if kind is None:
            return True
        kinds = self.ignored.setdefault(name, {})
        kinds[kind] = kinds.get(kind, 0) + 1
        self.tell(kind, f"{name}: {_FAULTS[kind]}; it was left aside, and so will others be")
        return False


_FAULTS = {
    "nan": "the loss is not a number",
    "inf": "the loss is infinite, or beyond 1e100",
    "negative": "the loss is below 0, where the formula expects none",
}


def _fault(value: float, non_negative: bool) -> str | None:
    if math.isnan(value):
        return "nan"
    if abs(value) > HUGE:
        return "inf"
    return "negative" if non_negative and value < 0 else None
