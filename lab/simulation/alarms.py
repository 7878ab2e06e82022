"""False alarms of a diagnosis on healthy runs, counted while the runs go on and at their ends."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from descentry.record.finding import Finding, Severity
from descentry.stream.drive import Stream
from lab.score.figures import wilson
from lab.simulation.healthy import chunks, healthy_run
from lab.simulation.signals import with_signals

Job = tuple[int, int, float | None, bool]
"""Number of points, seed, rate of false alarms (None: the default), whether every other signal is logged."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """What one healthy run was accused of: at any moment, and at its end.  `cpu_s`: seconds of the diagnosis."""

    seed: int
    ever: frozenset[str]
    last: frozenset[str]
    cpu_s: float


def simulate(n_points: int, seed: int, rate: float | None, signals: bool = False) -> Simulated:
    """One healthy run, driven as a live one.  Patterns at warning or above that no other explains count."""
    run = with_signals(n_points, seed) if signals else healthy_run(n_points, seed)
    start = time.process_time()
    stream = Stream() if rate is None else Stream(alarm_rate=rate)
    ever: set[str] = set()
    for chunk in chunks(run):
        ever |= {change.finding.pattern for change in stream.feed(chunk) if _is_loud(change.finding)}
    last = {one.pattern for one in stream.end().findings if _is_loud(one) and one.explained_by is None}
    return Simulated(seed, frozenset(ever | last), frozenset(last), time.process_time() - start)


def simulate_job(job: Job) -> Simulated:
    """`simulate` of one argument, for a pool of processes."""
    return simulate(*job)


def all_of(jobs: Sequence[Job]) -> Iterator[Simulated]:
    """The runs one after the other."""
    return map(simulate_job, jobs)


def lines(runs: Sequence[Simulated]) -> Iterator[str]:
    """Alarmed runs with their 95 % intervals, in all and by pattern, and what a run costs."""
    n = len(runs)
    for name, alarmed in (
        ("at the end", [run.last for run in runs]),
        ("at any moment", [run.ever for run in runs]),
    ):
        yield f"{name:24} {_share(sum(map(bool, alarmed)), n)}"
        for pattern, count in Counter(pattern for some in alarmed for pattern in some).most_common():
            seeds = [run.seed for run, some in zip(runs, alarmed, strict=True) if pattern in some]
            yield f"  {pattern:22} {_share(count, n)}  seeds {', '.join(map(str, seeds[:8]))}"
    yield f"{sum(run.cpu_s for run in runs) / max(1, n):.3f} CPU s a run"


def _is_loud(finding: Finding) -> bool:
    return finding.severity.rank >= Severity.WARNING.rank


def _share(part: int, whole: int) -> str:
    low, high = wilson(part, whole)
    return f"{part:5}/{whole} = {part / max(1, whole):.4f} [{low:.4f}-{high:.4f}]"
