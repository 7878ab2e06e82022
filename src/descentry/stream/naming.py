"""Which series plays which role, decided by the order in which names appear, never by chunk borders."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from descentry.record.roles import Role
from descentry.sources.roles import resolve

SINGLE = frozenset({
    Role.TRAIN_LOSS, Role.VAL_LOSS, Role.TEST_LOSS, Role.LEARNING_RATE, Role.GRAD_NORM, Role.LOSS_SCALE,
})  # fmt: skip
"""Roles that one series at most can play."""


@dataclass
class Naming:
    """The roles of the series seen so far.

    While the log is young a better name may take over a role (`settle` then returns True and the caller
    starts over with the rows it kept); later a newcomer gets a role only if it is free.
    """

    overrides: Mapping[str, Role] = field(default_factory=dict)
    roles: dict[str, Role | None] = field(default_factory=dict)

    def settle(self, names: Sequence[str]) -> bool:
        """Resolve all names anew; True when the role of a name known before has changed."""
        fresh = resolve([*self.roles, *names], self.overrides)
        changed = any(fresh[name] != role for name, role in self.roles.items())
        self.roles = fresh
        return changed

    def join(self, name: str, derived: AbstractSet[Role] = frozenset()) -> None:
        """Give a newcomer the role that its name suggests if that is still free, `derived` ones included."""
        # Alone a test loss stands in for validation; beside one it is what it says.
        role = resolve([*self.of(Role.VAL_LOSS), name], self.overrides)[name]
        taken = role in SINGLE and (role in derived or role in self.roles.values())
        self.roles[name] = None if taken and name not in self.overrides else role

    def of(self, role: Role) -> list[str]:
        """The series with that role, in order of appearance."""
        return [name for name, held in self.roles.items() if held == role]
