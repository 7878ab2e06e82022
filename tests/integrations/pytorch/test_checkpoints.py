"""Checkpoints: in memory and in a folder alike, whole or not at all, dense near now."""

import random
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from descentry.integrations import room  # noqa: E402
from descentry.integrations.pytorch import checkpoints  # noqa: E402
from descentry.integrations.pytorch.checkpoints import Checkpoints  # noqa: E402
from descentry.integrations.pytorch.states import (  # noqa: E402
    copied,
    is_plain,
    random_state,
    set_random_state,
    size_of,
)


class Part:
    def __init__(self, state: object) -> None:
        self.state = state

    def state_dict(self) -> object:
        return self.state

    def load_state_dict(self, state: object) -> None:
        self.state = state


@pytest.fixture(params=["memory", "folder"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path / "kept" if request.param == "folder" else None


def test_what_was_kept_comes_back_whatever_was_trained_since(folder: Path | None) -> None:
    layer = torch.nn.Linear(2, 2)
    kept = Checkpoints({"layer": layer}, folder=folder)
    before = copied(layer.state_dict())
    kept.save(0)
    for _ in range(2):
        with torch.no_grad():
            layer.weight.add_(1.0)
        kept.load(0)
        assert torch.equal(layer.weight, before["weight"])


def test_going_back_gives_up_what_came_later(folder: Path | None) -> None:
    kept = Checkpoints({"part": Part(1)}, folder=folder)
    for step in (0, 10, 20):
        kept.save(step)
    kept.load(10)
    assert kept.steps == [0, 10]
    assert folder is None or sorted(file.name for file in folder.iterdir()) == ["step-0.pt", "step-10.pt"]


def test_random_states_go_back(folder: Path | None) -> None:
    kept = Checkpoints({}, folder=folder)
    kept.save(0)
    first = random.random(), np.random.rand(), float(torch.rand(1))
    kept.load(0)
    assert (random.random(), np.random.rand(), float(torch.rand(1))) == first


def test_without_random_states_they_go_on() -> None:
    kept = Checkpoints({}, with_random=False)
    kept.save(0)
    before = torch.get_rng_state()
    torch.rand(1)
    kept.load(0)
    assert not torch.equal(torch.get_rng_state(), before)


def test_what_is_no_plain_value_stays_in_memory(tmp_path: Path) -> None:
    part = Part({"path": tmp_path})
    kept = Checkpoints({"odd": part, "plain": Part({"a": torch.ones(2)})}, folder=tmp_path)
    kept.save(0)
    assert set(torch.load(tmp_path / "step-0.pt", weights_only=True)) == {"plain", "random"}
    part.state = None
    kept.load(0)
    assert part.state == {"path": tmp_path}


def test_a_failed_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Checkpoints({"part": Part(1)}, folder=tmp_path)
    kept.save(0)

    def full(_: object, file: Path) -> None:
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match="No space"):
        kept.save(1)
    assert kept.steps == [0]
    assert [file.name for file in tmp_path.iterdir()] == ["step-0.pt"]


def test_a_file_that_would_make_objects_is_refused(tmp_path: Path) -> None:
    part = Part(1)
    kept = Checkpoints({"part": part}, folder=tmp_path)
    kept.save(0)
    torch.save({"part": Part(2)}, tmp_path / "step-0.pt")
    with pytest.raises(Exception, match="weights_only"):
        kept.load(0)
    assert part.state == 1


def test_the_first_and_the_newest_are_kept_and_gaps_grow_with_age() -> None:
    kept = Checkpoints({"part": Part(1)}, n_kept=6)
    dropped = [step for at in range(200) for step in kept.save(at)]
    steps = kept.steps
    assert len(steps) == 6
    assert (steps[0], steps[-1]) == (0, 199)
    assert sorted([*steps, *dropped]) == list(range(200))
    gaps = np.diff(steps)
    assert gaps[-1] <= 3
    assert all(gaps[i] >= gaps[i + 1] for i in range(1, 4))


def test_tied_weights_are_copied_once_and_versions_are_kept() -> None:
    layer = torch.nn.Linear(3, 3)
    both = torch.nn.Sequential(layer, layer)
    state = copied(both.state_dict())
    assert state["0.weight"] is state["1.weight"]
    assert state._metadata == both.state_dict()._metadata
    assert not is_plain({"of": np.ones(2)})
    assert is_plain([state, (1, None, "x")])


def test_random_states_are_plain() -> None:
    state = random_state()
    assert is_plain(state)
    set_random_state(state)


def test_what_finds_no_room_in_memory_is_not_kept_and_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    part = Part({"weights": torch.zeros(1000), "moments": [torch.zeros(250)]})
    kept = Checkpoints({"part": part}, with_random=False)
    assert size_of(part.state) == 5000
    for step in range(2):
        kept.save(step)
    monkeypatch.setattr(checkpoints, "memory_left", lambda: 0.0)
    monkeypatch.setattr(room, "memory_left", lambda: 0.0)
    assert kept.save(3) == kept.save(4) == []
    assert kept.steps == [0, 1]
    assert caplog.text.count("no checkpoint is kept") == 1


def test_older_ones_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Checkpoints({"part": Part({"weights": torch.zeros(1000)})}, with_random=False)
    for step in range(5):
        kept.save(step)
    for module in (checkpoints, room):
        monkeypatch.setattr(module, "memory_left", lambda: 4000.0 * (5 - len(kept.steps)))
    assert kept.save(5) == [3, 2]
    assert kept.steps == [0, 1, 4, 5]
