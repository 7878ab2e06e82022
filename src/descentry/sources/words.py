"""Words inside the names of series: `train/boxLoss_epoch` is train, box, loss, epoch."""

import re

_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PIECE = re.compile(r"[^\W_]+")

_SPLIT = {
    "trainloss": ("train", "loss"), "trainingloss": ("train", "loss"), "valloss": ("val", "loss"),
    "validloss": ("val", "loss"), "validationloss": ("val", "loss"), "evalloss": ("val", "loss"),
    "testloss": ("test", "loss"), "lmloss": ("lm", "loss"), "totalloss": ("total", "loss"),
    "gradnorm": ("grad", "norm"), "gnorm": ("grad", "norm"), "gradientnorm": ("grad", "norm"),
    "learningrate": ("lr",), "lossscale": ("loss", "scale"), "losses": ("loss",), "trainer": (),
    "trainacc": ("train", "accuracy"), "valacc": ("val", "accuracy"), "testacc": ("test", "accuracy"),
    "valppl": ("val", "perplexity"), "trainppl": ("train", "perplexity"),
}  # fmt: skip
"""Words that are written together."""

_SAME = {
    "training": "train", "tr": "train", "trn": "train",
    "valid": "val", "validation": "val", "eval": "val", "evaluation": "val", "dev": "val", "va": "val",
    "heldout": "val",
    "testing": "test", "tst": "test",
    "acc": "accuracy", "acc1": "accuracy", "top1": "accuracy", "ppl": "perplexity",
    "gradient": "grad", "gradients": "grad", "grads": "grad", "norms": "norm",
    "average": "avg", "mean": "avg", "rewards": "reward", "tok": "tokens", "token": "tokens",
    "epochs": "epoch", "steps": "step", "sec": "second", "secs": "second", "seconds": "second",
    "sample": "samples", "scaler": "scale", "crossentropy": "ce", "celoss": "ce",
}  # fmt: skip
"""Spellings of one word."""


def words(name: str) -> tuple[str, ...]:
    """The words of a name in lower case, in one spelling each; `learning_rate` is the one word lr."""
    found: list[str] = []
    for piece in _PIECE.findall(_BOUNDARY.sub(" ", name[:400])):
        word = piece.lower()
        found.extend(_SPLIT.get(word, (_SAME.get(word, word),)))
    return _joined(found)


def _joined(found: list[str]) -> tuple[str, ...]:
    """Pairs of words that mean one thing become one."""
    pairs = {
        ("learning", "rate"): "lr",
        ("held", "out"): "val",
        ("cross", "entropy"): "ce",
        ("smooth", "l1"): "smoothl1",
    }
    out: list[str] = []
    for word in found:
        if out and (out[-1], word) in pairs:
            out[-1] = pairs[out[-1], word]
        else:
            out.append(word)
    return tuple(out)
