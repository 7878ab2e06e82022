"""Figures over many judged runs."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lab.score.judge import Judged

Z = 1.96


@dataclass(frozen=True, slots=True)
class PatternScore:
    """Precision and recall with their 95 % intervals (Wilson), F1, median onset error and delay."""

    pattern: str
    tp: int
    fp: int
    fn: int
    onset_error: float
    delay: float

    @property
    def precision(self) -> float:
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else math.nan

    @property
    def recall(self) -> float:
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else math.nan

    @property
    def f1(self) -> float:
        return 2 * self.tp / (2 * self.tp + self.fp + self.fn)


def by_pattern(judged: Sequence[Judged]) -> list[PatternScore]:
    """One score a pattern, most frequent first."""
    hits: Counter[str] = Counter()
    falses: Counter[str] = Counter()
    misses: Counter[str] = Counter()
    for one in judged:
        hits.update(one.hits)
        falses.update(one.falses)
        misses.update(one.misses)
    scores = [
        PatternScore(
            name, hits[name], falses[name], misses[name],
            _median(one.onset_error[name] for one in judged if name in one.onset_error),
            _median(one.delay[name] for one in judged if name in one.delay),
        )
        for name in sorted(set(hits) | set(falses) | set(misses))
    ]  # fmt: skip
    return sorted(scores, key=lambda score: -(score.tp + score.fn))


def micro_f1(scores: Sequence[PatternScore]) -> float:
    """F1 over all answers together."""
    tp, wrong = sum(s.tp for s in scores), sum(s.fp + s.fn for s in scores)
    return 2 * tp / max(1, 2 * tp + wrong)


def macro_f1(scores: Sequence[PatternScore], least: int = 3) -> float:
    """The mean F1 of the patterns that occur at least `least` times."""
    kept = [score.f1 for score in scores if score.tp + score.fn >= least]
    return sum(kept) / len(kept) if kept else math.nan


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927), 0 … 1; the whole range for nothing."""
    if not whole:
        return 0.0, 1.0
    share, z = part / whole, Z * Z / whole
    middle = (share + z / 2) / (1 + z)
    half = Z * math.sqrt(share * (1 - share) / whole + z / (4 * whole)) / (1 + z)
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class CauseScore:
    """How often the true cause stands first or among the first three, of those runs whose fault shows."""

    n: int
    top1: float
    top3: float
    strict1: float
    strict3: float


def causes(judged: Sequence[Judged], kind: str = "fault") -> CauseScore:
    """Strict, and counting the look-alikes that the log cannot tell from the true cause.

    A faulty run is asked where its fault was found, a benign one where something was told that may be.
    """
    asked = [
        one
        for one in judged
        if one.run.kind == kind and one.run.truth.causes and (one.hits if kind == "fault" else one.rightly)
    ]
    if not asked:
        return CauseScore(0, math.nan, math.nan, math.nan, math.nan)

    def share(k: int, lenient: bool) -> float:
        right = 0
        for one in asked:
            true = set(one.run.truth.causes) | (one.run.truth.look_alikes if lenient else set())
            right += bool(true & set(one.answer.causes[:k]))
        return right / len(asked)

    return CauseScore(len(asked), share(1, True), share(3, True), share(1, False), share(3, False))


@dataclass(frozen=True, slots=True)
class Alarms:
    """Loud answers on runs where nothing is wrong.

    `points`: logged points of the loss; `steps`: steps of training, of which a log may keep every tenth.
    """

    runs: int
    alarmed: int
    points: int
    steps: int
    alarms: int

    @property
    def per_million(self) -> float:
        """False alarms per 10^6 logged points."""
        return 1e6 * self.alarms / max(1, self.points)

    @property
    def per_million_steps(self) -> float:
        """False alarms per 10^6 steps of training."""
        return 1e6 * self.alarms / max(1, self.steps)


def alarms(judged: Iterable[Judged], kind: str) -> Alarms:
    """What healthy or benign runs were accused of beyond what is arguable."""
    asked = [one for one in judged if one.run.kind == kind]
    wrong = [one.answer.loud & one.falses for one in asked]
    return Alarms(
        len(asked),
        sum(bool(names) for names in wrong),
        sum(one.answer.n_points for one in asked),
        sum(one.answer.last_step - one.answer.first_step for one in asked),
        sum(len(names) for names in wrong),
    )


@dataclass(frozen=True, slots=True)
class Trust:
    """How far what was said can be taken at its word: expected calibration error and Brier score of `n` answers."""

    n: int
    error: float
    brier: float


def calibration(pairs: Sequence[tuple[float, bool]], n_bins: int = 10) -> Trust:
    """Over `n_bins` equal bins of what was said (Naeini et al. 2015); NaN of nothing."""
    if not pairs:
        return Trust(0, math.nan, math.nan)
    said, right = np.array(pairs, float).T
    bins = np.minimum((said * n_bins).astype(int), n_bins - 1)
    error = sum(
        abs(said[bins == k].mean() - right[bins == k].mean()) * (bins == k).mean() for k in np.unique(bins)
    )
    return Trust(len(pairs), float(error), float(((said - right) ** 2).mean()))


def _median(values: Iterable[float]) -> float:
    found = sorted(values)
    return float(np.median(found)) if found else math.nan
