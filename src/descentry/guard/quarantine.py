"""What was kept from the weights, or would have been: which batches, why, and where it showed first."""

from collections.abc import Mapping
from dataclasses import dataclass

from descentry.guard.wall import text

JUDGED = ("loss", "train_loss", "grad_norm")
"""What the reason names already."""
MAX_NAMED = 5
"""Other signals that are named."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Batches `first` to `last`, counted from 0 as the guard saw them drawn, those passed over included.

    `batch`: what the loop calls it, None: untold, or several.  `module`: where it was first not finite, None: untold.
    `is_kept_out`: False where the guard only advised.
    """

    step: int
    first: int
    last: int
    why: str
    batch: str | None = None
    module: str | None = None
    is_kept_out: bool = True


def told(why: str, batch: object, module: object, values: Mapping[str, float]) -> str:
    """The reason with the batch, and with the module or the other signals that are not finite."""
    parts = [] if batch is None else [f"batch {text(batch)}"]
    if module is not None:
        parts.append(f"first in {text(module)}")
    elif "is not finite" in why:
        others = [name for name, value in values.items() if value - value != 0.0 and name not in JUDGED]
        parts += [f"also {', '.join(others[:MAX_NAMED])}"] if others else []
    return f"{why} ({'; '.join(parts)})" if parts else why
