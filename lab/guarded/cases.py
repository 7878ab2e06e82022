"""The faults of the closed loop: what is done to a training, and since when.

Faults of the data lie in the batches, by position: passing over them helps.  Faults of the world (`Once`, overflow
that stays) happen whatever the run is rolled back to.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from lab.guarded.loop import GuardedLoop
from lab.trainings.fault import Hook
from lab.trainings.faults_data import Garbage
from lab.trainings.loop import Loop, Row
from lab.trainings.recipe import Recipe, linear
from lab.trainings.setup import everyday

FOREVER = 1_000_000


class Overflow(Hook):
    """The loss of the batches `first` … `last` - 1 is no number, as where an activation passes what float16 holds."""

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last = first, last

    def loss(self, loop: Loop, step: int, loss: Tensor) -> Tensor:
        return loss * float("nan") if self.first <= step < self.last else loss


class Resumed(Hook):
    """At a step, once, the run is stopped and begun again without its optimizer's state, or its schedule's.

    The guard's state is saved and loaded, as that of a checkpoint is.
    """

    def __init__(self, at: int, keeps_optimizer: bool) -> None:
        self.at, self.keeps_optimizer, self.is_done = at, keeps_optimizer, False

    def may_update(self, loop: Loop, step: int, row: Row) -> bool:
        if step == self.at and not self.is_done:
            self.is_done = True
            if self.keeps_optimizer:
                loop.origin = step
            else:
                loop.optimizer.state.clear()
            if isinstance(loop, GuardedLoop):
                loop.resume()
        return True


@dataclass(frozen=True, slots=True)
class Faulty:
    """One faulty training.

    `usual`: the recipe of its healthy twin; `onset`: the step at which the fault begins; `length`: batches it lasts,
    0 where passing over batches is no way out; `reasons`: patterns that would be a right reason to stop.
    """

    id: str
    seed: int
    recipe: Recipe
    usual: Recipe
    hooks: Callable[[], Sequence[Hook]]
    onset: int
    length: int
    reasons: frozenset[str]


Make = Callable[[Recipe, int, int], Faulty]
BLOW_UPS = frozenset({"nan", "nonfinite", "divergence", "spike", "surprise", "exploding_gradient"})


def _name(fault: str, level: int, seed: int) -> str:
    return f"{fault}-{('mild', 'medium', 'strong')[level]}-{seed}"


def _at(usual: Recipe, seed: int) -> int:
    return round((0.35 + 0.1 * (seed % 4)) * usual.n_steps)


def _batches(usual: Recipe, level: int, seed: int) -> Faulty:
    at, length = _at(usual, seed), (1, 4, 12)[level]
    return Faulty(
        _name("corrupted_batches", level, seed), seed, usual, usual, lambda: [Garbage(at, at + length)], at, length,
        BLOW_UPS | {"data_shift"},
    )  # fmt: skip


def _shard(usual: Recipe, level: int, seed: int) -> Faulty:
    at = _at(usual, seed)
    length = (usual.n_steps // 20, usual.n_steps // 8, FOREVER)[level]
    return Faulty(
        _name("bad_shard", level, seed), seed, usual, usual, lambda: [Garbage(at, at + length)], at, length,
        BLOW_UPS | {"data_shift"},
    )  # fmt: skip


def _hot(usual: Recipe, level: int, seed: int) -> Faulty:
    recipe = usual.changed(rate=usual.rate * (12, 40, 150)[level], clip=1.0 if seed % 2 else None)
    return Faulty(
        _name("lr_too_high", level, seed), seed, recipe, usual, list, 0, 0, BLOW_UPS | {"plateau", "flat", "sawtooth"},
    )  # fmt: skip


def _cold_start(usual: Recipe, level: int, seed: int) -> Faulty:
    usual = usual.changed(rate=usual.rate * (4, 8, 16)[level], warmup=usual.n_steps // 5)
    return Faulty(
        _name("missing_warmup", level, seed), seed, usual.changed(warmup=0), usual, list, 0, 0,
        BLOW_UPS | {"plateau", "flat", "sawtooth"},
    )  # fmt: skip


def _overflow(usual: Recipe, level: int, seed: int) -> Faulty:
    at, length = _at(usual, seed), (2, 15, FOREVER)[level]
    return Faulty(
        _name("fp16_overflow", level, seed), seed, usual, usual, lambda: [Overflow(at, at + length)], at, length,
        frozenset({"nan", "nonfinite"}),
    )  # fmt: skip


def _without_optimizer(usual: Recipe, level: int, seed: int) -> Faulty:
    at = round(0.6 * usual.n_steps)
    usual = usual.changed(momentum=0.98, beta2=0.999, rate=usual.rate * (2.0, 4.0, 7.0)[level], batch=32)
    return Faulty(
        _name("resume_without_optimizer", level, seed), seed, usual, usual, lambda: [Resumed(at, False)], at, 0,
        BLOW_UPS | {"restart_bump"},
    )  # fmt: skip


def _rate_reset(usual: Recipe, level: int, seed: int) -> Faulty:
    at = round(0.8 * usual.n_steps)
    usual = usual.changed(schedule=linear, rate=usual.rate * (1.5, 3.0, 6.0)[level], warmup=5)
    return Faulty(
        _name("resume_lr_reset", level, seed), seed, usual, usual, lambda: [Resumed(at, True)], at, 0,
        BLOW_UPS | {"restart_bump", "data_shift"},
    )  # fmt: skip


FAULTS: tuple[Make, ...] = (_batches, _shard, _hot, _cold_start, _overflow, _without_optimizer, _rate_reset)


def faulty(n_seeds: int, first_seed: int = 0) -> list[Faulty]:
    """Every fault at three severities, so many seeds of each."""
    return [
        make(everyday("gpt", seed), level, seed)
        for seed in range(first_seed, first_seed + n_seeds)
        for make in FAULTS
        for level in range(3)
    ]


def healthy(n_runs: int, first_seed: int = 0) -> list[Faulty]:
    """Trainings that nothing is done to."""
    return [
        Faulty(f"healthy-{seed}", seed, everyday("gpt", seed), everyday("gpt", seed), list, 0, 0, frozenset())
        for seed in range(first_seed, first_seed + n_runs)
    ]
