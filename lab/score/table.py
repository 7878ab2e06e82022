"""The score as text and as JSON."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from lab.score.figures import (
    Alarms,
    PatternScore,
    Trust,
    alarms,
    by_pattern,
    calibration,
    causes,
    macro_f1,
    micro_f1,
    wilson,
)
from lab.score.judge import Judged


def lines(judged: Sequence[Judged]) -> Iterator[str]:
    """The whole score, line by line."""
    scores = by_pattern(judged)
    yield f"{'pattern':22} {'n':>4} {'precision':>17} {'recall':>17} {'F1':>6} {'onset':>7} {'delay':>7}"
    yield from map(_row, scores)
    right = sum(one.right for one in judged)
    yield f"runs {len(judged)}, wholly right {right} ({right / max(1, len(judged)):.1%})"
    yield f"F1 micro {micro_f1(scores):.3f}, macro {macro_f1(scores):.3f}"
    for kind in ("healthy", "benign"):
        yield _alarm_line(kind, alarms(judged, kind))
    for kind in ("fault", "benign"):
        cause = causes(judged, kind)
        yield (
            f"causes of {kind} runs ({cause.n}): top-1 {cause.top1:.3f}, top-3 {cause.top3:.3f} "
            f"(strict {cause.strict1:.3f}, {cause.strict3:.3f})"
        )
    early = [known for one in judged for known in one.early]
    yield f"known before the end of the log: {sum(early)}/{len(early)}"
    yield _trust_line("confidence", "findings", _trust(judged))
    yield _trust_line("probability", "first causes", _cause_trust(judged))


def as_dict(judged: Sequence[Judged]) -> dict[str, object]:
    """The whole score in numbers, as strict JSON can hold it: what is not known is None."""
    scores = by_pattern(judged)
    early = [known for one in judged for known in one.early]
    return {
        "runs": len(judged),
        "right": sum(one.right for one in judged),
        "micro_f1": micro_f1(scores),
        "macro_f1": _known(macro_f1(scores)),
        "patterns": {one.pattern: _numbers(one) for one in scores},
        "alarms": {kind: _alarm_numbers(alarms(judged, kind)) for kind in ("healthy", "benign")},
        "causes": {kind: _all_known(asdict(causes(judged, kind))) for kind in ("fault", "benign")},
        "early": {"known": sum(early), "of": len(early)},
        "confidence": _all_known(asdict(_trust(judged))),
        "cause_probability": _all_known(asdict(_cause_trust(judged))),
    }


def wrong(judged: Sequence[Judged]) -> Iterator[str]:
    """One line for each run that was not answered wholly right."""
    for one in judged:
        if not one.right:
            names = one.run.truth.must, one.misses, one.falses
            must, missed, falses = (",".join(sorted(some)) or "-" for some in names)
            yield f"{one.run.id:48} must {must:28} missed {missed:24} false {falses} {one.answer.error}"


def _trust(judged: Sequence[Judged]) -> Trust:
    return calibration([pair for one in judged for pair in one.sure])


def _cause_trust(judged: Sequence[Judged]) -> Trust:
    return calibration([pair for one in judged for pair in one.sure_cause])


def _row(one: PatternScore) -> str:
    return (
        f"{one.pattern:22} {one.tp + one.fn:4} {_share(one.tp, one.tp + one.fp)} {_share(one.tp, one.tp + one.fn)} "
        f"{one.f1:6.3f} {_percent(one.onset_error)} {_percent(one.delay)}"
    )


def _alarm_line(kind: str, told: Alarms) -> str:
    _, high = wilson(told.alarmed, told.runs)
    return (
        f"false alarms on {kind} runs {told.alarmed}/{told.runs} (below {high:.1%}), {told.per_million:.2f} "
        f"per 10^6 points, {told.per_million_steps:.2f} per 10^6 steps"
    )


def _trust_line(what: str, of: str, told: Trust) -> str:
    return f"{what} of {told.n} {of}: ECE {told.error:.3f}, Brier {told.brier:.3f}"


def _numbers(one: PatternScore) -> dict[str, object]:
    return {
        **_all_known(asdict(one)),
        "precision": _known(one.precision),
        "precision_interval": wilson(one.tp, one.tp + one.fp),
        "recall": _known(one.recall),
        "recall_interval": wilson(one.tp, one.tp + one.fn),
        "f1": one.f1,
    }


def _alarm_numbers(told: Alarms) -> dict[str, object]:
    per = {"per_million_points": told.per_million, "per_million_steps": told.per_million_steps}
    return {**asdict(told), **per, "interval": wilson(told.alarmed, told.runs)}


def _all_known(numbers: dict[str, object]) -> dict[str, object]:
    return {name: _known(value) for name, value in numbers.items()}


def _known(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value


def _share(part: int, whole: int) -> str:
    low, high = wilson(part, whole)
    return f"{part / whole if whole else float('nan'):5.2f} [{low:.2f}-{high:.2f}]"


def _percent(value: float) -> str:
    return f"{value:7.2%}" if value == value else "      -"
