"""Shapes of lines: worked out once each, and not without end."""

from pathlib import Path

import pytest

from descentry.sources.collect import collect
from descentry.sources.places.find import find
from descentry.sources.text import known_plans


def words(i: int) -> str:
    return "".join("abcdefghij"[int(digit)] for digit in str(i))


def test_chatter_without_end_leaves_the_losses_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_plans, "MAX_CHATTER", 50)
    lines = [f"step {i} loss {1 / (i + 1):.4f}\n{words(i)} {words(7 * i)} 2.5\n" for i in range(200)]
    lines.append("epoch 3 val_loss 0.5\n")
    (tmp_path / "a.log").write_text("".join(lines))
    run = collect(find(tmp_path / "a.log")[0])
    assert run.curves["loss"].steps.tolist() == list(range(200))
    assert run.curves["val_loss"].values.tolist() == [0.5]
    (left,) = [event for event in run.events if event.kind == "left_out"]
    assert left.count > 100


def test_names_without_end_are_left_out_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_plans, "MAX_NAMES", 40)
    lines = [f"step {i} loss {1 / (i + 1):.4f}\nstep {i}: {words(i)}_loss={i}.5\n" for i in range(200)]
    (tmp_path / "a.log").write_text("".join(lines))
    run = collect(find(tmp_path / "a.log")[0])
    assert run.curves["loss"].steps.tolist() == list(range(200))
    assert 40 <= len(run.curves) <= 90
    (left,) = [event for event in run.events if event.kind == "left_out"]
    assert left.count == 201 - len(run.curves)


def test_an_ordinary_log_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("".join(f"step {i} loss {1 / (i + 1):.4f}\n" for i in range(200)))
    assert not collect(find(tmp_path / "a.log")[0]).events


def test_a_shape_that_has_said_something_is_read_however_much_chatter_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_plans, "MAX_TOLD", 50)
    monkeypatch.setattr(known_plans, "MAX_PLANS", 8)
    lines = [
        f"epoch {i} loss {1 / (i + 1):.4f}\nthe {words(i)} test {words(7 * i)} of 2.5 steps\n"
        for i in range(300)
    ]
    (tmp_path / "a.log").write_text("".join(lines))
    run = collect(find(tmp_path / "a.log")[0])
    assert run.curves["loss"].steps.tolist() == list(range(300))
    (left,) = [event for event in run.events if event.kind == "left_out"]
    assert left.count > 200


def test_shapes_that_cost_work_without_end_are_left_out_and_known_ones_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_plans, "MAX_NEW", 40)
    path = tmp_path / "log.txt"
    # Each of these names a series of its own.
    odd = [f"step {1000 + i} loss {3 - i / 1000} {words(i)}_rate 0.5" for i in range(300)]
    plain = [f"step {950 + i + 300 * (i >= 50)} loss 2.5" for i in range(100)]
    path.write_text("\n".join([*plain[:50], *odd, *plain[50:]]) + "\n")
    run = collect(find(path)[0])
    (left,) = [event for event in run.events if event.kind == "left_out"]
    steps = run.curves["loss"].steps.tolist()
    assert steps[:50] + steps[-50:] == [*range(950, 1000), *range(1300, 1350)]
    assert 100 <= len(steps) < 400
    assert left.count + len(steps) == 400
