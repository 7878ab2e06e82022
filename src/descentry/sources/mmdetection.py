"""Rows of mmcv 1.x (`*.log.json` of mmdetection, mmsegmentation): the iteration starts anew every epoch.

`{"mode": "train", "epoch": 2, "iter": 50, …}`: the step is the last iteration of the epochs before, plus
`iter`.  A row of mode `val` counts the batches of the validation set: it takes the step of the row before,
and its names the prefix `val/`.
"""

from collections.abc import Mapping
from typing import Any

UNPREFIXED = frozenset({"mode", "epoch", "iter", "lr"})


def is_such(fields: Mapping[str, Any]) -> bool:
    """Whether a row is of this kind."""
    its_numbers = (fields.get("epoch"), fields.get("iter"))
    return (
        isinstance(fields.get("mode"), str)
        and all(type(x) is int for x in its_numbers)
        and "step" not in fields
    )


class EpochSteps:
    """Counts iterations on over the epochs."""

    def __init__(self) -> None:
        self._before = 0
        self._epoch = 0
        self._iter = 0

    def with_step(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields with a `step` in place of the `iter`, validation values renamed."""
        mode, epoch, iteration = fields["mode"], fields["epoch"], fields["iter"]
        rest = {name: value for name, value in fields.items() if name not in ("mode", "iter")}
        if mode != "train":
            named = {name if name in UNPREFIXED else f"{mode[:20]}/{name}": x for name, x in rest.items()}
            named.pop("lr", None)
            return {**named, "step": self._before + self._iter}
        if epoch > self._epoch and iteration <= self._iter:
            self._before += self._iter
        elif epoch < self._epoch or iteration < self._iter:
            self._before = 0 if epoch <= 1 else self._before
        self._epoch, self._iter = epoch, iteration
        return {**rest, "step": self._before + iteration}
