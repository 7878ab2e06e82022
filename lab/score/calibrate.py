"""Learns from the fit split what a detector's word is worth, and writes it down for the package."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from descentry.diagnosis.catalogue import load as catalogue
from descentry.diagnosis.causes import rank
from descentry.diagnosis.confidence import PLAIN, Calibration, Curve
from descentry.diagnosis.diagnose import expected
from descentry.diagnosis.facts import measure
from descentry.sources.places.targets import all_logs
from descentry.stream.drive import run as read
from lab.score.answer import SAME
from lab.score.isotonic import fit
from lab.store import Stored

CAUSE_PRIOR = 20.0
"""Causes that the catalogue's own probability is worth: it is one curve for all causes, so it must not jump."""


@dataclass(frozen=True, slots=True)
class Word:
    """What was said before calibration of a leading finding, and whether it was right.

    `cause`: the raw probability of its likeliest cause and whether that is the true one; None where truth knows no
    cause of this finding, as of one that only may be there.
    """

    pattern: str
    said: float
    right: bool
    cause: tuple[float, bool] | None


def words(run: Stored) -> list[Word]:
    """Every leading finding of one run, notes included."""
    outcome = read(next(iter(all_logs(str(run.path)))).chunks())
    start = expected(outcome)
    facts = [measure(finding, outcome, start) for finding in outcome.findings]
    must, possible = folded(run.truth.must), folded(run.truth.must | run.truth.may)
    found = []
    for index, finding in enumerate(outcome.findings):
        if finding.explained_by is not None:
            continue
        name = SAME.get(finding.pattern, finding.pattern)
        told = rank((finding,), (facts[index],), catalogue(), PLAIN)
        knows = name in must and bool(run.truth.causes) and bool(told)
        cause = (told[0].probability, told[0].cause in run.truth.causes) if knows else None
        found.append(Word(finding.pattern, finding.confidence, name in possible, cause))
    return found


def folded(names: Iterable[str]) -> set[str]:
    """The patterns under the names by which they are judged."""
    return {SAME.get(name, name) for name in names}


def learned(said: Sequence[Word]) -> Calibration:
    """A curve for each pattern that was said, and one for causes."""
    by_pattern: dict[str, list[Word]] = defaultdict(list)
    for one in said:
        by_pattern[one.pattern].append(one)
    curves = {
        name: fit([one.said for one in mine], [one.right for one in mine])
        for name, mine in sorted(by_pattern.items())
    }
    causes = [one.cause for one in said if one.cause is not None]
    return Calibration(
        curves, fit([share for share, _ in causes], [right for _, right in causes], CAUSE_PRIOR)
    )


def as_toml(found: Calibration, n_findings: int, n_runs: int) -> Iterator[str]:
    """The data file, line by line."""
    yield "# What a detector's raw confidence is worth: pairs of what was said and the share of such that was right."
    yield f"# Fitted on {n_findings} findings of the {n_runs} runs in the proving ground's fit split by"
    yield "# `python -m lab calibrate`; not to be edited by hand."
    yield "[findings]"
    for name, curve in found.findings.items():
        yield f"{name} = {_places(curve)}"
    yield ""
    yield "[causes]"
    yield f"any = {_places(found.cause)}"


def _places(curve: Curve) -> str:
    pairs = zip(curve.said, curve.shares, strict=True)
    return "[" + ", ".join(f"[{said:g}, {share:g}]" for said, share in pairs) + "]"
