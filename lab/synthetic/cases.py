"""Every made-up case."""

from dataclasses import dataclass
from functools import partial

from lab.case import Case, Made, Severity
from lab.synthetic import cases_loss, cases_signals
from lab.synthetic.cases_benign import BENIGN, BY_SCHEDULE, HEALTHY, scheduled
from lab.synthetic.cases_loss import Event, made_up
from lab.synthetic.draft import Draft

SEVERITIES: tuple[Severity, ...] = ("mild", "medium", "strong")


@dataclass(frozen=True, slots=True)
class _Faulty:
    event: Event
    level: int
    seed: int

    def __call__(self) -> Made:
        return made_up(self.event, self.level, 100 * self.seed + self.level).made()


@dataclass(frozen=True, slots=True)
class _Sound:
    make: partial[Draft]

    def __call__(self) -> Made:
        return self.make().made()


def cases(n_seeds: int) -> list[Case]:
    """`n_seeds` of each event and severity, and three times as many of each sound kind."""
    made = [
        Case("made", name, "fault", SEVERITIES[level], seed, _Faulty(event, level, seed))
        for name, event in {**cases_loss.FAULTS, **cases_signals.FAULTS}.items()
        for level in range(3)
        for seed in range(n_seeds)
    ]
    for name, sound in HEALTHY.items():
        made += [
            Case("made", name, "healthy", "none", seed, _Sound(partial(sound, seed)))
            for seed in range(3 * n_seeds)
        ]
    for name, sound in BENIGN.items():
        made += [
            Case("made", name, "benign", "none", seed, _Sound(partial(sound, seed)))
            for seed in range(3 * n_seeds)
        ]
    for name in BY_SCHEDULE:
        kind = "benign" if name in ("step", "warm_restarts", "cyclical", "on_plateau") else "healthy"
        made += [
            Case("made", f"schedule_{name}", kind, "none", seed, _Sound(partial(scheduled, name, seed)))  # type: ignore[arg-type]
            for seed in range(2 * n_seeds)
        ]
    return made
