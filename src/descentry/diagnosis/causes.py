"""Ranks the causes of the findings by the evidence for and against, as the catalogue weighs it."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from descentry.diagnosis.catalogue import Catalogue, CauseEntry, CauseTest
from descentry.diagnosis.confidence import PLAIN, Calibration
from descentry.record.finding import Finding, Severity
from descentry.record.report import Cause, Remedy

UNKNOWN_SHARE = 0.12
"""Weight of a cause that the catalogue does not know, as a share of all priors: certainty is never full."""
LEAST = 0.05
"""Causes less likely than this are left out; the likeliest is always told."""
N_MOST = 4
"""Causes told for one finding."""
MOST_FACTOR = 1000.0
"""All evidence together moves a cause by no more than this, either way."""
SURE = 0.8
"""A cause likelier than this needs no further test."""

WEIGHTS = (0.2, 0.3, 0.85, 1.0)
"""How much a cause of a finding counts in the order, by the finding's rank: ok, info, warning, critical."""
MOST_SURE = 0.99
"""No cause is surer than this: the catalogue does not know them all."""

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Weighed:
    entry: CauseEntry
    weight: float
    evidence_for: tuple[str, ...]
    evidence_against: tuple[str, ...]


def holds(test: CauseTest, pattern: str, facts: Mapping[str, float]) -> bool:
    """Whether a test speaks for this pattern and all its conditions are known and true."""
    if test.patterns and pattern not in test.patterns:
        return False
    return all(
        condition.fact in facts and _COMPARE[condition.operator](facts[condition.fact], condition.value)
        for condition in test.conditions
    )


def rank(
    findings: Sequence[Finding],
    facts: Sequence[Mapping[str, float]],
    catalogue: Catalogue,
    calibration: Calibration = PLAIN,
) -> tuple[Cause, ...]:
    """The causes of the findings that lead, the one that best explains the gravest of them first.

    `facts` holds the measured facts of each finding; `calibration` says what a probability is worth.  A cause
    that explains several findings is told once, and is likelier for it: the trouble of a run mostly has one root.
    """
    ranked: dict[str, Cause] = {}
    for index, finding in enumerate(findings):
        if finding.explained_by is not None:
            continue
        for cause in _of_one(index, finding, facts[index], catalogue, calibration):
            known = ranked.get(cause.cause)
            ranked[cause.cause] = cause if known is None else _joined(known, cause)
    return tuple(sorted(ranked.values(), key=lambda cause: -_standing(cause, findings)))


def _standing(cause: Cause, findings: Sequence[Finding]) -> float:
    """Probability, weighed by how grave the gravest finding behind it is: what only informs does not come first."""
    gravest = max(findings[index].severity.rank for index in cause.findings)
    return cause.probability * WEIGHTS[gravest]


def _of_one(
    index: int, finding: Finding, facts: Mapping[str, float], catalogue: Catalogue, calibration: Calibration
) -> list[Cause]:
    weighed = [_weigh(entry, finding.pattern, facts) for entry in catalogue.causes_of(finding.pattern)]
    if not weighed:
        return []
    priors = sum(one.entry.explains[finding.pattern] for one in weighed)
    total = sum(one.weight for one in weighed) + UNKNOWN_SHARE * priors
    weighed.sort(key=lambda one: -one.weight)
    told = [one for k, one in enumerate(weighed[:N_MOST]) if k == 0 or one.weight / total >= LEAST]
    shares = calibration.causes([one.weight / total for one in told])
    return [_cause(index, finding, one, share, catalogue) for one, share in zip(told, shares, strict=True)]


def _weigh(entry: CauseEntry, pattern: str, facts: Mapping[str, float]) -> _Weighed:
    """Prior times the likelihood ratios of the tests that hold (naive Bayes)."""
    factor = 1.0
    supports: list[str] = []
    objects: list[str] = []
    for test in entry.tests:
        if holds(test, pattern, facts):
            factor *= test.factor
            (supports if test.factor > 1 else objects).append(test.sentence(facts))
    factor = min(max(factor, 1.0 / MOST_FACTOR), MOST_FACTOR)
    return _Weighed(entry, entry.explains[pattern] * factor, tuple(supports), tuple(objects))


def _cause(index: int, finding: Finding, one: _Weighed, probability: float, catalogue: Catalogue) -> Cause:
    entry = one.entry
    remedies = []
    # What only informs asks for nothing to be mended.
    asks = finding.severity.rank >= Severity.WARNING.rank
    for name in entry.remedies_for(finding.pattern) if asks else ():
        known = catalogue.remedies[name]
        remedies.append(Remedy(known.id, known.action, known.why, known.source))
    return Cause(
        cause=entry.id,
        title=entry.title,
        probability=probability,
        findings=(index,),
        evidence_for=one.evidence_for,
        evidence_against=one.evidence_against,
        next_test=entry.next_test if probability < SURE and not entry.benign else None,
        remedies=tuple(remedies),
    )


def _joined(known: Cause, other: Cause) -> Cause:
    """One cause behind two findings: the evidence of both.

    That neither has it for its cause is as likely as both doubts together (noisy or).
    """
    lead = known if known.probability >= other.probability else other
    either = 1.0 - (1.0 - known.probability) * (1.0 - other.probability)
    return Cause(
        cause=known.cause,
        title=known.title,
        probability=max(lead.probability, min(either, MOST_SURE)),
        findings=known.findings + other.findings,
        evidence_for=tuple(dict.fromkeys(known.evidence_for + other.evidence_for)),
        evidence_against=tuple(dict.fromkeys(known.evidence_against + other.evidence_against)),
        next_test=lead.next_test,
        remedies=tuple({r.remedy: r for r in known.remedies + other.remedies}.values()),
    )
