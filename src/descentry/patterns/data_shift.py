"""data_shift: the level of a loss changes at a point and stays changed, while it goes on as before.

Test: a step fitted together with a line in a window about every border (signal/leaps.py), in units of what the same
fit gives at all other borders; abrupt, still there two windows later, and large enough to be seen.  A rise is a
shift by itself; a drop only where the logged data version changes, or where training leaps up just before it and
validation goes on as if nothing had been: other data surprise at first, a stair or a leap of the optimiser shows in
validation too.  What comes back is a spike or a restart's bump; what a rise of the learning rate or a resume explains
is not the data's.
"""

from dataclasses import dataclass
from typing import ClassVar

from descentry.patterns.protocol import View
from descentry.patterns.shift_facts import goes_on, is_return, is_undone, noise_ratio, placed
from descentry.patterns.shift_ties import is_near, is_surprise, train_leaps, version_changes
from descentry.record.chunk import Floats
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE, strictness
from descentry.signal.leaps import Leap, leaps
from descentry.signal.profile import Profile, profile
from descentry.signal.shape import Shape
from descentry.signal.trend import shared_slowly
from descentry.signal.words import grouped, number, percent

N_FINE_BINS = 240
STAYS = 0.6
"""Share of a step that is still there two windows on, from which it is no spike."""
WIDTH_SHARES = (24, 12)
"""Parts of the run that a window on one side spans: a short one for what comes often, a long one for what is small."""


