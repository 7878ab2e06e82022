"""Rows of mmcv 1.x and mmengine 0.x (mmdetection 2 and 3, mmsegmentation, …), whose steps need care.

mmcv (`*.log.json`): `{"mode": "train", "epoch": 2, "iter": 50, …}`: the iteration starts anew every epoch, so the
step is the last iteration of the epochs before, plus `iter`.  A row of mode `val` counts the batches of the
validation set: it takes the step of the row before, and its names the prefix `val/`.
mmengine (`scalars.json`): `{"epoch": 2, "iter": 50, "step": 50, …}` counts on, but the `step` of a row of
validation, `{"coco/bbox_mAP": 0.5, "step": 2}`, is its epoch: it takes the step of the row before.
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


def is_of_mmengine(fields: Mapping[str, Any]) -> bool:
    """Whether a row is one of training that mmengine wrote: it counts iterations twice, and epochs."""
    step = fields.get("step")
    return type(step) is int and fields.get("iter") == step and type(fields.get("epoch")) is int


class MmengineSteps:
    """Gives rows of validation the step at which they were made.  `is_known`: a row of training was seen."""

    def __init__(self) -> None:
        self.is_known = False
        self._epoch = 0
        self._step = 0

    def with_step(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The fields without the second count, the epoch of a validation replaced by its step."""
        if is_of_mmengine(fields):
            self.is_known = True
            self._epoch, self._step = fields["epoch"], fields["step"]
            return {name: value for name, value in fields.items() if name != "iter"}
        is_epoch = fields.get("step") == self._epoch and not {"iter", "epoch"} & fields.keys()
        return {**fields, "step": self._step} if is_epoch else fields
