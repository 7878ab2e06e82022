"""too_good: the loss falls to next to nothing at once: the answer stands in the input.

Tests: a language model (a large vocabulary, or a first loss like that of one) whose loss stays below what any text
has left of surprise, early in the run, validation included where it is logged; or any model whose loss and
validation both fall below a two-hundredth of the start within the first tenth.  Training alone may be memorised;
what validation does not share is no leak into the inputs.  Where the settings tell that there are many classes, a
hundredth of the start suffices in the first half of the run: what is so hard is not learned so fast and so well.
Source: Brown et al., 1992, An estimate of an upper bound for the entropy of English, 1.75 bits a character; Hoffmann
et al., 2022, arXiv:2203.15556, fit an irreducible 1.69 nats a token.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import View
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.loss_function import expected_start
from descentry.signal.robust import median
from descentry.signal.shape import Shape
from descentry.signal.words import grouped, number, percent


@dataclass(frozen=True, slots=True)
class TooGood:
    """Next to no loss, too soon."""

    id: ClassVar[str] = "too_good"
    cadence: ClassVar[str] = "block"
    in_nats: ClassVar[bool] = True
    clock: ClassVar[tuple[Role, ...]] = (Role.TRAIN_LOSS,)

    text_start: float = 6.5
    """A first loss from here on is that of many classes: ln(1000) is 6.9."""
    text_share: float = 0.03
    """Level of a language model, as a share of its start, that no text allows: 0.3 nats of 10.8."""
    text_within: float = 0.3
    """By this share of the run it must be there: later it may have read the text many times."""
    any_share: float = 0.005
    """The same for other tasks, which can be easy."""
    any_within: float = 0.1
    """The same for other tasks."""
    many_classes: int = 30
    """Classes, by the settings of the run, from which a task is not easy."""
    many_share: float = 0.01
    """The same for tasks of many classes, as a share of the loss of a uniform guess."""
    many_within: float = 0.5
    """The same for tasks of many classes."""
    n_least: int = 30
    """Fewer points do not say that it stays."""

    def judge(self, view: View) -> list[Finding]:
        shape = view.shape(Role.TRAIN_LOSS)
        if shape is None or shape.n_points < self.n_least or shape.first <= 0 or view.restarts:
            return []
        if shape.first_step > max(10, 0.01 * shape.last_step):
            return []
        first = float(np.max(shape.levels[: max(3, len(shape) // 100)]))
        is_text = first >= self.text_start
        share, within = self._limits(view, first, is_text)
        at = _below(shape, share * first)
        if at is None or (at - shape.first_step) > within * _length(view, shape):
            return []
        beside = view.shape(Role.VAL_LOSS)
        low = _val_low(beside, share * first, shape.first_step + within * _length(view, shape))
        if low is False or (low is None and not is_text):
            return []
        return [self._finding(view, shape, first, at, low is True)]

    def _limits(self, view: View, first: float, is_text: bool) -> tuple[float, float]:
        """The share of the start that is too good, and the share of the run within which it is."""
        if is_text:
            return self.text_share, self.text_within
        start = expected_start(view.config, None, [view.names[Role.TRAIN_LOSS]], first)
        sure = start is not None and start.accuses and (start.size or 0) >= self.many_classes
        if start is not None and sure and 0.75 * start.loss <= first <= 1.25 * start.loss:
            return self.many_share * start.loss / first, self.many_within
        return self.any_share, self.any_within

    def _finding(self, view: View, shape: Shape, first: float, at: int, val_too: bool) -> Finding:
        name = view.names[Role.TRAIN_LOSS]
        level = median(shape.levels[shape.first_steps >= at])
        done = (at - shape.first_step) / max(1.0, _length(view, shape))
        statement = (
            f"the loss is down to {number(level)} from step {grouped(at)} on ({percent(done)} of the run), "
            f"{percent(max(level, 0.0) / first)} of its start"
            + (", and validation with it" if val_too else "")
        )
        start = expected_start(view.config, None, [name], shape.first)
        return Finding(
            pattern=self.id,
            severity=Severity.CRITICAL,
            confidence=0.9 if val_too else 0.8,
            curve=name,
            onset_step=at,
            end_step=None,
            detected_at_step=view.step,
            statement=statement,
            evidence=(Evidence("level against the first loss", name, shape.last_step, level, first),),
            facts={
                "val_too": float(val_too),
                "final_share": level / first,
                "size_known": float(start is not None and start.accuses),
            },
        )


def _length(view: View, shape: Shape) -> float:
    """The planned length of the run in steps where it is logged, else what there is of it."""
    for key in ("max_steps", "total_steps", "max_iters", "train_steps", "num_training_steps"):
        planned = view.config.get(key)
        if isinstance(planned, int | float) and planned > shape.last_step:
            return float(planned) - shape.first_step
    return float(max(1, shape.last_step - shape.first_step))


def _below(shape: Shape, limit: float) -> int | None:
    """The step from which the loss stays below a limit, but for one block in ten; None where it does not."""
    low = shape.levels <= limit
    if not low.any() or not low[-1]:
        return None
    start = int(low.argmax())
    return int(shape.first_steps[start]) if float(low[start:].mean()) >= 0.9 else None


def _val_low(beside: Shape | None, limit: float, until: float) -> bool | None:
    """Whether validation, too, was below twice the limit by that step and stays there; None where it is not logged."""
    if beside is None or not len(beside):
        return None
    early = beside.levels[beside.first_steps <= until]
    seen = early[-1:] if len(early) else beside.levels[:1]
    return bool(
        seen[0] <= 2.0 * limit
        and float((beside.levels[len(early) :] <= 2.0 * limit).mean() if len(beside) > len(early) else 1.0)
        >= 0.9
    )
