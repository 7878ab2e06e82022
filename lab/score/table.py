"""The score as text."""

from collections.abc import Iterator, Sequence

from lab.score.figures import alarms, by_pattern, calibration, causes, macro_f1, micro_f1, wilson
from lab.score.judge import Judged


def lines(judged: Sequence[Judged]) -> Iterator[str]:
    """The whole score, line by line."""
    scores = by_pattern(judged)
    yield f"{'pattern':22} {'n':>4} {'precision':>17} {'recall':>17} {'F1':>6} {'onset':>7} {'delay':>7}"
    for one in scores:
        yield (
            f"{one.pattern:22} {one.tp + one.fn:4} {_share(one.tp, one.tp + one.fp)} {_share(one.tp, one.tp + one.fn)} "
            f"{one.f1:6.3f} {_percent(one.onset_error)} {_percent(one.delay)}"
        )
    right = sum(one.right for one in judged)
    yield f"runs {len(judged)}, wholly right {right} ({right / max(1, len(judged)):.1%})"
    yield f"F1 micro {micro_f1(scores):.3f}, macro {macro_f1(scores):.3f}"
    for kind in ("healthy", "benign"):
        told = alarms(judged, kind)
        yield f"false alarms on {kind} runs {told.alarmed}/{told.runs}, {told.per_million:.2f} per 10^6 points"
    for kind in ("fault", "benign"):
        cause = causes(judged, kind)
        yield (
            f"causes of {kind} runs ({cause.n}): top-1 {cause.top1:.3f}, top-3 {cause.top3:.3f} "
            f"(strict {cause.strict1:.3f}, {cause.strict3:.3f})"
        )
    early = [known for one in judged for known in one.early]
    yield f"known before the end of the log: {sum(early)}/{len(early)}"
    n, error, brier = calibration(judged)
    yield f"confidence of {n} findings: ECE {error:.3f}, Brier {brier:.3f}"


def wrong(judged: Sequence[Judged]) -> Iterator[str]:
    """One line for each run that was not answered wholly right."""
    for one in judged:
        if not one.right:
            names = one.run.truth.must, one.misses, one.falses
            must, missed, falses = (",".join(sorted(some)) or "-" for some in names)
            yield f"{one.run.id:48} must {must:28} missed {missed:24} false {falses} {one.answer.error}"


def _share(part: int, whole: int) -> str:
    low, high = wilson(part, whole)
    return f"{part / whole if whole else float('nan'):5.2f} [{low:.2f}-{high:.2f}]"


def _percent(value: float) -> str:
    return f"{value:7.2%}" if value == value else "      -"
