"""What the guard asks of a training loop: one small frozen type per action.

    Continue      go on; `advice` holds what would have been asked of a loop that lets the guard act
    SkipBatch     do not apply this update, draw the next batch
    RollBack      load the checkpoint of `to_step`, pass over `skip` batches from there, go on at `rate` times the rate
    ScaleLr       multiply the learning rate by `factor`, for `for_steps` steps or for good
    ClipTo        clip the global gradient norm to `norm` from now on
    Checkpoint    save now: all is well, and what comes may not be
    Stop          end the training; the best weights are those of `best_step`

Each carries `reason`, a sentence for the log.  `as_mapping` gives plain JSON values.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class SkipBatch:
    """Do not apply this update; go on with the next batch."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class RollBack:
    """Load the checkpoint of `to_step`.

    `skip`: batches to pass over, counted from the data position of that checkpoint.  `rate`: factor on the learning
    rate from there on, on top of those asked for before.  `clip`: the global norm to clip to from there on, or None.
    """

    to_step: int
    skip: int = 0
    rate: float = 1.0
    clip: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ScaleLr:
    """Multiply the learning rate by `factor`, for `for_steps` steps; None: for good."""

    factor: float
    for_steps: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ClipTo:
    """Clip the global gradient norm to `norm` from now on."""

    norm: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Save model, optimizer, scheduler, scaler, random states and data position now."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """End the training.  `best_step`: where validation, or training where there is none, was best; None: unknown."""

    reason: str
    best_step: int | None = None


Deed = SkipBatch | RollBack | ScaleLr | ClipTo | Checkpoint | Stop
"""What changes the training."""


@dataclass(frozen=True, slots=True)
class Continue:
    """Go on.  `advice`: what the policy asks for where the guard may only advise."""

    advice: tuple[Deed, ...] = ()

    @property
    def reason(self) -> str:
        """What the advice rests on; empty where there is none."""
        return "; ".join(one.reason for one in self.advice)


Action = Continue | Deed
"""What `Guard.observe` returns."""


def name_of(action: Action) -> str:
    """`roll_back` for RollBack: the name that policies and logs use."""
    word = type(action).__name__
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in word).lstrip("_")


def as_mapping(action: Action) -> Mapping[str, object]:
    """The action as plain JSON values, its name under `action`."""
    if isinstance(action, Continue):
        return {"action": "continue", "advice": [as_mapping(one) for one in action.advice]}
    return {"action": name_of(action), **asdict(action)}
