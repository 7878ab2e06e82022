"""Two real processes over gloo: one decision, performed alike; a rank that is gone costs the guard and nothing else."""

import json
import multiprocessing
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
if not torch.distributed.is_available():
    pytest.skip("torch was built without distributed", allow_module_level=True)

from tests.integrations.processes import N_STEPS, play  # noqa: E402
from tests.integrations.scripted import Failing, Scripted  # noqa: E402

from descentry.guard.actions import Continue, Stop  # noqa: E402
from descentry.integrations.distributed import Together, number  # noqa: E402


def played(scene: str, folder: Path) -> list[Any]:
    """What each of two processes saw."""
    context = multiprocessing.get_context("spawn")
    several = [context.Process(target=play, args=(rank, 2, scene, str(folder))) for rank in range(2)]
    for one in several:
        one.start()
    for one in several:
        one.join(120.0)
        if one.is_alive():
            one.kill()
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(2)]


@pytest.mark.slow
def test_every_rank_does_what_rank_0_decides(tmp_path: Path) -> None:
    first, second = played("alike", tmp_path)
    for name in first:
        assert first[name]["weights"] == second[name]["weights"], name
        assert first[name]["steps"] == second[name]["steps"], name
        assert (first[name]["faults"] == []) == (name != "fails"), name
    acts = first["acts"]
    assert acts["steps"] == [*range(14), *range(10, 27)]
    assert acts["stopped"] == second["acts"]["stopped"] == "enough"
    assert first["quiet"]["weights"] == first["fails"]["weights"] == first["alone"]["weights"]
    assert len(first["quiet"]["told"]) == N_STEPS
    assert second["quiet"]["told"] == []
    assert (len(first["seldom"]["told"]), first["seldom"]["steps"][-1]) == (4, 19)
    assert first["spoilt"]["told"][4] == "nan"
    assert len(first["spoilt"]["odd"]) == 1
    assert first["spoilt"]["odd"][0].startswith("step 4: loss of rank 1 is nan")


@pytest.mark.slow
def test_refusals_and_whether_to_act_are_rank_0s(tmp_path: Path) -> None:
    first, second = played("refusals", tmp_path)
    assert first == second == {"may": [True, False, True], "acts": [True, False], "advised": True}


@pytest.mark.slow
@pytest.mark.parametrize("scene", ["deserted", "bereaved"])
def test_a_rank_that_is_gone_costs_the_guard_and_no_training(scene: str, tmp_path: Path) -> None:
    left = played(scene, tmp_path)[0]
    assert left["actions"] == ["Continue"] * 9
    assert left["is_off"]
    assert left.get("may", True)


def test_a_single_process_is_the_guard_alone() -> None:
    together = Together(Scripted({1: Stop("enough")}))
    assert together.observe(0, loss=1.0) == Continue()
    assert together.observe(1, loss=1.0) == Stop("enough")
    assert together.before_step(1.0)
    assert Together(Failing()).observe(0, loss=1.0) == Continue()


def test_numbers_are_read_from_what_loops_have() -> None:
    weight = torch.nn.Parameter(torch.ones(()))
    assert [number(one) for one in (weight * 2, "1.5", None, "x", torch.ones(2))] == [
        2.0,
        1.5,
        None,
        None,
        None,
    ]
