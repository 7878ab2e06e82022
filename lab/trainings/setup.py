"""From a fault at a severity to a run with its truth."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random

import torch

from lab.case import Case, Kind, Made, Series, Severity, Truth
from lab.trainings import recipe as schedules
from lab.trainings.classifier import CloudTask
from lab.trainings.fault import Hook
from lab.trainings.gpt import TextTask
from lab.trainings.loop import Loop
from lab.trainings.modular import AdditionTask
from lab.trainings.oracle import Beside, truth
from lab.trainings.policy import PolicyTask
from lab.trainings.recipe import Recipe
from lab.trainings.regression import RegressionTask
from lab.trainings.task import Task
from lab.trainings.two_heads import TwoHeadTask

TASKS: Mapping[str, Callable[..., Task]] = {
    "gpt": TextTask,
    "clouds": CloudTask,
    "addition": AdditionTask,
    "policy": PolicyTask,
    "heads": TwoHeadTask,
    "regression": RegressionTask,
}
SEVERITIES: tuple[Severity, ...] = ("mild", "medium", "strong")


@dataclass(frozen=True, slots=True)
class Setup:
    """One training to be made.

    `options` and `recipe` are those of the faulty run, `plain` and `usual` those of its twin.  `expected`:
    pattern -> onset step, to be judged beside the twin; `always`: so by construction; `may`: arguable.
    `quiet_look_alikes`: what cannot be told apart once the series in `recipe.quiet` are not logged.
    """

    recipe: Recipe
    usual: Recipe
    hooks: tuple[Hook, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)
    plain: Mapping[str, object] = field(default_factory=dict)
    at: int = 0
    expected: Mapping[str, int] = field(default_factory=dict)
    always: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    look_alikes: frozenset[str] = frozenset()
    causes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault and how to put it into a training: `setup(usual recipe, level 0 to 2, seed)`."""

    family: str
    id: str
    kind: Kind
    setup: Callable[[Recipe, int, int], Setup]
    levels: tuple[int, ...] = (0, 1, 2)

    def cases(self, n_seeds: int) -> list[Case]:
        """One case a level and seed."""
        return [
            Case(self.family, self.id, self.kind, _word(self, level), seed, _Maker(self, level, seed))
            for level in self.levels
            for seed in range(n_seeds)
        ]


def _word(fault: Fault, level: int) -> Severity:
    return (
        SEVERITIES[level]
        if fault.kind == "fault"
        else "none"
        if len(fault.levels) == 1
        else SEVERITIES[level]
    )


@dataclass(frozen=True, slots=True)
class _Maker:
    fault: Fault
    level: int
    seed: int

    def __call__(self) -> Made:
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)
        setup = self.setup()
        task = TASKS[self.fault.family](self.seed, **setup.options)
        series = Loop(task, setup.recipe, self.seed, setup.hooks).run()
        twin = _all_series(self, setup) if setup.expected else {}
        run = _unquiet(self, setup, series)
        told, config = self.judged(run, twin)
        return Made(series, told, config, {"run": run, "twin": twin} if setup.expected else {})

    def setup(self) -> Setup:
        """What is to be trained."""
        return self.fault.setup(everyday(self.fault.family, self.seed), self.level, self.seed)

    def judged(
        self, run: Mapping[str, Series], twin: Mapping[str, Series]
    ) -> tuple[Truth, Mapping[str, object]]:
        """The truth about the run with all its series, and the settings it logs."""
        setup = self.setup()
        task = TASKS[self.fault.family](self.seed, **setup.options)
        causes = (self.fault.id,) if setup.causes is None else setup.causes
        beside = Beside(run, twin, setup.at, task.uniform)
        told = truth(beside, setup.expected, setup.always, setup.may, causes, setup.look_alikes)
        config = {"vocab_size": task.n_classes} if self.seed % 2 and task.n_classes > 1 else {}
        if not config:
            # Without the number of classes no one knows where it should have started, nor how hard the task is.
            unknown = told.must & {"bad_init", "too_good"}
            told = replace(told, must=told.must - unknown, may=told.may | unknown)
        return told, config


def rejudged(case: Case, beside: Mapping[str, Mapping[str, Series]]) -> Truth:
    """The truth about a trained case as the oracle sees it now."""
    assert isinstance(case.make, _Maker), case.id
    return case.make.judged(beside["run"], beside["twin"])[0]


def _unquiet(maker: _Maker, setup: Setup, series: Mapping[str, Series]) -> Mapping[str, Series]:
    """The run with all its series, for the oracle: what is not logged is known here."""
    if not setup.recipe.quiet:
        return series
    task = TASKS[maker.fault.family](maker.seed, **setup.options)
    open_recipe = setup.recipe.changed(quiet=frozenset())
    return Loop(task, open_recipe, maker.seed, maker.setup().hooks).run()


def _all_series(maker: _Maker, setup: Setup) -> Mapping[str, Series]:
    return _twin(maker.fault.family, maker.seed, setup.usual, tuple(sorted(setup.plain.items())))


@cache
def _twin(
    family: str, seed: int, recipe: Recipe, plain: tuple[tuple[str, object], ...]
) -> Mapping[str, Series]:
    task = TASKS[family](seed, **dict(plain))
    return Loop(task, recipe.changed(quiet=frozenset()), seed).run()


def everyday(family: str, seed: int) -> Recipe:
    """A sound recipe: families differ, and seeds differ in length, batch, rate and schedule."""
    random = Random(f"{family}/{seed}")
    factor = random.choice([0.6, 0.8, 1.0, 1.25])
    shape = random.choice([schedules.cosine, schedules.linear, schedules.constant, schedules.stable_decay])
    if family == "gpt":
        return Recipe(
            n_steps=random.choice([500, 700, 900]), batch=random.choice([12, 16, 24]), rate=3e-3 * factor,
            schedule=shape, warmup=40, eval_every=random.choice([10, 20, 30]), n_eval=4,
        )  # fmt: skip
    if family == "clouds":
        return Recipe(
            n_steps=random.choice([1500, 2500, 4000]), batch=random.choice([32, 64]), rate=1e-3 * factor,
            schedule=shape, warmup=50, eval_every=random.choice([25, 50, 100]), n_eval=64,
        )  # fmt: skip
    if family == "addition":
        return Recipe(
            n_steps=random.choice([2000, 3000]), rate=1e-2 * factor, schedule=schedules.constant, warmup=10,
            clip=None, decay=0.1, eval_every=25,
        )  # fmt: skip
    if family == "regression":
        return Recipe(
            n_steps=random.choice([4000, 6000]), rate=1.5e-3 * factor, schedule=schedules.constant, warmup=0,
            clip=None, optimizer="sgd", decay=0.0, eval_every=10,
        )  # fmt: skip
    if family == "policy":
        return Recipe(
            n_steps=random.choice([1200, 2000]), batch=128, rate=1e-2 * factor, schedule=schedules.constant,
            warmup=10, decay=0.0, eval_every=25,
        )  # fmt: skip
    return Recipe(
        n_steps=random.choice([1500, 2500]), batch=random.choice([32, 64]), rate=1e-3 * factor, schedule=shape,
        warmup=50, eval_every=50, n_eval=32,
    )  # fmt: skip
