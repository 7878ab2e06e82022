"""A toy RLHF policy: it writes symbols, a learned reward likes them, a true preference is held out.

The reward model is right about most symbols and wrong about a few, as learned rewards are: a policy that is kept
near its reference gains in both, one that drifts far finds the wrong ones (Gao et al. 2022, arXiv:2210.10760).
"""

import math

import torch
from torch import Generator, nn

from lab.trainings.task import Batch, Change, Losses, unchanged

N_SYMBOLS, N_PROMPTS = 64, 16


class PolicyTask:
    """Policy gradient with a KL penalty `kl_weight` to the reference, over prompts with one answer each."""

    n_classes = N_SYMBOLS
    uniform = math.log(N_SYMBOLS)

    def __init__(self, seed: int, kl_weight: float = 0.5, n_wrong: int = 3) -> None:
        random = torch.Generator().manual_seed(1000 + seed)
        self.kl_weight = kl_weight
        self.reference = torch.log_softmax(1.5 * torch.randn(N_PROMPTS, N_SYMBOLS, generator=random), -1)
        self.truth = torch.randn(N_PROMPTS, N_SYMBOLS, generator=random)
        self.reward = self.truth + 0.3 * torch.randn(N_PROMPTS, N_SYMBOLS, generator=random)
        order = self.reference.argsort(1, descending=True)
        wrong = order[:, N_SYMBOLS // 2 : N_SYMBOLS // 2 + n_wrong]
        self.reward.scatter_(1, wrong, 6.0)
        self.truth.scatter_(1, wrong, -3.0)
        torch.manual_seed(seed)
        self.model: nn.Module = nn.Embedding(N_PROMPTS, N_SYMBOLS)
        with torch.no_grad():
            self.model.weight.copy_(self.reference)

    def batch(self, step: int, size: int, random: Generator) -> Batch:
        del step
        prompts = torch.randint(N_PROMPTS, (size,), generator=random)
        with torch.no_grad():
            answers = torch.multinomial(torch.softmax(self.model(prompts), -1), 1, generator=random)[:, 0]
        return prompts, answers

    def losses(self, batch: Batch) -> Losses:
        prompts, answers = batch
        logs = torch.log_softmax(self.model(prompts), -1)
        reward = self.reward[prompts, answers]
        kl = (logs.exp() * (logs - self.reference[prompts])).sum(-1)
        chosen = logs.gather(1, answers[:, None])[:, 0]
        gain = ((reward - reward.mean()) * chosen).mean()
        entropy = -(logs.exp() * logs).sum(-1).mean()
        loss = -gain + self.kl_weight * kl.mean()
        return {"loss": loss, "reward": reward.mean(), "kl": kl.mean(), "entropy": entropy}

    def validate(self, n_batches: int, size: int, change: Change = unchanged) -> dict[str, float]:
        del n_batches, size, change
        with torch.no_grad():
            chances = torch.softmax(self.model.weight, -1)
            return {"eval_preference": float((chances * self.truth).sum(-1).mean())}
