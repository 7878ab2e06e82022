"""bad_init: the loss starts well above that of a model that knows nothing.

Looked at only where that start is known for certain: the loss function is exact about it and the number of tokens or
classes is given or logged (signal/loss_function.py); a size that is merely guessed from the level cannot accuse it.
A fresh model with a balanced output layer is within a few per cent of a uniform guess; what lies far above says that
the first outputs are confidently wrong, or that the loss is summed where it should be averaged.
"""

from dataclasses import dataclass
from typing import ClassVar

from descentry.patterns.protocol import View
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.loss_function import Start, expected_start
from descentry.signal.robust import median
from descentry.signal.shape import Shape
from descentry.signal.words import grouped, number


@dataclass(frozen=True, slots=True)
class BadInit:
    """A start above that of a uniform guess."""

    id: ClassVar[str] = "bad_init"
    cadence: ClassVar[str] = "block"
    in_nats: ClassVar[bool] = True
    clock: ClassVar[tuple[Role, ...]] = (Role.TRAIN_LOSS,)

    ratio: float = 1.3
    """Least first loss over the expected one.  Common initialisations stay below 1.15; higher: only gross ones."""
    noise_units: float = 6.0
    """Least excess in noise of a single point: the first batch may be an unlucky one."""
    late_share: float = 0.01
    """A log that begins later than this share of its steps does not show the start."""

    def judge(self, view: View) -> list[Finding]:
        shape = view.shape(Role.TRAIN_LOSS)
        if shape is None or len(shape) < 4 or view.restarts or not self._begins(shape):
            return []
        if view.every(Role.OTHER_LOSS, Role.LOSS_PART):
            # A sum of objectives starts at more than one of them.
            return []
        name = view.names[Role.TRAIN_LOSS]
        start = expected_start(view.config, None, [name], shape.first)
        if start is None or not start.accuses or start.loss <= 0:
            return []
        excess = shape.first - start.loss
        if shape.first < self.ratio * start.loss or excess < self.noise_units * shape.noise:
            return []
        return [self._finding(view, shape, name, start)]

    def _begins(self, shape: Shape) -> bool:
        return shape.first_step <= max(10, self.late_share * shape.last_step)

    def _finding(self, view: View, shape: Shape, name: str, start: Start) -> Finding:
        ratio = shape.first / start.loss
        low = shape.levels <= 1.05 * start.loss
        end = int(shape.first_steps[int(low.argmax())]) if low.any() else None
        of = (
            f" of a uniform guess over {grouped(start.size)}"
            if start.size
            else " of a model that knows nothing"
        )
        statement = (
            f"the loss starts at {number(shape.first)}, {number(ratio)} times the {number(start.loss)}{of}"
            + (f", which it reaches at step {grouped(end)}" if end is not None else "")
        )
        later = median(shape.levels[-max(3, len(shape) // 10) :])
        return Finding(
            pattern=self.id,
            severity=Severity.WARNING,
            confidence=float(min(0.97, 0.75 + 0.1 * (ratio - self.ratio))),
            curve=name,
            onset_step=shape.first_step,
            end_step=end,
            detected_at_step=view.step,
            statement=statement,
            evidence=(
                Evidence(
                    "first loss against that of a fresh model",
                    name,
                    shape.first_step,
                    shape.first,
                    start.loss,
                ),
            ),
            facts={
                "start_ratio": ratio,
                "whole_ratio": float(abs(ratio - round(ratio)) <= 0.03 * ratio and round(ratio) >= 2),
                "stays_above": float(later > start.loss),
            },
        )
