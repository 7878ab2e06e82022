"""By how much attention scores are multiplied before their softmax, seen from inside one forward pass.

Every torch function of the pass is watched.  A product with one number is remembered with what it made, through views,
masks and further products, until a product of two tensors makes scores and a softmax takes them.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor
from torch.nn import Parameter
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakIdKeyDictionary

_TIMES = frozenset({"mul", "mul_", "multiply", "__mul__", "__rmul__", "__imul__"})
_OVER = frozenset({"div", "div_", "divide", "true_divide", "__truediv__", "__itruediv__"})
_PRODUCTS = frozenset({"matmul", "bmm", "__matmul__", "einsum", "baddbmm"})
_NEW = frozenset({"linear", "layer_norm", "rms_norm", "embedding", "addmm", "conv1d", "dropout"})
"""What comes out has a scale of its own."""
_WHOLE = frozenset(
    {"multi_head_attention_forward", "_transformer_encoder_layer_fwd", "_native_multi_head_attention"}
)
"""Attention of torch as a whole, which scales by itself."""


@dataclass(frozen=True, slots=True)
class Scores:
    """`factor`: what queries times keys are multiplied by; `head_dim`: over how many numbers they sum.

    `balance`: root mean square of the smaller of queries and keys over the larger; `is_normed`: whether all queries
    have one length; `spread`: standard deviation of the scores.
    """

    factor: float
    head_dim: int
    balance: float
    is_normed: bool
    spread: float = math.nan


class ScoreWatch(TorchFunctionMode):
    """Collects the scores of every attention in a pass; `n_whole` counts those of torch's own module."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Scores] = []
        self.n_whole = 0
        self._factors: Any = WeakIdKeyDictionary()
        self._scores: Any = WeakIdKeyDictionary()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run a torch function and remember what it did to scores."""
        del types
        kwargs = kwargs or {}
        made = func(*args, **kwargs)
        name = getattr(func, "__name__", "")
        if name == "scaled_dot_product_attention":
            self._fused(*args, **kwargs)
        elif name in _WHOLE:
            self.n_whole += 1
        elif name == "softmax":
            self._softmax(args[0] if args else kwargs["input"])
        elif name in _PRODUCTS:
            self._product(name, args, kwargs, made)
        elif name not in _NEW:
            self._passes_on(name, args, made)
        return made

    def _factor(self, tensor: Any) -> float:
        return float(self._factors.get(tensor, 1.0))

    def _fused(self, query: Any, key: Any, *_: Any, scale: float | None = None, **__: Any) -> None:
        scores = _measured(query, key, self._factor(query) * self._factor(key))
        scale = 1.0 / math.sqrt(scores.head_dim) if scale is None else scale
        self.found.append(replace(scores, factor=scores.factor * scale))

    def _softmax(self, scores: Any) -> None:
        known = self._scores.get(scores)
        if known is not None:
            real = scores.float()[scores.float().abs() < 1e4]  # masks are large or infinite
            self.found.append(replace(known, factor=self._factor(scores), spread=float(real.std())))

    def _product(self, name: str, args: Any, kwargs: Any, made: Any) -> None:
        """Two tensors of activations make scores; a tensor and a weight make something new."""
        pair = _operands(name, args, kwargs)
        if len(pair) < 2 or any(isinstance(one, Parameter) or one.ndim < 3 for one in pair):
            return
        query, key = pair
        if name == "einsum":
            head_dim = _contracted(args[0], pair)
        else:
            head_dim, key = query.shape[-1], key.transpose(-1, -2)
        if head_dim and isinstance(made, Tensor):
            factor = self._factor(query) * self._factor(pair[1]) * float(kwargs.get("alpha", 1.0))
            self._scores[made] = replace(_measured(query, key, factor), head_dim=head_dim)
            self._factors[made] = factor

    def _passes_on(self, name: str, args: Any, made: Any) -> None:
        """What was made keeps the factor of its first known part, times the number it was multiplied by."""
        tensors = [one for one in args if isinstance(one, Tensor)]
        times = 1.0
        if name in _TIMES | _OVER and len(args) == 2:
            tensors, number = _split(args)
            times = 1.0 if not number else number if name in _TIMES else 1.0 / number
        source = next((one for one in tensors if one in self._scores or one in self._factors), None)
        if source is None and times == 1.0:
            return
        source = tensors[0] if source is None else source
        factor = self._factor(source) * times
        for one in made if isinstance(made, tuple | list) else (made,):
            if isinstance(one, Tensor):
                self._factors[one] = factor
                if source in self._scores:
                    self._scores[one] = self._scores[source]


def _operands(name: str, args: Any, kwargs: Any) -> list[Any]:
    """The two tensors of a product."""
    if name == "einsum":
        return list(args[1] if isinstance(args[1], tuple | list) else args[1:])[:2]
    if name == "baddbmm":
        named = [kwargs[key] for key in ("batch1", "batch2") if key in kwargs]
        return [*args[1:3], *named]
    return list(args)[:2]


def _split(args: Any) -> tuple[list[Any], float]:
    """The tensors of a product, and the one number in it (0 where there is none)."""
    tensors = [one for one in args if isinstance(one, Tensor) and (one.ndim > 0 or len(args) < 2)]
    numbers = [
        one for one in args if isinstance(one, int | float) or (isinstance(one, Tensor) and not one.ndim)
    ]
    return tensors, float(numbers[0]) if numbers and tensors else 0.0


def _contracted(equation: Any, pair: list[Any]) -> int:
    """Over how many numbers an einsum of two tensors sums, 0 where that is not seen."""
    if not isinstance(equation, str) or "->" not in equation or "." in equation:
        return 0
    left, right = equation.replace(" ", "").split("->")
    first, second = left.split(",")[:2]
    sizes = dict(zip(first, pair[0].shape, strict=False))
    return math.prod(sizes[letter] for letter in first if letter in second and letter not in right)


def _measured(query: Any, key: Any, factor: float) -> Scores:
    """The scores of queries and keys whose last axis is the head's."""
    q, k = query.detach().float(), key.detach().float()
    sizes = sorted((float(q.square().mean()) ** 0.5, float(k.square().mean()) ** 0.5))
    lengths = q.norm(dim=-1)
    is_normed = float(lengths.std()) < 0.01 * float(lengths.mean())
    return Scores(factor, int(query.shape[-1]), sizes[0] / max(sizes[1], 1e-30), is_normed)
