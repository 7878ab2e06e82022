"""What a user may ask of a picture."""

from dataclasses import dataclass

from descentry.record.errors import UsageError
from descentry.signal.smooth import AUTO, Smoothing

UNITS = ("step", "tokens", "epoch", "time", "flops")
SCALES = ("linear", "log", "log-log", "auto")


@dataclass(frozen=True, slots=True)
class Settings:
    """How to draw.  Raises UsageError for a word that is not known.

    `x`: the unit of the x axis, one of `UNITS`.  `y`: `linear`, `log`, `log-log` (x, too), or `auto`, which is `log`
    where a positive loss spans a decade.  `series`: names of the curves to draw; none: losses, rate, gradient norm.
    `n_buckets`: places along x that a picture can tell apart.  Higher: finer, and more points to draw.
    `tokens_per_step` and `n_params`, where the log does not know them.
    """

    smoothing: Smoothing = AUTO
    x: str = "step"
    y: str = "linear"
    series: tuple[str, ...] = ()
    findings: bool = True
    n_buckets: int = 1200
    tokens_per_step: float | None = None
    n_params: float | None = None

    def __post_init__(self) -> None:
        for word, known, name in ((self.x, UNITS, "x"), (self.y, SCALES, "y")):
            if word not in known:
                raise UsageError(f"no {name} {word!r}; expected one of {', '.join(known)}")
