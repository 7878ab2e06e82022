"""How many steps a mixture needs for the loss that drawing alike ends with.

Both curves are smoothed alike, by the mean over the last tenth of the run's evaluations, and both are asked for the
first step at which that mean is at or below the target: the mean over the last tenth of the even run.
"""

import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence

from descentry.steer import Ado, AdoSettings, Odm, OdmSettings, Weigher
from lab.mixture.reached import MOST, Reached
from lab.mixture.train import Domains, Held, Plan, train


def methods(names: Sequence[str], n_steps: int) -> dict[str, Callable[[], Weigher]]:
    """The steerers that are tried."""
    part, warmup = round(0.03 * n_steps), round(0.07 * n_steps)
    paper = AdoSettings(skip=part, warmup=warmup, refit_every=part)
    return {
        "ADO, short": lambda: Ado(names, settings=AdoSettings.short(n_steps, len(names))),
        "ADO, paper": lambda: Ado(names, settings=paper),
        "ODM": lambda: Odm(names, settings=OdmSettings(warmup=round(0.01 * n_steps))),
    }


def compare(name: str, domains: Domains, plan: Plan, seed: int) -> Iterator[Reached]:
    """Trains evenly, then by each method until the target is reached or `MOST` is spent."""
    width = max(1, round(0.1 * plan.n_steps / plan.eval_every))
    even = list(train(domains, plan, seed, None, plan.n_steps))
    target = statistics.fmean(held.mean for held in even[-width:])
    base = first_at(even, width, target)
    for method, make in methods(list(domains), plan.n_steps).items():
        steerer, seen = make(), list[dict[str, float]]()
        course = train(domains, plan, seed, steerer, round(MOST * plan.n_steps))
        step = first_at(_noting(course, steerer, seen), width, target)
        mean = {one: statistics.fmean(weights[one] for weights in seen) for one in domains}
        yield Reached(
            name, method, seed, plan.n_steps, step / base if step < math.inf else None, target, mean
        )


def first_at(course: Iterable[Held], width: int, target: float) -> float:
    """The first step at which the mean of the last `width` evaluations is at most `target`; infinite if none is."""
    last: list[float] = []
    for held in course:
        last = [*last[-(width - 1) :], held.mean] if width > 1 else [held.mean]
        if len(last) == width and statistics.fmean(last) <= target:
            return held.step
    return math.inf


def _noting(course: Iterable[Held], steerer: Weigher, seen: list[dict[str, float]]) -> Iterator[Held]:
    for held in course:
        seen.append(steerer.weights)
        yield held
