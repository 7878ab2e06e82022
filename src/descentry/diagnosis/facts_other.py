"""Facts about the signals beside loss, rate and gradient: validation across the onset, weights, time, settings."""

import numpy as np

from descentry.diagnosis.span import Span
from descentry.patterns.protocol import View
from descentry.record.roles import Role
from descentry.signal.loss_function import Start
from descentry.signal.profile import profile
from descentry.signal.robust import median
from descentry.signal.shape import Shape
from descentry.stream.outcome import Outcome

N_SIDE = 3
"""Validation points on each side of an onset from which a change of level can be told."""


MOST_TIMES = 1e6
"""Losses that are summed up for one at most: no whole number is read from a larger ratio."""
SUM_SLACK = 0.12
"""How far training may lie from a whole multiple of validation: dropout and the lag of a mean add to it."""


def other_facts(span: Span, outcome: Outcome, start: Start | None) -> dict[str, float]:
    """The `val.shift`, `train.shift`, `train.start_multiple`, `weights.*`, `throughput.*` and `set.*` facts."""
    view = outcome.view
    return {
        **_shifts(span, view),
        **_ratio(view),
        **_weights(span, view),
        **_norm_level(span, view),
        **_settings(view),
        **_start(view, start),
        **_throughput(view),
    }


def _shifts(span: Span, view: View) -> dict[str, float]:
    """Change of the level across the onset, in training and in validation, as a share of the level before."""
    facts = {}
    for name, role in (("train.shift", Role.TRAIN_LOSS), ("val.shift", Role.VAL_LOSS)):
        shape = view.shape(role)
        change = None if shape is None else _change(shape, span)
        if change is not None:
            facts[name] = change
    return facts


def _change(shape: Shape, span: Span) -> float | None:
    before = shape.levels[shape.last_steps < span.onset - 0.5 * span.spacing]
    after = shape.levels[shape.first_steps >= span.onset]
    if min(len(before), len(after)) < N_SIDE:
        return None
    width = max(N_SIDE, min(len(before), len(after)) // 10)
    then, now = median(before[-width:]), median(after[:width])
    return (now - then) / max(abs(then), 1e-300)


def _ratio(view: View) -> dict[str, float]:
    """The whole number of times that training lies above validation, 0 where there is none or it does not last."""
    training, validation = view.shape(Role.TRAIN_LOSS), view.shape(Role.VAL_LOSS)
    if training is None or validation is None or len(validation) < 8 or float(validation.levels.min()) <= 0:
        return {}
    course = profile(training)
    ratios = np.interp(validation.steps, course.x, course.y) / validation.levels
    # Noise in the labels and dropout part the curves by and by; a sum in place of a mean does from the first value on.
    whole = round(min(float(ratios[:3].mean()), MOST_TIMES))
    lasts = whole >= 2 and float(np.abs(ratios[[0, len(ratios) // 2, -1]] - whole).max()) <= SUM_SLACK * whole
    return {"val.whole_ratio": float(whole if lasts else 0)}


def _weights(span: Span, view: View) -> dict[str, float]:
    """The weight norm over the span, last over first: below 1 it shrinks."""
    shape = view.shape(Role.WEIGHT_NORM)
    if shape is None:
        return {}
    inside = shape.levels[(shape.last_steps >= span.onset) & (shape.first_steps <= span.end)]
    if len(inside) < 6 or median(inside[:3]) <= 0:
        return {}
    return {"weights.growth": median(inside[-3:]) / median(inside[:3])}


def _norm_level(span: Span, view: View) -> dict[str, float]:
    """How far the gradient norm in the span lies below its largest settled level, and how often it is exactly 0."""
    shape = view.shape(Role.GRAD_NORM)
    if shape is None or len(shape) < 12:
        return {}
    inside = shape.levels[(shape.last_steps >= span.onset) & (shape.first_steps <= span.end)]
    if not len(inside):
        return {}
    usual = float(np.quantile(shape.levels, 0.9))
    facts = {"grad_norm.zero_share": float((inside == 0.0).mean())}
    if usual > 0:
        facts["grad_norm.span_share"] = median(inside) / usual
    return facts


def _throughput(view: View) -> dict[str, float]:
    """The throughput of the last fifth, over that of the first half."""
    shape = view.shape(Role.THROUGHPUT)
    if shape is None or len(shape) < 10:
        return {}
    usual = median(shape.levels[: len(shape) // 2])
    return {"throughput.fall": median(shape.levels[-len(shape) // 5 :]) / usual} if usual > 0 else {}


def _settings(view: View) -> dict[str, float]:
    """What the settings of the run say about regularisation, clipping, precision and accumulation."""
    facts = {}
    for name, keys in (
        ("set.weight_decay", ("weight_decay", "wd")),
        ("set.dropout", ("dropout", "dropout_rate", "p_dropout")),
        ("set.clip", ("max_grad_norm", "grad_clip", "clip_grad", "gradient_clip_val", "clip_grad_norm")),
        ("set.accumulation", ("gradient_accumulation_steps", "accumulate_grad_batches", "grad_accum_steps")),
    ):  # fmt: skip
        value = next((view.config[key] for key in keys if key in view.config), None)
        if isinstance(value, int | float) and not isinstance(value, bool):
            facts[name] = float(value)
    precision = [
        str(view.config.get(key)).lower() for key in ("precision", "dtype", "mixed_precision", "torch_dtype")
    ]
    half = (
        any(word in text for text in precision for word in ("fp16", "float16", "16-mixed"))
        or view.config.get("fp16") is True
    )
    if half or any(text != "none" for text in precision):
        facts["set.fp16"] = float(half and not any("bf" in text for text in precision))
    return facts


def _start(view: View, start: Start | None) -> dict[str, float]:
    """The whole number by which the first loss is too large, 0 where it is none: sums that should be means."""
    shape = view.shape(Role.TRAIN_LOSS)
    if shape is None or start is None or not start.accuses or start.loss <= 0:
        return {}
    ratio = shape.first / start.loss
    whole = round(ratio)
    return {"train.start_multiple": float(whole if whole >= 2 and abs(ratio - whole) <= 0.04 * whole else 0)}
