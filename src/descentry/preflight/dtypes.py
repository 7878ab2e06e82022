"""In which precision the parts of a forward pass come out."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from descentry.preflight.passes import passed
from descentry.preflight.setup import Setup

LOW = (torch.float16, torch.bfloat16)
_KINDS = {
    "softmax": "softmax", "log_softmax": "softmax",
    "layer_norm": "norm", "rms_norm": "norm", "group_norm": "norm", "batch_norm": "norm", "instance_norm": "norm",
    "cross_entropy": "loss", "nll_loss": "loss", "nll_loss_nd": "loss", "mse_loss": "loss", "l1_loss": "loss",
    "binary_cross_entropy": "loss", "binary_cross_entropy_with_logits": "loss", "smooth_l1_loss": "loss",
    "linear": "product", "matmul": "product", "bmm": "product", "addmm": "product", "__matmul__": "product",
    "conv1d": "product", "conv2d": "product", "conv3d": "product", "scaled_dot_product_attention": "product",
}  # fmt: skip


@dataclass(slots=True)
class Dtypes:
    """Dtypes by kind (softmax, norm, loss, product); `on_cpu`: whether autocast was on for a CPU."""

    kinds: dict[str, set[Any]] = field(default_factory=dict)
    on_cpu: bool = False

    def low(self, *kinds: str) -> dict[str, Any]:
        """The 16-bit dtype of each of these kinds that has one."""
        found = {kind: next((one for one in LOW if one in self.kinds.get(kind, ())), None) for kind in kinds}
        return {kind: one for kind, one in found.items() if one is not None}


class DtypeWatch(TorchFunctionMode):
    """Notes the dtype of what each torch function makes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Dtypes = Dtypes()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run a torch function and note its dtype."""
        del types
        made = func(*args, **(kwargs or {}))
        kind = _KINDS.get(getattr(func, "__name__", ""))
        if kind is not None and isinstance(made, Tensor) and made.is_floating_point():
            self.seen.kinds.setdefault(kind, set()).add(made.dtype)
            self.seen.on_cpu |= made.device.type == "cpu" and torch.is_autocast_enabled("cpu")
        return made


def dtypes(setup: Setup) -> Dtypes:
    """The dtypes of one forward pass and its loss."""
    setup.model.train()
    with torch.no_grad(), DtypeWatch() as watch:
        loss = passed(setup).loss
    seen: Dtypes = watch.seen
    seen.kinds.setdefault("loss", set()).add(loss.dtype)
    return seen


def name(dtype: Any) -> str:
    """`float16` for torch.float16."""
    return str(dtype).removeprefix("torch.")
