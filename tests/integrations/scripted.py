"""Guards that follow a script, and one that fails wherever it is asked."""

from typing import Any

from descentry.guard.actions import Action, Continue


class Scripted:
    """Asks for `deeds[step]` once; `refuses`: calls of `before_step`, counted from 0, that it says no to."""

    act = True

    def __init__(self, deeds: dict[int, Action] | None = None, refuses: tuple[int, ...] = ()) -> None:
        self.deeds, self.refuses = dict(deeds or {}), refuses
        self.rows: list[tuple[int, dict[str, Any]]] = []
        self.judged: list[float | None] = []
        self.steps: list[int] = []

    def before_step(
        self, grad_norm: float | None = None, loss: float | None = None, loss_scale: float | None = None
    ) -> bool:
        del loss, loss_scale
        self.judged.append(grad_norm)
        return len(self.judged) - 1 not in self.refuses

    def observe(self, step: int, **signals: Any) -> Action:
        self.rows.append((step, signals))
        return self.deeds.pop(step, Continue())

    def saved(self, step: int) -> None:
        self.steps.append(step)

    def forgotten(self, step: int) -> None:
        self.steps = [one for one in self.steps if one != step]

    def curve(self, name: str) -> list[tuple[int, float]]:
        """What was told by that name."""
        return [(step, row[name]) for step, row in self.rows if name in row]


class Failing(Scripted):
    """Raises wherever it is asked."""

    def before_step(self, *_: Any, **__: Any) -> bool:
        raise RuntimeError("no judgement")

    def observe(self, step: int, **signals: Any) -> Action:
        raise RuntimeError(f"no observation of {step}: {signals}")

    def saved(self, step: int) -> None:
        raise RuntimeError(f"no checkpoint of {step}")

    def forgotten(self, step: int) -> None:
        raise RuntimeError(f"nothing forgotten of {step}")
