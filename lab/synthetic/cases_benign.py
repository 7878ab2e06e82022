"""Made-up runs without a fault: every schedule under every noise, and look-alikes of each pattern."""

import numpy as np

from lab.synthetic.draft import Draft, draft
from lab.synthetic.schedules import SCHEDULES


def healthy(seed: int) -> Draft:
    """Any course, any noise, any gentle schedule."""
    of = draft(5000 + seed)
    of.may |= {"underfit_duration"}
    return of


def scheduled(name: str, seed: int) -> Draft:
    """A course that answers to its schedule, which is logged by every other seed."""
    of = draft(
        6000 + seed,
        course="quadratic",
        schedule=name,
        noise="white",
        sigma=0.01,
        n=(1000, 3000, 8000)[seed % 3],
    )
    if seed % 2:
        of.logs -= {"lr"}
    of.may |= {"underfit_duration", "staircase", "data_shift", "oscillation", "restart_bump", "plateau"}
    causes = {"step": "step_decay_schedule", "on_plateau": "step_decay_schedule", "warm_restarts": "cosine_restarts",
              "cyclical": "cyclical_lr", "wsd": "schedule_cooldown", "linear": "schedule_cooldown",
              "warmup": "warmup"}  # fmt: skip
    of.causes = (causes[name],) if name in causes else ()
    return of


def few_points(seed: int) -> Draft:
    """A healthy run of 30 to 80 points: nothing may be made of so little."""
    of = draft(7000 + seed, n=30 + seed % 50, noise="white")
    of.may |= {"underfit_duration", "sawtooth"}
    return of


def heavy_tails(seed: int) -> Draft:
    """Strays of Student's t with three degrees of freedom: no spikes."""
    of = draft(8000 + seed, noise="student")
    of.may |= {"underfit_duration"}
    return of


def small_validation(seed: int) -> Draft:
    """Validation of few examples: it scatters, and does not turn up."""
    of = draft(9000 + seed)
    scale = float(of.train[0] - of.train.min())
    of.val = of.val + 0.03 * scale * of.random.standard_normal(len(of.val))
    of.may |= {"underfit_duration", "sawtooth"}
    return of


def growing_gap(seed: int) -> Draft:
    """Training falls faster than validation, which falls all the same."""
    of = draft(10000 + seed)
    scale = float(of.train[0] - of.train.min())
    of.train -= 0.1 * scale * np.arange(of.n) / of.n
    of.may |= {"underfit_duration"}
    return of


def calm_norms(seed: int) -> Draft:
    """Gradient norms with heavy tails and a slow drift, and a loss scale that doubles and halves as it should."""
    of = draft(11000 + seed)
    of.norm *= np.exp(0.4 * of.random.standard_normal(of.n)) * (1.0 + 2.0 * np.arange(of.n) / of.n)
    scale = np.full(of.n, 16.0)
    for at in range(of.n // 10, of.n, max(2, of.n // 7)):
        scale[at:] += 1.0
        scale[at + max(1, of.n // 40) :] -= 1.0
    of.beside("loss_scale", 2.0**scale)
    of.may |= {"underfit_duration"}
    return of


def planned_end(seed: int) -> Draft:
    """The rate is at the end of its schedule and the course has flattened with it."""
    of = draft(12000 + seed, course="quadratic", schedule="cosine", noise="white")
    of.may |= {"underfit_duration", "plateau", "sawtooth"}
    return of


def epochs(seed: int) -> Draft:
    """The training loss steps down at each epoch, as data are seen again."""
    of = draft(13000 + seed, course="power", noise="white", sigma=0.01)
    n_epochs = 3 + seed % 4
    epoch = np.minimum(np.arange(of.n) * n_epochs // of.n, n_epochs - 1).astype(float)
    of.train -= 0.05 * float(of.train[0] - of.train.min()) * epoch
    of.beside("epoch", epoch)
    of.may |= {"underfit_duration", "staircase", "data_shift"}
    of.causes, of.look_alikes = ("epoch_repeat",), frozenset({"small_dataset_overfit"})
    return of


HEALTHY = {one.__name__: one for one in (healthy, few_points, heavy_tails, small_validation, growing_gap, calm_norms,
                                         planned_end)}  # fmt: skip
BENIGN = {"epochs": epochs}
BY_SCHEDULE = tuple(SCHEDULES)
