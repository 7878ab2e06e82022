"""The guard in a plain PyTorch loop: checkpoints that can be gone back to, and the actions performed.

guard = descentry.Guard(act=True, n_steps=n)
keeper = Keeper(guard, model, optimizer, scheduler=scheduler, data=batches)
for step in keeper.steps(n):
    loss = loss_of(model, next(batches))
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    if keeper.allows(guard.observe(step, loss=loss, grad_norm=norm)):
        optimizer.step()
    scheduler.step()
    optimizer.zero_grad()
"""

from descentry.integrations.pytorch.batches import Batches
from descentry.integrations.pytorch.checkpoints import Checkpoints
from descentry.integrations.pytorch.keeper import Keeper
from descentry.integrations.pytorch.reins import Reins

__all__ = ["Batches", "Checkpoints", "Keeper", "Reins"]
