"""A loop under Accelerate: healthy runs are the same, going back undoes exactly, refusals reach no weight."""

import multiprocessing
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
accelerate = pytest.importorskip("accelerate")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

from tests.integrations.accelerated import N_STEPS, Run, play, play_trainer  # noqa: E402
from tests.integrations.scripted import Failing, Scripted  # noqa: E402

from descentry import UsageError  # noqa: E402
from descentry.guard.actions import RollBack, ScaleLr, SkipBatch, Stop  # noqa: E402
from descentry.guard.guard import Guard  # noqa: E402
from descentry.integrations.accelerate import Guarded  # noqa: E402


@pytest.mark.parametrize("guard", [lambda: Guard(act=True, background=False), Failing], ids=["acts", "fails"])
@pytest.mark.parametrize("micro", [1, 3])
def test_a_healthy_run_is_the_same_bit_for_bit(guard: Any, micro: int) -> None:
    alone, guarded = Run(micro).alone(), Run(micro).guarded(guard())
    assert alone.losses == guarded.losses
    assert torch.equal(alone.weights, guarded.weights)


@pytest.mark.parametrize("micro", [1, 3])
def test_a_run_that_goes_back_and_does_nothing_else_is_the_same_bit_for_bit(micro: int) -> None:
    alone, back = Run(micro).alone(), Run(micro).guarded(Scripted({13: RollBack(5)}))
    assert [step for step, _ in back.steps] == [*range(14), *range(5, N_STEPS)]
    assert back.steps[14:] == alone.steps[5:]
    assert torch.equal(alone.weights, back.weights)


def test_the_guard_hears_the_mean_loss_of_an_update() -> None:
    guard = Scripted()
    run = Run(3).guarded(guard)
    assert len(guard.rows) == N_STEPS
    assert guard.curve("loss")[0][1] == pytest.approx(sum(run.losses[:3]) / 3)
    assert guard.rows[0][1].keys() == {"loss", "grad_norm"}


def test_what_is_asked_for_is_done() -> None:
    run = Run(1).guarded(Scripted({3: SkipBatch("odd"), 5: ScaleLr(0.0), 9: Stop("enough")}))
    assert torch.equal(run.seen[4], run.seen[3])
    assert torch.equal(run.seen[6], run.seen[9])
    assert not torch.equal(run.seen[5], run.seen[4])
    assert run.steps[-1][0] == 9


def test_sharded_weights_are_refused() -> None:
    run = Run(1)

    class Sharded:
        distributed_type = "FSDP"

    with pytest.raises(UsageError, match="FSDP"):
        Guarded(Sharded(), Scripted(), run.model, run.optimizer, data=None)


def played(target: Any, folder: Path) -> list[list[str]]:
    """What each of two processes wrote."""
    context = multiprocessing.get_context("spawn")
    several = [context.Process(target=target, args=(rank, 2, str(folder))) for rank in range(2)]
    for one in several:
        one.start()
    for one in several:
        one.join(120.0)
        if one.is_alive():
            one.kill()
    return [(folder / f"{rank}.txt").read_text().splitlines() for rank in range(2)]


@pytest.mark.slow
def test_two_processes_do_what_the_main_one_decides(tmp_path: Path) -> None:
    first, second = played(play, tmp_path)
    assert first == second
    assert first[0] == str([*range(9), *range(5, 13)])


@pytest.mark.slow
def test_two_processes_of_a_trainer_do_what_the_main_one_decides(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    first, second = played(play_trainer, tmp_path)
    assert first == second
    assert first[:3] == ["9", "[2]", "True"]