@dataclass(frozen=True, slots=True)
class DataShift:
    """Other data from a step on."""

    id: ClassVar[str] = "data_shift"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.TRAIN_LOSS, Role.VAL_LOSS)

    alarm_rate: float = DEFAULT_RATE
    """False alarms per healthy run, all detectors together.  Lower: later, surer."""
    score: float = 4.3
    """A step in units of its noise: of 7,500 healthy runs under five noises fewer than one in 1,000 passes."""
    pair_score: float = 3.3
    """The same where two or more steps of one sign are found: noise brings one such in 100 runs, two in none."""
    tied_score: float = 2.8
    """The same where the logged data version changes."""
    noise_units: float = 0.6
    """Least step in noise of a single point: less would not be seen in the plot."""
    level_share: float = 0.005
    """Least step as a share of the level."""
    descent_share: float = 0.02
    """Least step as a share of the descent after the first tenth of the points."""
    seen_share: float = 0.05
    """Levels below this share of the first are too near zero for a change between them to matter."""
    kept_share: float = 0.5
    """Least share of the step that lasts.  Lower: bumps that come back are taken for shifts."""
    n_least: int = 40
    """Fewer points show no level on both sides."""
    n_validations: int = 16
    """The same for validation, which is steadier."""

    def judge(self, view: View) -> list[Finding]:
        found = []
        for role, n_least in ((Role.TRAIN_LOSS, self.n_least), (Role.VAL_LOSS, self.n_validations)):
            shape = view.shape(role)
            if shape is not None and shape.n_points >= n_least:
                course = profile(shape, N_FINE_BINS)
                changes = version_changes(view)
                shifts = self._shifts(view, role, shape, course, changes)
                if shifts:
                    found.append(self._finding(view, role, course, shifts, changes))
        return found

    def _shifts(self, view: View, role: Role, shape: Shape, course: Profile, changes: Floats) -> list[Leap]:
        """The steps that are clear enough, one for each place, in order."""
        slack = strictness(
            self.alarm_rate,
            ended=view.ended,
            n_points=shape.n_points,
            n_first=self.n_least,
            n_bins=len(course) if view.ended else len(course) / shared_slowly(course.y) ** 2,
        )
        beside = train_leaps(view)
        may_drop = len(changes) or (len(beside) and role is Role.TRAIN_LOSS)
        tied: dict[int, Leap] = {}
        free: dict[int, Leap] = {}
        for leap in self._candidates(view, shape, course, (1, -1) if may_drop else (1,)):
            is_clear = leap.score >= self.pair_score * slack
            if leap.size > 0:
                is_tied = is_near(
                    changes if role is Role.TRAIN_LOSS else [*changes, *beside], course, leap.at
                )
            else:
                # A drop that no change of the data goes with is a stair.
                is_tied = is_near(changes, course, leap.at) or (
                    is_clear and role is Role.TRAIN_LOSS and is_surprise(view, course, leap, beside)
                )
            if is_tied or (leap.size > 0 and is_clear):
                _keep_apart(tied if is_tied else free, leap, len(course) // WIDTH_SHARES[0])
        if len(free) + len(tied) == 1:
            free = {at: leap for at, leap in free.items() if leap.score >= self.score * slack}
        return [leap for _at, leap in sorted({**free, **tied}.items())]

    def _candidates(self, view: View, shape: Shape, course: Profile, signs: tuple[int, ...]) -> list[Leap]:
        """Steps of these signs that matter and that nothing else explains, clearest first."""
        found = [
            (leap, len(course) // share)
            for share in WIDTH_SHARES
            for sign in signs
            for leap in leaps(course.y, len(course) // share, self.tied_score, sign)
        ]
        good = [
            leap
            for leap, width in found
            if leap.at >= 2 * width
            and self._matters(shape, course, leap)
            and not is_return(course.y, leap, width)
            and not _is_explained(view, course, leap, width)
        ]
        return sorted(good, key=lambda leap: -leap.score)

    def _matters(self, shape: Shape, course: Profile, leap: Leap) -> bool:
        size = abs(leap.size)
        first = max(abs(shape.first), abs(float(course.y[0])))
        later = course.y[len(course) // 10 :]
        descent = max(0.0, float(later[: max(3, len(later) // 20)].max() - later.min()))
        return (
            leap.kept >= self.kept_share
            and size >= self.noise_units * course.noise
            and size >= self.level_share * abs(leap.before)
            and size >= self.descent_share * descent
            and abs(leap.before) >= self.seen_share * first
        )

    def _finding(
        self, view: View, role: Role, course: Profile, shifts: list[Leap], changes: Floats
    ) -> Finding:
        name = view.names[role]
        width = len(course) // WIDTH_SHARES[0]
        shape = view.shapes[name]
        steps = tuple(placed(shape, course, leap) for leap in shifts)
        largest = max(shifts, key=lambda leap: abs(leap.size))
        tied = [is_near(changes, course, leap.at) for leap in shifts]
        what = "validation" if role is Role.VAL_LOSS else "the loss"
        times = "" if len(shifts) == 1 else f" ({len(shifts)} times, here the most)"
        statement = (
            f"{what} changes its level from {number(largest.before, course.wander)} to "
            f"{number(largest.after, course.wander)} at step {grouped(steps[shifts.index(largest)])}{times} "
            "and goes on from there" + (", where the data version changes" if any(tied) else "")
        )
        return Finding(
            pattern=self.id,
            severity=Severity.WARNING,
            confidence=float(min(0.97, 0.6 + 0.04 * largest.score)),
            curve=name,
            onset_step=steps[0],
            end_step=None,
            detected_at_step=view.step,
            statement=statement,
            steps=steps,
            evidence=tuple(
                Evidence(
                    f"step by {percent(abs(leap.size) / max(abs(leap.before), 1e-300))} of the level, "
                    f"{number(min(leap.score, 1e6))} times its noise",
                    name, step, leap.after, leap.before,
                )
                for step, leap in zip(steps[:8], shifts, strict=False)
            ),
            facts={
                "n_events": float(len(shifts)),
                "height": abs(largest.size) / max(abs(largest.before), 1e-300),
                "upwards": float(largest.size > 0),
                "on_validation": float(role is Role.VAL_LOSS),
                "on_training": float(role is Role.TRAIN_LOSS),
                "noise_ratio": noise_ratio(course.y, largest.at, width),
                "goes_on": float(any(tied) or role is Role.VAL_LOSS or goes_on(course, shifts[-1])),
                "undone": float(is_undone(course.y, largest, width)),
            },
        )  # fmt: skip


def _keep_apart(kept: dict[int, Leap], leap: Leap, width: int) -> None:
    """Keeps the leap unless a clearer one lies within the width."""
    if all(abs(leap.at - other) > width for other in kept):
        kept[leap.at] = leap


def _is_explained(view: View, course: Profile, leap: Leap, width: int) -> bool:
    """Whether a resume, a rise of the learning rate, or a spike that goes down again lies at the step."""
    near = width // 2 + 1
    low, high = course.starts[max(0, leap.at - near)], course.ends[min(len(course) - 1, leap.at + near)]
    spikes = [step for one in view.standing if one.pattern == "spike" for step in one.steps]
    if any(low <= step <= high for step in view.resumes):
        return True
    if leap.kept < STAYS and any(low <= step <= high for step in spikes):
        return True
    rate = view.shape(Role.LEARNING_RATE)
    return rate is not None and rate.level_at(float(high)) > 1.15 * rate.level_at(float(low))
