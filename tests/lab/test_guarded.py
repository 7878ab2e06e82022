"""The closed loop's figures, and a resume in its loop."""

import math
from typing import Any

import pytest

pytest.importorskip("torch")

from lab.guarded.play import Fixed, Played, Unharmed, play
from lab.guarded.table import lines, wrong


def played(name: str, **changed: Any) -> Played:
    values = {
        "id": f"{name}-mild-0", "twin": 2.0, "saved_by": "continue", "loss": 2.0, "reason": "", "delay": math.nan,
        "n_deeds": 0, "deeds": "", "is_right": True,
    }  # fmt: skip
    return Played(**{**values, **changed})


def test_the_table_tells_what_needs_no_action() -> None:
    some = [
        played("a"), played("b", saved_by="scale_lr(0.1, None)"), played("b", saved_by="x", is_right=False),
        played("c", saved_by="", reason="nan: x", delay=0.01),
    ]  # fmt: skip
    told = "\n".join(lines(some, [Unharmed("healthy-0", 0, "", True)]))
    assert "| b | 2 | 1 | 0 | 0 | 0.0 |" in told
    assert "near their twin without any action: 1/3 = 0.333" in told
    assert "saved of the savable: 2/3" in told
    assert "saved of those that need an action: 1/2" in told
    assert "stopped in time of the others: 1/1" in told
    assert next(wrong(some)).startswith("b-mild-0: savable by x")


@pytest.mark.slow
def test_a_resumed_run_goes_on_with_the_guard_s_state() -> None:
    from lab.guarded.cases import faulty

    case = next(one for one in faulty(1, 1) if one.id == "resume_lr_reset-mild-1")
    assert play(case, Fixed(case.id, 2.0, "x")).deeds.startswith("405/405: scale_lr(0.219")
