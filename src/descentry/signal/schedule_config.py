"""The learning-rate schedule that the settings of a run name, where the rate itself is not logged."""

import re
from collections.abc import Mapping

from descentry.signal.schedule import Schedule

KEYS = (
    "lr_scheduler_type",
    "lr_scheduler",
    "scheduler",
    "lr_schedule",
    "schedule",
    "lr_decay_style",
    "sched",
    "lr_policy",
)
"""Settings that name the schedule: Hugging Face, Lightning, Megatron, timm, Detectron."""
PLAN = (
    "max_steps",
    "total_steps",
    "max_iters",
    "train_iters",
    "num_training_steps",
    "lr_decay_iters",
    "n_steps",
)
"""Settings that tell how many steps are planned."""
WARM = (
    "warmup_steps",
    "warmup_iters",
    "lr_warmup_steps",
    "lr_warmup_iters",
    "num_warmup_steps",
    "n_warmup_steps",
)
PEAK = ("learning_rate", "lr", "max_lr", "base_lr", "peak_lr")
WORDS = (
    ("warm_restarts", r"restart|sgdr"), ("on_plateau", r"plateau"), ("one_cycle", r"one_?cycle"),
    ("cyclical", r"cycl"), ("wsd", r"wsd|stable|trapez"), ("cosine", r"cos"), ("inverse_sqrt", r"inv|noam|rsqrt"),
    ("polynomial", r"poly"), ("exponential", r"exp"), ("step", r"step|milestone"), ("linear", r"linear"),
    ("warmup", r"constant_with_warmup"), ("constant", r"const|none|fixed"),
)  # fmt: skip
"""Kind and what its many names have in common, the more particular first."""


def configured(config: Mapping[str, object], first_step: int, last_step: int) -> Schedule | None:
    """The schedule that the settings name, or None.

    `configured({"lr_scheduler_type": "cosine"}, 0, 100).kind` is 'cosine'.  A plan says what should have been, not
    what was: the confidence is 0.8.
    """
    name = next((config[key] for key in KEYS if isinstance(config.get(key), str)), None)
    if not isinstance(name, str):
        return None
    kind = next((kind for kind, pattern in WORDS if re.search(pattern, name.lower())), None)
    if kind is None:
        return None
    warm = _number(config, WARM)
    share = _number(config, ("warmup_ratio",))
    plan = _number(config, PLAN)
    if warm is None and share is not None and plan is not None:
        warm = share * plan
    ended = (
        plan is not None
        and kind in ("cosine", "linear", "polynomial", "wsd", "one_cycle")
        and last_step >= plan
    )
    return Schedule(
        kind, _number(config, PEAK) or float("nan"), first_step, last_step,
        warmup_end=round(first_step + warm) if warm else None, end=round(plan) if ended and plan else None,
        final_share=float("nan"), confidence=0.8, origin="configured",
    )  # fmt: skip


def _number(config: Mapping[str, object], keys: tuple[str, ...]) -> float | None:
    for key in keys:
        value = config.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return float(value)
    return None
