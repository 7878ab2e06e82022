"""Scenes for real processes that talk over gloo on the loopback; each writes what it saw as JSON."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.integrations.scripted import Failing, Scripted

from descentry.guard.actions import Action, Continue, RollBack, SkipBatch, Stop

N_STEPS = 30


class Watching(Scripted):
    """Rolls back once, refuses one update, and stops; on rank 0 only, which is what counts."""

    def __init__(self) -> None:
        super().__init__({13: RollBack(10, rate=0.5), 15: SkipBatch("odd"), 26: Stop("enough", 3)})


def train(guard: Any, rank: int, every: int = 1, spoilt: int | None = None) -> dict[str, Any]:
    """A training whose gradients are averaged over the ranks, each on its own data."""
    import torch
    import torch.distributed as dist

    from descentry.integrations.distributed import Together
    from descentry.integrations.pytorch import Keeper

    torch.manual_seed(0)
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    random = torch.Generator().manual_seed(rank)
    together = None if guard is None else Together(guard, every=every, timeout_s=20.0)
    keeper = Keeper(together or Scripted(), model, optimizer, every=5)
    steps = []
    for step in keeper.steps(N_STEPS):
        x = torch.randn(4, 3, generator=random)
        loss = ((model(x) - x[:, :1]) ** 2).mean()
        loss.backward()
        for weight in model.parameters():
            dist.all_reduce(weight.grad)
        norm = torch.nn.utils.get_total_norm([weight.grad for weight in model.parameters()])
        told = loss * (float("nan") if (rank, step) == (1, spoilt) else 1.0)
        action: Action = Continue()
        if together is not None:
            action = together.observe(step, loss=told, grad_norm=norm)
        if keeper.allows(action):
            optimizer.step()
        optimizer.zero_grad()
        steps.append(step)
    return {
        "steps": steps,
        "weights": model.weight.detach().flatten().tolist(),
        "stopped": keeper.stopped is not None and keeper.stopped.reason,
        "odd": [str(one) for one in together.odd] if together else [],
        "told": [value if value == value else "nan" for _, value in guard.curve("loss")] if guard else [],
        "faults": keeper.wall.faults,
    }


def alike(rank: int, folder: Path) -> dict[str, Any]:
    """Runs under guards that act, fail, or are not there."""
    del folder
    return {
        "acts": train(Watching() if rank == 0 else Failing(), rank),
        "alone": train(None, rank),
        "quiet": train(Scripted(), rank),
        "fails": train(Failing(), rank),
        "seldom": train(Scripted({19: Stop("enough")}), rank, every=5),
        "spoilt": train(Scripted(), rank, spoilt=4),
    }


def refusals(rank: int, folder: Path) -> dict[str, Any]:
    """Refusals before the update, and a guard that only advises on rank 0."""
    del folder
    from descentry.integrations.distributed import Together

    advising = Scripted()
    advising.act = rank != 0
    together, quiet = Together(Scripted(refuses=(1,) if rank == 0 else (0, 2))), Together(advising)
    return {
        "may": [together.before_step(1.0) for _ in range(3)],
        "acts": [together.act, quiet.act],
        "advised": quiet.before_step(1.0),
    }


def deserted(rank: int, folder: Path) -> dict[str, Any]:
    """Rank 1 hangs until rank 0 is done."""
    from descentry.integrations.distributed import Together

    together = Together(Scripted({5: Stop("never")}), timeout_s=1.0)
    together.observe(0, loss=1.0)
    if rank == 1:
        while not (folder / "0.json").exists():
            time.sleep(0.05)
        return {}
    actions = [type(together.observe(step, loss=1.0)).__name__ for step in range(1, 10)]
    return {"actions": actions, "is_off": together.is_off, "may": together.before_step(1.0)}


def bereaved(rank: int, folder: Path) -> dict[str, Any]:
    """Rank 1 dies."""
    from descentry.integrations.distributed import Together

    together = Together(Scripted({5: Stop("never")}), timeout_s=20.0)
    together.observe(0, loss=1.0)
    if rank == 1:
        (folder / "1.json").write_text("{}")
        os._exit(9)
    actions = [type(together.observe(step, loss=1.0)).__name__ for step in range(1, 10)]
    return {"actions": actions, "is_off": together.is_off}


SCENES: dict[str, Callable[[int, Path], dict[str, Any]]] = {
    "alike": alike, "refusals": refusals, "deserted": deserted, "bereaved": bereaved,
}  # fmt: skip


def play(rank: int, n: int, scene: str, folder: str) -> None:
    """One process."""
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    import torch
    import torch.distributed as dist

    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=n)
    seen = SCENES[scene](rank, Path(folder))
    file = Path(folder) / f"{rank}.json"
    file.with_suffix(".part").write_text(json.dumps(seen))
    file.with_suffix(".part").replace(file)
    os._exit(0)  # a group that lost a member cannot be ended in order
