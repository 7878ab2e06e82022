"""Measures, for one finding, the facts that the catalogue's tests ask for.

Each section looks at one signal and leaves out what it cannot measure: an absent fact keeps every test that
asks for it silent.  The names and meanings are those of catalogue_facts.py.
"""

from collections.abc import Mapping

import numpy as np

from descentry.diagnosis.catalogue_facts import FACTS
from descentry.diagnosis.facts_gradient import gradient_facts
from descentry.diagnosis.facts_inner import inner_facts
from descentry.diagnosis.facts_noise import noise_facts
from descentry.diagnosis.facts_other import other_facts
from descentry.diagnosis.facts_rate import rate_facts
from descentry.diagnosis.facts_schedule import schedule_facts
from descentry.diagnosis.span import Span, span_of
from descentry.record.chunk import Ints
from descentry.record.finding import Finding
from descentry.record.roles import Role
from descentry.signal.loss_function import Start, loss_functions
from descentry.signal.robust import median
from descentry.stream.outcome import Outcome


def measure(finding: Finding, outcome: Outcome, start: Start | None) -> dict[str, float]:
    """Fact name -> value, finite, for one finding of a complete run."""
    span = span_of(finding, outcome.view)
    facts: dict[str, float] = {f"f.{name}": value for name, value in finding.facts.items()}
    facts.update(_place(span, outcome))
    facts.update(rate_facts(span, finding, outcome.view))
    facts.update(gradient_facts(span, finding, outcome))
    facts.update(inner_facts(span, outcome.view))
    facts.update(_validation(span, outcome))
    facts.update(_training(span, outcome, start))
    facts.update(_resumes(span, finding, outcome))
    facts.update(_epochs(finding, outcome))
    facts.update(schedule_facts(span, finding, outcome.view))
    facts.update(noise_facts(span, outcome))
    facts.update(other_facts(span, outcome, start))
    facts.update(_data_version(span, outcome))
    return {name: float(value) for name, value in facts.items() if name in FACTS and np.isfinite(value)}


def _place(span: Span, outcome: Outcome) -> dict[str, float]:
    shape = outcome.shapes.get(span.curve)
    share = (span.onset - span.first) / max(1, span.last - span.first)
    return {
        "run.share_done": share,
        "run.n_points": float(shape.n_points if shape is not None else 0),
        "run.early": float(share <= 0.05),
    }


def _validation(span: Span, outcome: Outcome) -> dict[str, float]:
    view = outcome.view
    validation, training = view.shape(Role.VAL_LOSS), view.shape(Role.TRAIN_LOSS)
    facts = {"val.known": float(validation is not None)}
    if validation is None:
        return facts
    inside = validation.levels[(validation.last_steps >= span.onset) & (validation.first_steps <= span.end)]
    if len(inside) >= 3:
        k = max(1, len(inside) // 4)
        rise = median(inside[-k:]) - float(inside.min())
        facts["val.rises"] = float(rise > max(3.0 * validation.noise, 0.005 * abs(float(inside.min()))))
        if rise > 0:
            facts["val.noise_ratio"] = validation.noise / rise
    if training is None or not len(inside):
        return facts
    level = median(inside)
    trained = training.levels[(training.last_steps >= span.onset) & (training.first_steps <= span.end)]
    if not len(trained):
        return facts
    train_level = median(trained)
    gap = level - train_level
    slack = max(0.02 * abs(train_level), training.noise, validation.noise)
    facts["val.gap_share"] = gap / max(abs(train_level), 1e-300)
    facts["val.equals_train"] = float(abs(gap) <= slack)
    facts["val.below_train"] = float(gap < -slack)
    return facts


def _training(span: Span, outcome: Outcome, start: Start | None) -> dict[str, float]:
    shape = outcome.view.shape(Role.TRAIN_LOSS)
    if shape is None:
        return {}
    inside = shape.levels[(shape.last_steps >= span.onset) & (shape.first_steps <= span.end)]
    facts: dict[str, float] = {}
    if len(inside) >= 6:
        third = len(inside) // 3
        fall = median(inside[:third]) - median(inside[-third:])
        facts["train.still_falling"] = float(fall > 2.0 * shape.noise / np.sqrt(third))
        if shape.first:
            facts["train.final_share"] = median(inside) / shape.first
    if start is not None and loss_functions()[start.function].is_exact:
        facts["train.start_over_uniform"] = shape.first / start.loss
        if len(inside):
            facts["train.at_uniform"] = float(abs(median(inside) - start.loss) <= 0.01 * start.loss)
    return facts


def _resumes(span: Span, finding: Finding, outcome: Outcome) -> dict[str, float]:
    marks = [
        *outcome.restarts,
        *(e.step for e in outcome.events if e.kind == "resume" and e.step is not None),
    ]
    facts = {"resume.any": float(bool(marks)), "resume.at_onset": 0.0}
    starts = [span.onset, *finding.steps]
    for mark in marks:
        if any(mark - span.spacing <= start <= mark + span.tolerance for start in starts):
            facts["resume.at_onset"] = 1.0
            rate = outcome.view.shape(Role.LEARNING_RATE)
            if rate is not None and len(rate) > 2:
                before, after = rate.level_at(mark - span.spacing), rate.level_at(mark + span.spacing)
                if before > 0:
                    facts["resume.lr_reset"] = after / before
    return facts


def _epochs(finding: Finding, outcome: Outcome) -> dict[str, float]:
    ends = outcome.view.epoch_steps()
    facts = {"epoch.known": float(len(ends) > 0)}
    if len(ends) and "epoch_aligned" in finding.facts:
        facts["epoch.events_aligned"] = finding.facts["epoch_aligned"]
    return facts


def _data_version(span: Span, outcome: Outcome) -> dict[str, float]:
    shape = outcome.view.shape(Role.DATA_VERSION)
    if shape is None or len(shape) < 2:
        return {}
    changes = shape.first_steps[1:][np.diff(shape.levels) != 0]
    return {"data.change_at_onset": float(_any_near(changes, span))}


def _any_near(steps: Ints, span: Span) -> bool:
    return bool((np.abs(steps - span.onset) <= span.tolerance).any()) if len(steps) else False


def as_words(facts: Mapping[str, float]) -> list[str]:
    """The facts as `name = value` lines in order, for whoever wants to see what a ranking rests on."""
    return [f"{name} = {value:.4g}" for name, value in sorted(facts.items())]
