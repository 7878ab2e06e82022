"""Whether a verdict follows the units of its log: numbers that scale with the losses, steps with the steps."""

import re

from descentry.record.finding import Finding
from descentry.testing.verdicts import Said, ordered, same

_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


def scale_problems(plain: Said, other: Said, factor: float) -> list[str]:
    """What differs beside the unit between findings on a curve and on `factor` times it, one sentence each."""
    problems = _named_alike(plain, other)
    for a, b in zip(ordered(plain), ordered(other), strict=not problems):
        if _steps(a, 1) != _steps(b, 1):
            problems.append(f"{a.pattern}: steps {_steps(a, 1)} against {_steps(b, 1)}")
        if not _statement_scales(a.statement, b.statement, factor):
            problems.append(f"{a.statement!r} against {b.statement!r}")
    return problems


def stride_problems(plain: Said, other: Said, factor: int) -> list[str]:
    """What differs beside the stride between findings on a curve and on the same with steps times `factor`."""
    problems = _named_alike(plain, other)
    for a, b in zip(ordered(plain), ordered(other), strict=not problems):
        if _steps(a, factor) != _steps(b, 1):
            problems.append(f"{a.pattern}: steps {_steps(a, factor)} against {_steps(b, 1)}")
        problems += [
            f"{a.pattern}.{key}: {value} against {b.facts.get(key)}"
            for key, value in a.facts.items()
            if not same(value, b.facts.get(key), 1e-6)
        ]
    return problems


def _named_alike(plain: Said, other: Said) -> list[str]:
    names = [[(one.pattern, one.severity.value) for one in ordered(side)] for side in (plain, other)]
    return [] if names[0] == names[1] else [f"{names[0]} against {names[1]}"]


def _steps(finding: Finding, factor: int) -> tuple[int | None, ...]:
    """Every step that a finding names, times `factor`."""
    ends = (finding.end_step, finding.resolved_at_step)
    known = (finding.onset_step, finding.detected_at_step, *finding.steps)
    return (*(None if end is None else end * factor for end in ends), *(step * factor for step in known))


def _statement_scales(a: str, b: str, factor: float) -> bool:
    """Whether each number of `b` is that of `a`, as it is or times `factor`, as far as its digits tell."""
    left, right = _NUMBER.findall(a), _NUMBER.findall(b)
    return len(left) == len(right) and all(
        _agree(x, y, 1.0) or _agree(x, y, factor) for x, y in zip(left, right, strict=True)
    )


def _agree(x: str, y: str, factor: float) -> bool:
    slack = factor * _last_place(x) + _last_place(y)
    return abs(factor * float(x) - float(y)) <= 0.51 * slack + 1e-12 * abs(float(y))


def _last_place(text: str) -> float:
    """What one unit of the last digit is worth."""
    digits, _, power = text.partition("e")
    decimals = len(digits.partition(".")[2])
    return float(10.0 ** (int(power or 0) - decimals))
