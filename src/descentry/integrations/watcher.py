"""What an integration asks of a guard: one of a single process, or one that is shared by many."""

from typing import Any, Protocol

from descentry.guard.actions import Action


class Keeps(Protocol):
    """Is told of checkpoints."""

    def saved(self, step: int) -> None: ...

    def forgotten(self, step: int) -> None: ...


def only_goes_on(guard: Any) -> None:
    """Tells the guard that data, step and schedule only go on, whatever it rolls back: it compares no attempts then."""
    getattr(guard, "guard", guard).rewinds = False


class Watcher(Keeps, Protocol):
    """Sees every step and decides; see `descentry.guard.guard.Guard`."""

    act: bool

    def before_step(
        self, grad_norm: float | None = None, loss: float | None = None, loss_scale: float | None = None
    ) -> bool: ...

    def observe(self, step: int, **signals: Any) -> Action: ...
