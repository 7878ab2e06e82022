"""attention_scale: scores are divided by sqrt(head_dim), or they grow with the size of the heads.

Told by the factors that the forward pass applies to queries, keys and scores (preflight/scores.py).  A scale that is
in the weights' own initialisation (T5), or queries of one length (QK norm), are no fault and cannot be judged so.
Source: Vaswani et al. 2017, arXiv:1706.03762; Yang et al. 2022, arXiv:2203.03466 (1/head_dim under muP).
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch

from descentry.preflight.answer import Answer, cannot_tell, fault, ok
from descentry.preflight.passes import passed
from descentry.preflight.scores import Scores, ScoreWatch
from descentry.preflight.setup import Setup
from descentry.signal.words import number


@dataclass(frozen=True, slots=True)
class AttentionScale:
    """Scores keep their size whatever the size of the heads."""

    id: ClassVar[str] = "attention_scale"
    title: ClassVar[str] = "attention is scaled"

    far: float = 2.0
    """Most that the factor may exceed 1 / sqrt(head_dim).  Higher: only large heads without a scale."""
    near: float = 0.4
    """Below this share of it, scores may have been scaled twice, or by 1 / head_dim."""

    def run(self, setup: Setup) -> Answer:
        setup.model.eval()
        with torch.no_grad(), ScoreWatch() as watch:
            passed(setup)
        if not watch.found:
            if watch.n_whole:
                return ok(f"{watch.n_whole} attentions of torch's own module, which scales by itself")
            return cannot_tell("no attention is seen: none, or one in a kernel of its own")
        return self._judged(max(watch.found, key=_excess), len(watch.found))

    def _judged(self, worst: Scores, n: int) -> Answer:
        right = 1.0 / math.sqrt(worst.head_dim)
        measured = {
            "factor": worst.factor,
            "expected": right,
            "head_dim": float(worst.head_dim),
            "n": float(n),
        }
        said = f"scores of {worst.head_dim} dimensions are multiplied by {number(worst.factor)}"
        if worst.factor <= self.far * right:
            if worst.factor < self.near * right:
                return cannot_tell(
                    f"{said}, less than 1/sqrt({worst.head_dim}): scaled twice, or meant so (muP)?",
                    **measured,
                )
            return ok(f"{said}, about 1/sqrt({worst.head_dim}), in {n} attentions", **measured)
        if worst.is_normed:
            return cannot_tell(
                f"{said}; all queries have one length, which bounds the scores by itself", **measured
            )
        if worst.balance <= 1.5 * right:
            return cannot_tell(
                f"{said}; queries are smaller than keys as if their weights carried the scale", **measured
            )
        spread = (
            f" (spread of the scores now: {number(worst.spread)})" if worst.spread == worst.spread else ""
        )
        said += f", expected 1/sqrt({worst.head_dim}) = {number(right)}{spread}"
        return fault("attention_scale_missing", said, "scale_attention", **measured)


def _excess(scores: Scores) -> float:
    return scores.factor * math.sqrt(scores.head_dim)
