"""The made-up run that is handed to each library: the same values every time."""

import math
from collections.abc import Iterator

BAD = {11: math.nan, 12: math.inf, 13: -math.inf}


def rows(
    start: int = 0, stop: int = 24, *, shift: float = 0.0, bad: bool = True
) -> Iterator[tuple[int, dict[str, float]]]:
    """(step, values by name) of steps start…stop-1; `eval/loss` at every sixth.  Six decimals at most.

    `shift` is added to the loss, so that a second attempt differs; `bad`: with NaN and infinities.
    """
    for step in range(start, stop):
        loss = round(2.0 + 1.5 * math.exp(-step / 9) + 0.05 * math.sin(5.1 * step) + shift, 6)
        row = {
            "train/loss": BAD.get(step, loss) if bad else loss,
            "lr": round(3e-4 * min(step + 1, 8) / 8, 9),
            "grad_norm": round(1.1 + 0.2 * math.cos(3.7 * step), 6),
        }
        if step % 6 == 5:
            row["eval/loss"] = round(loss + 0.125, 6)
        yield step, row
