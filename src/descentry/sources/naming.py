"""Which key of a row is the step, which is the wall time, which say nothing."""

STEP_NAMES = (
    "step", "global_step", "iteration", "iter", "current_steps", "_step", "trainer/global_step", "train_step",
    "train/step", "train/global_step", "steps", "global step", "num_steps", "n_iter", "iterations",
    "training_iteration", "batch_idx", "num_updates", "update", "index", "epoch",
)  # fmt: skip
"""Names of the step, in lower case, best first; the epoch is the last resort."""

RANK = {name: rank for rank, name in enumerate(STEP_NAMES)}


def step_rank(name: str) -> int | None:
    """How good a step the series of that name is (0 the best), or None."""
    return RANK.get(name.lower())


def best_step(names: object) -> str | None:
    """The best step among the names, or None.  `names`: an iterable of str."""
    found = [(RANK[name.lower()], name) for name in names if name.lower() in RANK]  # type: ignore[attr-defined]
    return min(found)[1] if found else None
