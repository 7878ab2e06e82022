"""The largest attention logit of each attention of a pass.

Seen by watching torch's functions: a softmax over square scores, or the fused attention, for which the scores of some
queries of the first item are made anew.  Attention inside a kernel or a module of its own is not seen.
Source: Zhai et al. 2023, arXiv:2303.06296; Wortsman et al. 2023, arXiv:2309.14322.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

N_QUERIES = 64
"""Queries of fused attention whose scores are made anew.  More: surer, slower."""


class LogitWatch(TorchFunctionMode):
    """Collects the largest logits, in the order of the attentions, still on their device."""

    def __init__(self, guarded: Callable[[Callable[[], object]], None]) -> None:
        super().__init__()
        self.found: list[Any] = []
        self._guarded = guarded

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run a torch function; of attention, take the largest logit."""
        del types
        kwargs = kwargs or {}
        made = func(*args, **kwargs)
        name = getattr(func, "__name__", "")
        if name == "softmax":
            self._guarded(lambda: self._softmax(args[0] if args else kwargs["input"]))
        elif name == "scaled_dot_product_attention":
            self._guarded(lambda: self._fused(*args, **kwargs))
        return made

    def _softmax(self, scores: Any) -> None:
        if scores.ndim >= 4 or (scores.ndim == 3 and scores.shape[-1] == scores.shape[-2]):
            self.found.append(scores.detach().amax().float())

    def _fused(
        self, query: Any, key: Any, *rest: Any, is_causal: bool = False, scale: float | None = None, **_: Any
    ) -> None:
        """The largest score among evenly spread queries of the first item."""
        is_causal = is_causal or (len(rest) > 3 and bool(rest[3]))
        with torch.no_grad(), torch.autocast(query.device.type, enabled=False):
            n, n_keys = query.shape[-2], key.shape[-2]
            at = torch.linspace(0, n - 1, min(n, N_QUERIES), device=query.device).long()
            q, k = query.detach()[:1][..., at, :].float(), key.detach()[:1].float()
            if q.ndim == 4 and q.shape[1] != k.shape[1]:
                k = k.repeat_interleave(q.shape[1] // k.shape[1], 1)  # grouped queries share keys
            scores = q @ k.transpose(-1, -2) * (1.0 / math.sqrt(q.shape[-1]) if scale is None else scale)
            if is_causal:
                future = torch.arange(n_keys, device=query.device)[None, :] > at[:, None]
                scores = scores.masked_fill(future, float("-inf"))
            self.found.append(scores.amax())


class FirstPass:
    """Watches torch's functions during the first training pass of a model, by hooks that `remove` takes away."""

    def __init__(self, model: Any, watch: LogitWatch) -> None:
        self._watch, self._is_in, self._is_over = watch, False, False
        # Also called when the pass raises: a watch that is left on would see the rest of the program.
        self._leaving = model.register_forward_hook(self._leave, always_call=True)
        self._entering = model.register_forward_pre_hook(self._enter)

    def remove(self) -> None:
        """Take the hooks away; in the midst of a pass the watch ends with it."""
        self._is_over = True
        self._entering.remove()
        if not self._is_in:
            self._leaving.remove()

    def _enter(self, module: Any, _: Any) -> None:
        if module.training and not self._is_over:
            self._is_in = self._is_over = True
            self._watch.__enter__()

    def _leave(self, *_: Any) -> None:
        if self._is_in:
            self._is_in = False
            self._watch.__exit__(None, None, None)
            self.remove()
