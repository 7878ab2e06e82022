"""Roles of the signals inside a network: what probes, W&B watch, Megatron, TRL, Composer and Lightning call them."""

import re

from descentry.record.roles import Role

_MODULES = frozenset({
    "layer", "layers", "block", "blocks", "module", "head", "heads", "embed", "embedding", "embeddings", "wte",
    "wpe", "attn", "attention", "mlp", "ffn", "encoder", "decoder", "backbone", "trunk", "transformer", "conv",
    "fc", "linear", "qkv", "lm", "stem", "stage",
})  # fmt: skip
_NUMBERED = re.compile(r"(layer|block|conv|fc|linear|stage|head|h|encoder|decoder|l|mlp|attn)\d+")
_WHOLE = frozenset({"global", "total", "overall"})
_ATTENTION = frozenset({"attention", "attn", "qk"})
_SHARES = frozenset({
    "units", "unit", "neurons", "neuron", "relu", "fraction", "frac", "share", "ratio", "rate", "percent", "pct",
    "activations", "activation", "channels", "features", "experts",
})  # fmt: skip
_NO_ACTIVATION = frozenset({"grad", "weights", "weight", "param", "params", "loss", "target", "expert"})


def is_of_module(found: tuple[str, ...]) -> bool:
    """Whether the words of a name speak of one part of the network and not of all of it."""
    have = frozenset(found)
    if have & _WHOLE:
        return False
    return bool(have & _MODULES) or any(_NUMBERED.fullmatch(word) for word in found)


def inner_role(found: tuple[str, ...], is_val: bool) -> Role | None:
    """The role of a signal from inside the network or of a judged policy, or None when it is none of these."""
    have = frozenset(found)
    return _norm_role(found, have) or _unit_role(found, have) or _judged_role(have, is_val)


def _norm_role(found: tuple[str, ...], have: frozenset[str]) -> Role | None:
    """Norms of modules; norms of what is neither gradient nor weight are nothing in particular."""
    if have & {"update", "updates", "upd"} and have & {"ratio", "norm"}:
        return Role.UPDATE_RATIO
    if "norm" not in have:
        return None
    if "grad" in have:
        is_part = is_of_module(found) or (bool(have & {"weight", "bias"}) and not have & _WHOLE)
        return Role.MODULE_GRAD_NORM if is_part else None
    return Role.METRIC if have & {"moment", "momentum", "activation", "activations"} else None


def _unit_role(found: tuple[str, ...], have: frozenset[str]) -> Role | None:
    """Units that are silent or at their bounds, logits, attention."""
    if have & {"dead", "dormant"} and (have & _SHARES or is_of_module(found)):
        return Role.DEAD_UNITS
    if ("sparsity" in have or {"zero", "fraction"} <= have) and not have & _NO_ACTIVATION:
        return Role.DEAD_UNITS
    if have & {"saturation", "saturated"}:
        return Role.SATURATION
    if have & _ATTENTION and "entropy" in have:
        return Role.ATTENTION_ENTROPY
    scores = have & {"logit", "logits", "qk"} or (have & _ATTENTION and have & {"score", "scores"})
    return Role.MAX_LOGIT if scores and have & {"max", "maximum", "largest"} else None


def _judged_role(have: frozenset[str], is_val: bool) -> Role | None:
    """What a policy's answers are worth to a judge that did not train it; the parts of a preference's margin."""
    if have & {"preference", "winrate"} or {"win", "rate"} <= have or {"gold", "reward"} <= have:
        return Role.PREFERENCE
    if "accuracy" in have and "rm" in have:
        return Role.PREFERENCE
    if "reward" in have and have & {"accuracy", "accuracies"}:
        return Role.PREFERENCE if is_val else Role.METRIC
    return Role.METRIC if "reward" in have and have & {"chosen", "rejected"} else None
