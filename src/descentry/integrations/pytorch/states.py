"""Copies of states, on the CPU and free of what goes on being trained; the random states as plain values."""

import copy
import random
from collections import Counter, OrderedDict
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

Seen = dict[tuple[Any, ...], torch.Tensor]
_SIMPLE = (bool, int, float, complex, str, bytes, type(None))


def copied(state: Any, seen: Seen | None = None) -> Any:
    """The state with every tensor copied to the CPU; tensors that share memory share their copy."""
    seen = {} if seen is None else seen
    if isinstance(state, torch.Tensor):
        return _copied_tensor(state, seen)
    kind = type(state)
    if kind in (dict, OrderedDict):
        made = kind((key, copied(value, seen)) for key, value in state.items())
        if hasattr(state, "_metadata"):
            vars(made)["_metadata"] = copy.deepcopy(
                state._metadata
            )  # versions of layers, which loading asks for
        return made
    if kind in (list, tuple):
        return kind(copied(value, seen) for value in state)
    return copy.deepcopy(state)


def size_of(state: Any) -> int:
    """Bytes of all tensors in the state, those that share memory counted once each time they are named."""
    if isinstance(state, torch.Tensor):
        return int(state.numel() * state.element_size())
    if isinstance(state, Mapping):
        return sum(size_of(value) for value in state.values())
    return sum(size_of(value) for value in state) if isinstance(state, list | tuple) else 0


def is_plain(state: Any) -> bool:
    """Whether torch reads the state back without making any object but tensors and plain containers."""
    kind = type(state)
    if kind in (dict, OrderedDict, Counter):
        return all(is_plain(key) and is_plain(value) for key, value in state.items())
    if kind in (list, tuple, set):
        return all(is_plain(value) for value in state)
    return kind in (torch.Tensor, torch.nn.Parameter, *_SIMPLE)


def random_state() -> dict[str, Any]:
    """The states of Python's, NumPy's and torch's random numbers, CUDA's included, as plain values."""
    kind, keys, *rest = np.random.get_state(legacy=True)
    has_cuda = torch.cuda.is_initialized()  # type: ignore[no-untyped-call,unused-ignore]
    cuda = torch.cuda.get_rng_state_all() if has_cuda else []
    return {
        "python": random.getstate(),
        "numpy": (str(kind), torch.from_numpy(np.asarray(keys).astype(np.int64)), *rest),
        "torch": torch.get_rng_state(),
        "cuda": cuda,
    }


def set_random_state(state: Mapping[str, Any]) -> None:
    """Goes on from `random_state()`."""
    kind, keys, *rest = state["numpy"]
    random.setstate(state["python"])
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(state["torch"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])


def _copied_tensor(tensor: torch.Tensor, seen: Seen) -> torch.Tensor:
    at = (tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype, tensor.device)
    if not tensor.numel() or at not in seen:
        seen[at] = tensor.detach().to("cpu", copy=True)
    return seen[at]
