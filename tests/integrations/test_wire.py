"""The wire: every action arrives as it was sent, whatever its reason holds."""

import numpy as np
import pytest

from descentry.guard.actions import (
    Action,
    Checkpoint,
    ClipTo,
    Continue,
    RollBack,
    ScaleLr,
    SkipBatch,
    Stop,
)
from descentry.integrations.wire import SIZE, packed, unpacked

ACTIONS = [
    Continue(),
    SkipBatch("odd"),
    RollBack(100, 300, 0.3, 1.0, "spike: the loss leaps"),
    RollBack(10**12),
    ScaleLr(0.1, 50),
    ScaleLr(0.1, None, "for good"),
    ClipTo(0.5),
    Checkpoint("all is well"),
    Stop("enough", 7),
    Stop("enough"),
]


@pytest.mark.parametrize("action", ACTIONS, ids=repr)
def test_it_arrives_as_it_was_sent(action: Action) -> None:
    row = packed(action)
    assert (row.dtype, row.shape) == (np.uint8, (SIZE,))
    assert unpacked(row) == action


@pytest.mark.parametrize("reason", ["x" * 5000, "é" * 5000, '\0\x01"\\' * 2000, "\ud800"])
def test_any_reason_fits(reason: str) -> None:
    arrived = unpacked(packed(RollBack(10**12, 10**12, 0.123456789, 0.123456789, reason)))
    assert isinstance(arrived, RollBack)
    assert len(arrived.reason) == min(200, len(reason))


def test_advice_is_not_sent() -> None:
    assert unpacked(packed(Continue((Stop("enough"),)))) == Continue()
