"""What the causes rest on: the measured facts of each finding, laid beside the truth."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from descentry.diagnosis.diagnose import expected, report
from descentry.diagnosis.facts import measure
from descentry.sources.places.targets import all_logs
from descentry.stream.drive import run as read
from lab.store import Stored

LEAST = 3
"""Findings of a cause below which its shares say nothing."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A leading finding of a run with its facts, the causes that were said of it, and its probability."""

    run: Stored
    pattern: str
    facts: Mapping[str, float]
    said: tuple[tuple[str, float], ...]


def weigh(run: Stored) -> list[Weighed]:
    """The leading findings of one run."""
    log = next(iter(all_logs(str(run.path))))
    outcome = read(log.chunks())
    told = report(outcome, log.run, log.format, log.place)
    start = expected(outcome)
    found = []
    for index, finding in enumerate(outcome.findings):
        if finding.explained_by is None:
            said = [(cause.cause, cause.probability) for cause in told.causes if index in cause.findings]
            found.append(
                Weighed(
                    run,
                    finding.pattern,
                    measure(finding, outcome, start),
                    tuple(sorted(said, key=lambda s: -s[1])),
                )
            )
    return found


def wrong_causes(weighed: Sequence[Weighed]) -> Iterator[str]:
    """One block for each finding of a faulty run whose likeliest cause is not the true one: said, true, facts."""
    for one in weighed:
        truth = one.run.truth
        true = set(truth.causes) | truth.look_alikes
        if (
            not truth.causes
            or one.pattern not in truth.must | truth.may
            or (one.said and one.said[0][0] in true)
        ):
            continue
        said = ", ".join(f"{name} {share:.2f}" for name, share in one.said[:4])
        facts = "  ".join(f"{name}={value:.3g}" for name, value in sorted(one.facts.items()))
        yield f"{one.run.id} {one.pattern}: true {', '.join(truth.causes)}; said {said}\n    {facts}"


def fact_table(weighed: Sequence[Weighed], pattern: str) -> Iterator[str]:
    """For one pattern: the median of each fact under each true cause, and in how many findings it is known.

    A test's factor is P(condition | cause) / P(condition | the other causes): read both off this table.
    """
    by_cause: dict[str, list[Mapping[str, float]]] = defaultdict(list)
    for one in weighed:
        if one.pattern == pattern and one.run.truth.causes:
            by_cause[one.run.truth.causes[0]].append(one.facts)
    names = Counter(name for facts in by_cause.values() for each in facts for name in each)
    for cause, facts in sorted(by_cause.items()):
        if len(facts) < LEAST:
            continue
        yield f"{pattern} | {cause}: {len(facts)} findings"
        for name in sorted(names):
            values = sorted(each[name] for each in facts if name in each)
            if values and len({round(value, 6) for value in values}) >= 1:
                low, middle, high = (values[int(share * (len(values) - 1))] for share in (0.1, 0.5, 0.9))
                yield f"    {name:28} {len(values):3} known   {low:10.3g} {middle:10.3g} {high:10.3g}"
