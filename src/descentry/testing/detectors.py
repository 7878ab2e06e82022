"""The laws of detectors, as checks that raise LawBroken: call `check_detector` on your own.

    from descentry.testing.detectors import check_detector
    def test_mine_keeps_the_laws() -> None:
        check_detector(Mine())

Each law is a function of its own, on the curves of `battery` unless others are given.
"""

import copy
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Any

from descentry.patterns.protocol import Detector, PointDetector, Points, View
from descentry.record.chunk import Chunk
from descentry.record.finding import Severity
from descentry.signal.summary import Summary
from descentry.sources.roles import resolve
from descentry.testing.battery import battery
from descentry.testing.curves import healthy
from descentry.testing.noise import NOISES
from descentry.testing.scales import scale_problems, stride_problems
from descentry.testing.transforms import pieces, random_cuts, scaled, singles, strided
from descentry.testing.verdicts import Said, demand, differences, said, said_with_breaks

Curves = Mapping[str, Chunk]
FACTORS = (1e-3, 7.5, 1e3)
STRIDE = 10


def check_detector(detector: Detector, saved: Callable[[Any], Any] = copy.deepcopy) -> None:
    """All laws that take seconds.  `saved` stores and restores a state: pass a round trip of your own pickle.

    Left out: `check_memory` and the long curves of `check_silence`.  Raises LawBroken.
    """
    curves = battery()
    check_chunking(detector, curves)
    check_forms(detector, curves)
    check_saving(detector, curves, saved)
    check_scale(detector, curves)
    check_stride(detector, curves)
    check_silence(detector, (1_000, 10_000))


def check_chunking(detector: Detector, curves: Curves | None = None, n_cuttings: int = 3) -> None:
    """Any chunking gives the findings of one pass: row by row, and at random cuts."""
    for name, chunk in (curves or battery()).items():
        whole = said([detector], [chunk])
        demand("row by row is as one pass", name, differences(whole, said([detector], singles(chunk))))
        for seed in range(n_cuttings):
            cuts = random_cuts(chunk.n_rows, 4 + 8 * seed, seed)
            parts = said([detector], pieces(chunk, cuts))
            demand(f"cut at {cuts} is as one pass", name, differences(whole, parts))


def check_forms(detector: Detector, curves: Curves | None = None) -> None:
    """The scalar and the vector form leave states that say the same; shape detectors have one form."""
    if not isinstance(detector, PointDetector):
        return
    for name, chunk in (curves or battery()).items():
        roles = resolve(list(chunk.columns))
        for curve, (rows, values) in chunk.columns.items():
            role = roles[curve]
            if role is not None and role in detector.roles:
                points = Points(curve, role, chunk.steps[rows], values)
                problems = _form_problems(detector, points)
                demand("scalar and vector form agree", f"{name}, {curve}", problems)


def _form_problems(detector: PointDetector, points: Points) -> list[str]:
    one, many = (detector.init(points.curve, points.role) for _ in range(2))
    summary = Summary()
    summary.extend(points.steps, points.values)
    view = View(
        {points.curve: summary.shape()}, {points.role: points.curve}, int(points.steps[-1]), ended=True
    )
    news = [
        detector.update_one(one, step, value)
        for step, value in zip(points.steps.tolist(), points.values.tolist(), strict=True)
    ]
    told = detector.update(many, points)
    problems = differences(detector.current(one, view), detector.current(many, view))
    if any(news) != told:
        problems.append(f"the scalar form has news: {any(news)}, the vector form: {told}")
    return problems


def check_saving(
    detector: Detector, curves: Curves | None = None, saved: Callable[[Any], Any] = copy.deepcopy
) -> None:
    """A state that is stored and restored on the way ends as one that was not."""
    for name, chunk in (curves or battery()).items():
        cuts = random_cuts(chunk.n_rows, 4, seed=11)
        broken = said_with_breaks([detector], pieces(chunk, cuts), saved)
        demand("a restored state goes on as before", name, differences(said([detector], [chunk]), broken))


def check_scale(detector: Detector, curves: Curves | None = None, factors: Iterable[float] = FACTORS) -> None:
    """Losses times a constant give the same patterns at the same steps, and statements in the new unit.

    A detector that knows how large a loss should be says so by `in_nats = True`, and is not asked.
    """
    if getattr(detector, "in_nats", False):
        return
    for name, chunk in (curves or battery()).items():
        plain = said([detector], [chunk])
        for factor in factors:
            problems = scale_problems(plain, said([detector], [scaled(chunk, factor)]), factor)
            demand(f"losses times {factor:g} say the same", name, problems)


def check_stride(detector: Detector, curves: Curves | None = None, factor: int = STRIDE) -> None:
    """Steps times a constant give the same findings, their steps times that constant."""
    for name, chunk in (curves or battery()).items():
        plain = said([detector], [chunk])
        other = said([detector], [strided(chunk, factor)])
        demand(f"steps times {factor} say the same", name, stride_problems(plain, other, factor))


def check_silence(
    detector: Detector,
    lengths: Iterable[int] = (1_000, 10_000, 100_000),
    seeds: Iterable[int] = (0, 1),
    sigma: float = 0.05,
    allowed_share: float = 0.0,
) -> None:
    """No warning on healthy runs, whatever their noise and however long they are.

    `allowed_share`: the share of the runs that may be alarmed at.  Noise this strong and this many seeds
    bring a false alarm now and then.
    """
    runs, alarms = 0, []
    for length, seed, name in product(lengths, seeds, NOISES):
        chunk = healthy(length, seed=seed, noise=NOISES[name], sigma=sigma)
        loud = _loud(said([detector], [chunk]))
        runs += 1
        alarms += [f"{name} noise, {length} points, seed {seed}: {loud[0]}"] if loud else []
    if len(alarms) > allowed_share * runs:
        demand("a healthy run stays silent", f"{len(alarms)} of {runs} runs", alarms)


def _loud(findings: Said) -> list[str]:
    return [one.statement for one in findings if one.severity.rank >= Severity.WARNING.rank]
