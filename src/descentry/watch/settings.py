"""What the user knows of the runs, and how soon he wants to be told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from descentry.record.roles import Role
from descentry.stream.drive import Stream


@dataclass(frozen=True, slots=True)
class Settings:
    """`roles`, `vocab_size`, `loss_function`, `alarm_rate` as in `diagnose`."""

    roles: Mapping[str, Role] = field(default_factory=dict)
    vocab_size: int | None = None
    loss_function: str | None = None
    alarm_rate: float | None = None
    at_once: bool = False
    """Tell warnings about shapes at their first look, too: sooner, and many of them do not last."""

    def stream(self) -> Stream:
        """A fresh stream that knows them."""
        told: dict[str, Any] = {"vocab_size": self.vocab_size, "loss_function": self.loss_function}
        known = {name: value for name, value in told.items() if value is not None}
        return Stream(overrides=self.roles, settings=known, alarm_rate=self.alarm_rate)
