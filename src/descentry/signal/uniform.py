"""The loss of a uniform guess: ln of the number of tokens or classes, given or recognised."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

VOCABULARIES = {
    50257: "GPT-2",
    50304: "GPT-2, padded",
    30522: "BERT",
    32000: "Llama 2",
    32768: "Mistral",
    100277: "cl100k",
    128256: "Llama 3",
    151936: "Qwen",
    1000: "ImageNet",
    100: "100 classes",
    10: "10 classes",
}
"""Sizes that a first loss is compared with where nothing else tells."""
TOLERANCE = 0.004
"""A first loss is recognised within 0.4 % of ln(size).  Wider, neighbours such as 30522 and 32000 (0.5 %
apart in loss) would be guessed for each other; a run that starts further off is not guessed at all."""


@dataclass(frozen=True, slots=True)
class Uniform:
    """`size` tokens or classes; `loss` = ln(size), in nats; `origin`: given, logged, or guessed."""

    size: int
    loss: float
    origin: str


def uniform_guess(vocab_size: int | None, config: Mapping[str, object], first_loss: float) -> Uniform | None:
    """The expected first loss, or None where no size is given, logged, or near enough to be recognised.

    `uniform_guess(50257, {}, nan).loss` is 10.825.  A size that is only recognised explains a level; it can
    never accuse one, because the level itself suggested it.
    """
    if vocab_size is not None:
        return Uniform(vocab_size, math.log(vocab_size), "given")
    for key in ("vocab_size", "n_vocab", "num_classes", "n_classes"):
        size = config.get(key)
        if isinstance(size, int) and not isinstance(size, bool) and size > 1:
            return Uniform(size, math.log(size), "logged")
    if not first_loss > 0 or math.isinf(first_loss):
        return None
    near = min(VOCABULARIES, key=lambda size: abs(math.log(size) - first_loss))
    if abs(math.log(near) - first_loss) <= TOLERANCE * first_loss:
        return Uniform(near, math.log(near), "guessed")
    return None
