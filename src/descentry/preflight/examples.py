"""A few examples of the batch, decoded: what the model is given, and what is asked of it there."""

from collections.abc import Callable
from typing import Any

from descentry.preflight.batches import main_input, targets
from descentry.preflight.graded import graded
from descentry.preflight.setup import Setup
from descentry.preflight.wall import outcome, told

N_EXAMPLES, N_TOKENS = 3, 24


def examples(setup: Setup) -> tuple[str, ...]:
    """Lines of text: inputs and targets of the first examples, in words where a tokenizer is there, else as ids."""
    inputs, wanted = main_input(setup.batch), targets(setup.batch)
    if inputs.is_floating_point() or inputs.ndim != 2:
        return tuple(
            _summary(one, target)
            for one, target in zip(inputs[:N_EXAMPLES], wanted[:N_EXAMPLES], strict=False)
        )
    found = outcome(lambda: graded(setup))
    is_read = found is not None and not isinstance(found, Exception) and found.tokens.shape == inputs.shape
    lines = []
    for at in range(min(N_EXAMPLES, len(inputs))):
        lines.append(f"input  {_decoded(setup, inputs[at].tolist())}")
        asked = found.tokens[at][found.asked[at]] if is_read else wanted[at]  # type: ignore[union-attr]
        lines.append(f"target {_decoded(setup, asked.reshape(-1).tolist())}")
    return tuple(lines)


def _decoded(setup: Setup, ids: list[int]) -> str:
    cut = [one for one in ids[:N_TOKENS] if one >= 0]
    decode: Callable[[list[int]], Any] | None = getattr(setup.tokenizer, "decode", setup.tokenizer)
    if decode is None:
        return " ".join(map(str, cut)) + (" …" if len(ids) > N_TOKENS else "")
    text = outcome(lambda: decode(cut))
    return f"(cannot be decoded: {told(text)})" if isinstance(text, Exception) else repr(str(text))


def _summary(one: Any, target: Any) -> str:
    wanted = f"{target.item():.4g}" if target.numel() == 1 else f"shape {tuple(target.shape)}"
    values = one.float()
    return f"input  shape {tuple(one.shape)}, mean {float(values.mean()):.3g}  ->  target {wanted}"
