"""Facts about noise: whose it is, whether it is averaged away, and what the logger made of it."""

import numpy as np

from descentry.diagnosis.span import Span
from descentry.record.chunk import Floats
from descentry.record.report import CurveSummary
from descentry.record.roles import Role
from descentry.signal.robust import median, spread
from descentry.signal.shape import Shape
from descentry.signal.trend import running_median
from descentry.stream.outcome import Outcome

N_LEAST = 60
"""Points below which noise has no autocorrelation that could be told from chance."""
AVERAGED = 0.6
"""Neighbours' correlation from which values must be means over shared steps: a mean of w has 1 - 1/w."""
N_RANKS = 4
"""Ranks from which one can stand out of the others."""


def noise_facts(span: Span, outcome: Outcome) -> dict[str, float]:
    """The `noise.*`, `val.noise_*`, `log.*` and `ranks.*` facts that can be measured."""
    view = outcome.view
    training, validation = view.shape(Role.TRAIN_LOSS), view.shape(Role.VAL_LOSS)
    facts: dict[str, float] = {**_validation_noise(training, validation), **_ranks(outcome)}
    if training is None or not training.is_raw or len(training) < N_LEAST:
        return facts
    facts.update(_memory(training.levels))
    facts["log.repeats"] = float((np.diff(training.levels) == 0.0).mean())
    facts.update(_noise_change(training, span))
    return facts


def _memory(values: Floats) -> dict[str, float]:
    """How many steps a logged value is a mean of, from the autocorrelation of what is left of the trend.

    The noise of a running mean over w steps has the autocorrelation 1 - k/w at lag k < w and none beyond; slow
    noise of the training itself does not end so.  Found where the first lags follow that line.
    """
    residual = values - running_median(values, len(values) // 12)
    limit = 4.0 * spread(residual)
    clipped = np.clip(residual - median(residual), -limit, limit)
    power = float((clipped * clipped).mean())
    if not 0.0 < power < np.inf:
        return {}
    first = float((clipped[1:] * clipped[:-1]).mean()) / power
    facts = {"noise.memory": first}
    if first < AVERAGED:
        return {**facts, "noise.averaged": 0.0}
    width = min(round(1.0 / max(1.0 - first, 1e-3)), len(values) // 6)
    half = max(1, width // 2)
    middle = float((clipped[half:] * clipped[:-half]).mean()) / power
    return {**facts, "noise.averaged": float(abs(middle - 0.5) < 0.25), "noise.width": float(width)}


def _validation_noise(training: Shape | None, validation: Shape | None) -> dict[str, float]:
    """Scatter of validation over that of single training values: a mean over many examples has little."""
    if training is None or validation is None or len(validation) < 8 or training.noise <= 0:
        return {}
    late = validation.levels[len(validation) // 4 :]
    return {
        "val.noise_over_train": spread(np.diff(late, 2)) / 2.4495 / training.noise if len(late) >= 4 else 0.0
    }


def _noise_change(training: Shape, span: Span) -> dict[str, float]:
    """Noise after the onset over that before it."""
    before = training.levels[training.last_steps < span.onset]
    after = training.levels[training.first_steps >= span.onset]
    if min(len(before), len(after)) < 20:
        return {}
    then = spread(np.diff(before[-len(before) // 2 :], 2))
    return {"noise.change": spread(np.diff(after, 2)) / then} if then > 0 else {}


def _ranks(outcome: Outcome) -> dict[str, float]:
    """Whether one rank or host stands out of the others in what it logs."""
    ranks = [curve for curve in outcome.curves if curve.name.startswith("rank") and "loss" in curve.name]
    if len(ranks) < N_RANKS - 1:
        return {}
    return {"ranks.one_stands_out": float(_stands_out(ranks))}


def _stands_out(ranks: list[CurveSummary]) -> bool:
    lost = [curve.n_nonfinite > 0 for curve in ranks]
    if 0 < sum(lost) <= len(ranks) // 4:
        return True
    last = np.array([curve.last for curve in ranks if np.isfinite(curve.last)])
    if len(last) < N_RANKS - 1:
        return False
    off = np.abs(last - median(last))
    others = np.delete(last, int(off.argmax()))
    return bool(float(off.max()) > 8.0 * max(float(np.ptp(others)), 1e-6 * abs(median(last))))
