"""The x axis: steps turned into tokens, epochs, elapsed time or floating-point operations."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from descentry.plot.settings import Settings
from descentry.plot.subject import Series, Subject, standing
from descentry.record.chunk import Floats
from descentry.record.errors import UsageError
from descentry.record.legible import escaped
from descentry.record.roles import Role

LABELS = {
    "step": "step",
    "tokens": "tokens",
    "epoch": "epoch",
    "time": "elapsed time ({})",
    "flops": "training compute (FLOPs: 6 × parameters × tokens)",
}
FLOPS_PER_PARAMETER = 6.0
"""Forward and backward pass of one token (Kaplan et al., 2020, arXiv 2001.08361)."""
_PARAMETERS = ("num_parameters", "n_parameters", "num_params", "n_params", "total_params", "parameter_count")
_TOKENS = ("tokens_per_step", "tokens_per_batch", "tokens_per_update", "batch_size_tokens")
_SAMPLES = ("global_batch_size", "total_train_batch_size")
_LENGTHS = ("sequence_length", "seq_length", "seq_len", "context_length", "block_size")
_TIMES = ((86400.0 * 2, 86400.0, "days"), (3600.0 * 2, 3600.0, "hours"), (60.0 * 2, 60.0, "minutes"))


@dataclass(frozen=True, slots=True, eq=False)
class Abscissa:
    """Where steps stand: straight between float64[m] `steps`, rising, and `x` beside them, and on beyond the ends."""

    steps: Floats
    x: Floats

    def of(self, steps: Floats) -> Floats:
        """The place of each step, float64[n]."""
        if len(self.steps) < 2:
            first = self.steps[0] if len(self.steps) else 0.0
            return steps - first + (self.x[0] if len(self.x) else 0.0)
        rate = (self.x[-1] - self.x[0]) / (self.steps[-1] - self.steps[0])
        inside = np.interp(steps, self.steps, self.x)
        beyond = np.minimum(steps - self.steps[0], 0) + np.maximum(steps - self.steps[-1], 0)
        places: Floats = inside + rate * beyond
        return places


_IDENTITY = Abscissa(np.array([0.0, 1.0]), np.array([0.0, 1.0]))


def abscissa(one: Subject, settings: Settings) -> Abscissa:
    """Where the steps of a run stand in the unit that was asked for; times in seconds since the first point.

    Raises UsageError where the log does not know the unit, with the option that would tell it.
    """
    if settings.x == "step":
        return _IDENTITY
    if settings.x == "time":
        return _time(one)
    if settings.x == "epoch":
        found = _counted(one, Role.EPOCH)
        return (
            found if found is not None else _unknown(one, "epoch", "no epoch is logged", "draw by --x step")
        )
    tokens = _tokens(one, settings)
    if settings.x == "tokens":
        return tokens
    n_params = settings.n_params or _setting(one.config, _PARAMETERS)
    if n_params is None:
        return _unknown(
            one, "flops", "the settings name no number of parameters", "give --params N, or --x step"
        )
    return Abscissa(tokens.steps, FLOPS_PER_PARAMETER * n_params * tokens.x)


def time_unit(span_s: float) -> tuple[float, str]:
    """Seconds in the unit that suits a span, and its name."""
    return next(((size, name) for least, size, name in _TIMES if span_s >= least), (1.0, "seconds"))


def _unknown(one: Subject, unit: str, problem: str, advice: str) -> Abscissa:
    raise UsageError(f"{escaped(one.run)}: cannot be drawn by {unit}: {problem}; {advice}")


def _time(one: Subject) -> Abscissa:
    timed = [series for series in one.series if series.wall_times is not None and len(series) > 1]
    for series in timed:
        assert series.wall_times is not None
        kept = standing(series.steps) & np.isfinite(series.wall_times)
        if kept.sum() > 1:
            seconds = np.maximum.accumulate(series.wall_times[kept])
            return _rising(series.steps[kept].astype(np.float64), seconds - seconds[0])
    return _unknown(one, "time", "no wall times are logged", "draw by --x step")


def _tokens(one: Subject, settings: Settings) -> Abscissa:
    per_step = settings.tokens_per_step
    counted = _counted(one, Role.TOKENS) if per_step is None else None
    if counted is not None:
        return counted
    per_step = per_step or _tokens_per_step(one.config)
    if per_step is None:
        problem = "no running count of tokens is logged, and the settings name none per step"
        return _unknown(one, settings.x, problem, "give --tokens-per-step N, or --x step")
    return Abscissa(np.array([0.0, 1.0]), np.array([0.0, per_step]))


def _counted(one: Subject, role: Role) -> Abscissa | None:
    """The course of a series that counts; None where none rises."""
    series = one.by_role(role)
    if series is None:
        return None
    steps, values = _finite(series)
    if len(steps) < 2 or bool((np.diff(values) < 0).any()) or not values[-1] > values[0]:
        return None
    return _rising(steps, values)


def _finite(series: Series) -> tuple[Floats, Floats]:
    kept = standing(series.steps) & np.isfinite(series.values)
    return series.steps[kept].astype(np.float64), series.values[kept]


def _rising(steps: Floats, x: Floats) -> Abscissa:
    """The last x of each step."""
    last = np.r_[steps[1:] > steps[:-1], True]
    return Abscissa(steps[last], x[last])


def _tokens_per_step(config: Mapping[str, object]) -> float | None:
    told = _setting(config, _TOKENS)
    if told is not None:
        return told
    length, samples = _setting(config, _LENGTHS), _setting(config, _SAMPLES)
    if length is None:
        return None
    if samples is not None:
        return length * samples
    total = _setting(config, ("total_batch_size",))  # in tokens by llm.c and nanoGPT, always whole sequences
    return total if total is not None and total > length and total % length == 0 else None


def _setting(config: Mapping[str, object], names: tuple[str, ...]) -> float | None:
    for name in names:
        value = config.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf:
            return float(value)
    return None
