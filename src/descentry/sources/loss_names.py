"""Whether a name is a loss, of which split, and whether of the whole or of a part."""

from typing import NamedTuple

from descentry.sources.words import words


class LossName(NamedTuple):
    """`split`: train, val or test.  `part`: the words that name a summand or another objective, "" for the
    whole.  `cost`: the larger, the less this is the main loss.  `is_component`: the name is of a kind of
    loss (cross entropy, …) and not of the loss.  `leads`: the objective that stands for the run when there
    is no whole (a PPO actor, a generator)."""

    name: str
    split: str
    part: str
    cost: float
    is_component: bool
    is_auxiliary: bool
    leads: bool


_COSTS = {
    "loss": 0.0, "train": 1.0, "val": 0.0, "test": 0.0, "step": 0.5, "iter": 0.5, "iteration": 0.5,
    "batch": 1.0, "current": 1.5, "lm": 1.0, "total": 1.0, "overall": 1.0, "value": 0.5, "main": 0.5,
    "model": 0.5, "global": 0.5, "avg": 2.0, "epoch": 2.5, "interval": 2.0, "running": 3.0, "smooth": 4.0,
    "smoothed": 4.0, "ema": 4.0, "metrics": 0.5, "metric": 0.5, "scalars": 0.5, "log": 0.5, "logs": 0.5,
    "per": 0.5, "tokens": 0.5, "objective": 0.5, "reduced": 0.5, "at": 0.5, "s": 0.5,
}  # fmt: skip
"""Words that leave a loss the whole loss, and how much each speaks against it being the main series."""

_KINDS = frozenset({
    "ce", "bce", "nll", "xent", "smoothl1", "mlm", "nsp", "cls", "dfl", "huber", "focal", "dice", "ctc",
    "cost", "bpb", "elbo", "logloss", "mlogloss",
})  # fmt: skip
_WHOLE_KINDS = frozenset({"ce", "nll", "xent", "bce", "cost", "bpb", "elbo", "logloss", "mlogloss"})
"""Kinds that are often the whole loss of a run."""

_SAY_LOSS = frozenset({"loss", "logloss", "mlogloss"})

_NOT_A_LOSS = frozenset({
    "std", "var", "variance", "coef", "coeff", "coefficient", "weight", "ratio", "slope", "gap",
    "best", "min", "max", "lowest", "delta", "diff", "accuracy", "perplexity", "rpnl1", "rcnnl1", "time",
    "patience", "num", "count", "skipped", "spike", "grad", "lr", "target", "threshold", "reward",
})  # fmt: skip
"""Words beside which "loss" is no loss of its own: settings, statistics, figures of a metric."""

_AUXILIARY = frozenset({
    "aux", "auxiliary", "z", "mtp", "router", "moe", "balance", "balancing", "load", "unsuper", "reg",
    "regularization", "penalty", "distill", "critic", "cri", "value", "vf", "discriminator", "disc", "d",
})  # fmt: skip
_LEADERS = frozenset({"act", "actor", "policy", "pg", "generator", "gen", "g"})
_GLUON_PARTS = frozenset({("rpn", "conf")})


def loss_name(name: str) -> LossName | None:
    """What a name says about a loss, or None when it is none."""
    found = words(name)
    have = frozenset(found)
    if found in _GLUON_PARTS:
        return LossName(name, "train", "rpn conf", 10.0, False, False, False)
    kinds = have & _KINDS if "loss" in have else have & (_WHOLE_KINDS | {"smoothl1"})
    if not ("loss" in have or kinds) or have & _NOT_A_LOSS or _is_loss_scale(found):
        return None
    if not have & _SAY_LOSS and not _is_bare_kind(have):
        return None
    said = [word for word in found if word not in _COSTS and word not in _WHOLE_KINDS]
    mtp_value = (
        "value" in have and len(have & {"value", "policy", "actor"}) == 1 and found[-2:] == ("value", "loss")
    )
    part = " ".join([*said, *(["value"] if mtp_value else [])])
    cost = sum(_COSTS.get(word, 3.0) for word in found) + (10.0 if part else 0.0)
    return LossName(
        name, _split(found), _with_kind(part, found), cost, bool(have & _WHOLE_KINDS), _is_auxiliary(part),
        bool(set(said) & _LEADERS),
    )  # fmt: skip


def _is_loss_scale(found: tuple[str, ...]) -> bool:
    """Whether the scale is the loss's: `loss_scale`, but not `BoxScaleLoss`."""
    return "scale" in found and "loss" in found[: found.index("scale")]


def _is_bare_kind(have: frozenset[str]) -> bool:
    """Whether a name without the word loss says a kind of loss and little more (`RCNN_SmoothL1`)."""
    return len(have - set(_COSTS) - _KINDS) <= 1


def _with_kind(part: str, found: tuple[str, ...]) -> str:
    """`RCNN_CrossEntropy` and `RCNN_SmoothL1` are two parts: the kind belongs to the part's name."""
    return " ".join([part, *(word for word in found if word in _WHOLE_KINDS)]) if part else ""


def _is_auxiliary(part: str) -> bool:
    return bool(set(part.split()) & _AUXILIARY)


def _split(found: tuple[str, ...]) -> str:
    """The split that the last such word names: `train/val_loss` is a validation loss."""
    splits = [word for word in found if word in ("train", "val", "test")]
    return splits[-1] if splits else "train"
