"""What detectors say about a made log, and in what two verdicts differ."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from descentry.patterns.protocol import Detector
from descentry.record.chunk import Chunk
from descentry.record.finding import Finding
from descentry.stream.drive import Stream

RELATIVE = 1e-9
"""Floats of the scalar and the vector form may differ by this much: sums are taken in another order."""
_EXACT = (
    "pattern", "severity", "curve", "onset_step", "end_step", "detected_at_step", "resolved_at_step", "steps",
    "statement",
)  # fmt: skip

Said = tuple[Finding, ...]


class LawBroken(AssertionError):
    """A detector or a reader breaks a law of the contract; the message names law, input and difference."""


def said(detectors: Sequence[Detector], parts: Iterable[Chunk]) -> Said:
    """The findings at the end of a log that comes in these parts."""
    stream = Stream(detectors)
    for part in parts:
        stream.feed(part)
    return stream.end().findings


def said_with_breaks(
    detectors: Sequence[Detector], parts: Iterable[Chunk], saved: Callable[[Any], Any]
) -> Said:
    """The same, the whole state being put through `saved` after every part."""
    stream = Stream(detectors)
    for part in parts:
        stream.feed(part)
        stream = saved(stream)
    return stream.end().findings


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """The findings by pattern, curve and onset, so that two lists can be laid side by side."""
    return sorted(findings, key=lambda one: (one.pattern, one.curve, one.onset_step))


def differences(one: Iterable[Finding], other: Iterable[Finding]) -> list[str]:
    """One sentence per difference; empty when both say the same, floats to RELATIVE."""
    left, right = ordered(one), ordered(other)
    names = [[finding.pattern for finding in side] for side in (left, right)]
    if names[0] != names[1]:
        return [f"{names[0]} against {names[1]}"]
    return [text for a, b in zip(left, right, strict=True) for text in _between(a, b)]


def _between(a: Finding, b: Finding) -> list[str]:
    texts = [
        f"{a.pattern}.{name}: {getattr(a, name)!r} against {getattr(b, name)!r}"
        for name in _EXACT
        if getattr(a, name) != getattr(b, name)
    ]
    if not same(a.confidence, b.confidence):
        texts.append(f"{a.pattern}.confidence: {a.confidence} against {b.confidence}")
    if a.facts.keys() != b.facts.keys() or not all(same(a.facts[key], b.facts[key]) for key in a.facts):
        texts.append(f"{a.pattern}.facts: {dict(a.facts)} against {dict(b.facts)}")
    if not _same_evidence(a, b):
        texts.append(f"{a.pattern}.evidence: {a.evidence} against {b.evidence}")
    return texts


def _same_evidence(a: Finding, b: Finding) -> bool:
    return len(a.evidence) == len(b.evidence) and all(
        (x.statement, x.curve, x.step) == (y.statement, y.curve, y.step)
        and same(x.observed, y.observed)
        and same(x.expected, y.expected)
        for x, y in zip(a.evidence, b.evidence, strict=True)
    )


def same(a: float | None, b: float | None, relative: float = RELATIVE) -> bool:
    """Whether two floats agree; NaN agrees with NaN, None with None."""
    if a is None or b is None:
        return a is b
    return (a != a and b != b) or math.isclose(a, b, rel_tol=relative, abs_tol=1e-300)


def demand(law: str, case: str, problems: Sequence[str]) -> None:
    """Raises LawBroken with the first problems, if there are any."""
    if problems:
        raise LawBroken(f"{law}, on {case}: " + "; ".join(problems[:4]))
