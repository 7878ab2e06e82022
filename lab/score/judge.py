"""One answer against one truth."""

from dataclasses import dataclass
from statistics import median

from lab.score.answer import SAME, Answer, Said
from lab.store import Stored


@dataclass(frozen=True, slots=True)
class Judged:
    """Hits, misses and false alarms by pattern, and where and when the hits were placed.

    `onset_error`: pattern -> distance from the true onset as a share of the run; `delay`: pattern -> from the onset
    to the step at which it was known, likewise.  `sure`: confidence and whether it was right, one pair for each
    finding that leads, notes included; `sure_cause`: the same of the first cause of a run whose fault was found.
    `early`: for onset-type hits, whether they were known before the end of the log.
    """

    run: Stored
    answer: Answer
    hits: frozenset[str]
    misses: frozenset[str]
    falses: frozenset[str]
    onset_error: dict[str, float]
    delay: dict[str, float]
    sure: tuple[tuple[float, bool], ...]
    early: tuple[bool, ...]
    sure_cause: tuple[tuple[float, bool], ...] = ()

    @property
    def rightly(self) -> bool:
        """Whether something was told that must or may be."""
        return any(was_right for _, was_right in self.sure)

    @property
    def right(self) -> bool:
        """Nothing missed and nothing invented."""
        return not self.misses and not self.falses


def judge(run: Stored, answer: Answer) -> Judged:
    """A `may` is free, a finding that another explains counts only where it helps."""
    must = {SAME.get(name, name) for name in run.truth.must}
    may = {SAME.get(name, name) for name in run.truth.may} - must
    said = {one.pattern for one in answer.findings if one.leads}
    helped = {one.pattern for one in answer.findings if not one.leads} & must
    hits = must & (said | helped)
    span = max(1, answer.last_step - answer.first_step)
    errors, delays, early = {}, {}, []
    for name in hits & set(run.truth.onset):
        found = [one for one in answer.findings if one.pattern == name]
        errors[name] = _distance(found, run.truth.onset[name]) / span
        first = min(found, key=lambda one: one.detected)
        delays[name] = (first.detected - run.truth.onset[name][0]) / span
        early.append(first.detected < answer.last_step)
    sure = tuple((one.confidence, one.pattern in must | may) for one in answer.findings if one.leads)
    falses = said - must - may
    if answer.error:
        falses = falses | {"(error)"}
    return Judged(
        run,
        answer,
        frozenset(hits),
        frozenset(must - hits),
        frozenset(falses),
        errors,
        delays,
        sure,
        tuple(early),
        _first_cause(run, answer) if hits else (),
    )


def _first_cause(run: Stored, answer: Answer) -> tuple[tuple[float, bool], ...]:
    """Look-alikes are wrong here: that the log cannot tell them apart is what a probability is for."""
    if not run.truth.causes or not answer.causes:
        return ()
    return ((answer.cause_probability, answer.causes[0] in run.truth.causes),)


def _distance(found: list[Said], wanted: tuple[int, ...]) -> float:
    """The median distance from each wanted step to the nearest that was said."""
    told: list[int] = []
    for one in found:
        told += one.steps if 0 < len(one.steps) <= 4 * len(wanted) + 4 else (one.onset,)
    return median(min(abs(step - want) for step in told) for want in wanted)
