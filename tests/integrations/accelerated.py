"""A small loop under Accelerate, in this process or in one of several."""

import os
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from tests.integrations.scripted import Scripted

from descentry.guard.actions import RollBack, Stop
from descentry.integrations.accelerate import Guarded
from descentry.integrations.pytorch import Batches

N_STEPS = 20


class Run:
    """A model, its optimizer and batches, prepared; ten batches an epoch, so that three a step leave one over."""

    def __init__(self, micro: int) -> None:
        torch.manual_seed(0)
        self.accelerator = Accelerator(cpu=True, gradient_accumulation_steps=micro)
        model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.2), torch.nn.Linear(4, 1))
        optimizer = torch.optim.AdamW(model.parameters(), 0.05)
        points = torch.randn(80, 3, generator=torch.Generator().manual_seed(1))
        data = torch.utils.data.TensorDataset(points, points[:, :1] * 2)
        loader = torch.utils.data.DataLoader(data, 8, shuffle=True)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0 / (1.0 + step))
        self.model, self.optimizer, loader, self.scheduler = self.accelerator.prepare(
            model, optimizer, loader, schedule
        )
        self.data = Batches(loader)
        self.losses: list[float] = []
        self.steps: list[tuple[int, float]] = []
        self.seen: list[Any] = []

    @property
    def weights(self) -> Any:
        return torch.cat([part.detach().flatten() for part in self.model.parameters()])

    def batch(self, batch: Any, observe: Any) -> None:
        """One batch of the loop."""
        accelerator = self.accelerator
        with accelerator.accumulate(self.model):
            x, y = batch
            loss = ((self.model(x) - y) ** 2).mean()
            self.losses.append(float(loss.detach()))
            accelerator.backward(loss)
            norm = (
                accelerator.clip_grad_norm_(self.model.parameters(), 1.0)
                if accelerator.sync_gradients
                else None
            )
            observe(loss, norm)
            self.optimizer.step()
            self.scheduler.step()
            self.optimizer.zero_grad()

    def alone(self) -> "Run":
        """Trains without a guard."""
        for step in range(N_STEPS):
            while True:
                self.batch(next(self.data), lambda *_: None)
                if self.accelerator.sync_gradients:
                    break
            self.steps.append((step, self.losses[-1]))
        return self

    def guarded(self, guard: Any) -> "Run":
        """Trains with one."""
        guarded = Guarded(
            self.accelerator, guard, self.model, self.optimizer, scheduler=self.scheduler, data=self.data, every=5
        )  # fmt: skip
        for step in guarded.steps(N_STEPS):
            self.seen.append(self.weights.clone())
            for batch in guarded.batches():
                self.batch(
                    batch,
                    lambda loss, norm, step=step: guarded.observe(step, loss=loss, grad_norm=norm),
                )
            self.steps.append((step, self.losses[-1]))
        return self


def meet(rank: int, n: int, folder: str) -> None:
    """Becomes one process of several that talk over gloo on the loopback."""
    os.environ |= {
        "GLOO_SOCKET_IFNAME": "lo", "RANK": str(rank), "WORLD_SIZE": str(n), "LOCAL_RANK": str(rank),
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0", "ACCELERATE_USE_CPU": "true",
    }  # fmt: skip
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=n)


def play(rank: int, n: int, folder: str) -> None:
    """A plain loop in one process of several."""
    meet(rank, n, folder)
    script = {8: RollBack(5, rate=0.5), 12: Stop("enough")} if rank == 0 else {3: Stop("not heard")}
    run = Run(1)
    assert run.accelerator.num_processes == n
    run.guarded(Scripted(script))
    told = [str([step for step, _ in run.steps]), str(run.weights.tolist())]
    (Path(folder) / f"{rank}.txt").write_text("\n".join(told))
    os._exit(0)


def play_trainer(rank: int, n: int, folder: str) -> None:
    """transformers' Trainer in one process of several."""
    meet(rank, n, folder)
    from tests.integrations.test_huggingface import trained

    script = {7: RollBack(4), 9: Stop("enough")} if rank == 0 else {3: Stop("not heard")}
    trainer = trained(Path(folder) / "out", Scripted(script, refuses=(1,) if rank == 0 else (0, 2)))
    assert trainer.args.world_size == n
    seen = trainer.model.seen
    same = [i for i in range(1, len(seen)) if torch.equal(seen[i], seen[i - 1])]
    back = torch.equal(seen[7], seen[3])
    told = [str(trainer.state.global_step), str(same), str(back), str(trainer.model.layer.weight.tolist())]
    (Path(folder) / f"{rank}.txt").write_text("\n".join(told))
    os._exit(0)
