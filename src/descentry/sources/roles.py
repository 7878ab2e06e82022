"""Roles from the names that trackers and frameworks use.

Each name is cut into words; words say the kind (loss, rate, norm, …) and the split (train, val, test).
Roles that a run has once are given to the name with the fewest words that say anything more; the others
of its kind become OTHER_LOSS or METRIC.  The order of the names plays no part.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from descentry.record.roles import Role
from descentry.sources.inner_names import inner_role
from descentry.sources.loss_names import LossName, loss_name
from descentry.sources.words import words

_RANK = re.compile(r"rank[0-9]+/")

ONCE = frozenset({
    Role.TRAIN_LOSS, Role.VAL_LOSS, Role.TEST_LOSS, Role.LEARNING_RATE, Role.GRAD_NORM, Role.LOSS_SCALE,
})  # fmt: skip
"""Roles that one series of a run has at most."""


def resolve(names: Sequence[str], overrides: Mapping[str, Role] | None = None) -> dict[str, Role | None]:
    """The role of each name, in the order of `names`; METRIC for what is nothing in particular.

    `overrides` go first: their names have the role that is said, and no other name gets it a second time.
    """
    said = {name: role for name, role in (overrides or {}).items() if name in set(names)}
    others = {name for name in names if is_of_other_rank(name)}
    free = sorted(set(names) - set(said) - others)
    losses = [loss for loss in map(loss_name, free) if loss is not None]
    roles: dict[str, Role] = {}
    roles.update(_loss_roles(losses, frozenset(said.values())))
    rest = [name for name in free if name not in roles]
    roles.update(_kept_once({name: _plain_role(name) for name in rest}, frozenset(said.values())))
    roles.update(dict.fromkeys(others, Role.METRIC))
    roles.update(said)
    return {name: roles[name] for name in names}


def is_of_other_rank(name: str) -> bool:
    """Whether a series is one of a process that is not the first: it has no role beside those of the first."""
    return name.startswith("rank") and _RANK.match(name) is not None


def _kept_once(roles: Mapping[str, Role], taken: frozenset[Role]) -> dict[str, Role]:
    """`roles` with all but the plainest name of a role in `ONCE` turned into metrics."""
    kept = dict(roles)
    for role in ONCE:
        rivals = sorted((name for name, its in roles.items() if its is role), key=plainness)
        for name in rivals if role in taken else rivals[1:]:
            kept[name] = Role.METRIC
    return kept


def plainness(name: str) -> tuple[int, int, str]:
    """Sort key: names that say little beside the role come first."""
    extra = set(words(name)) - {"train", "global", "total", "grad", "norm", "lr", "loss", "scale"}
    is_bare_norm = words(name) in (("norm",), ("scale",))
    return len(extra) + is_bare_norm, len(name), name


def _loss_roles(losses: Sequence[LossName], taken: frozenset[Role]) -> dict[str, Role]:
    """Roles of the names that are losses: one main loss a split, or its parts, or other objectives."""
    roles = {loss.name: Role.OTHER_LOSS for loss in losses}
    train = [loss for loss in losses if loss.split == "train"]
    val = [loss for loss in losses if loss.split == "val"]
    test = [loss for loss in losses if loss.split == "test"]
    roles.update(_of_split(train, Role.TRAIN_LOSS, Role.LOSS_PART, taken, may_sum=True))
    trained = {loss.part for loss in train if roles[loss.name] is Role.LOSS_PART}
    sums = bool(trained) and {loss.part for loss in val} <= trained
    if not val and Role.VAL_LOSS not in taken:
        val, test = test, []
    roles.update(_of_split(val, Role.VAL_LOSS, Role.VAL_LOSS_PART, taken, may_sum=sums))
    roles.update(_of_split(test, Role.TEST_LOSS, Role.OTHER_LOSS, taken, may_sum=False))
    return roles


def _of_split(
    losses: Sequence[LossName], main: Role, part: Role, taken: frozenset[Role], *, may_sum: bool
) -> dict[str, Role]:
    """The main loss among the losses of one split, or else the parts that make it up."""
    if not losses or main in taken:
        return {}
    whole = [loss for loss in losses if not loss.part]
    parts = _one_a_part(loss for loss in losses if loss.part and not loss.is_auxiliary)
    named = [loss for loss in whole if not loss.is_component]
    if named or (whole and not parts):
        return {min(named or whole, key=_rank).name: main}
    summands = parts + whole
    leading = [loss for loss in summands if loss.leads]
    leading = [loss for loss in leading if "kl" not in loss.part.split()] or leading
    if leading or len(summands) < 2 or not may_sum:
        candidates = leading or summands or list(losses)
        return {min(candidates, key=_rank).name: main}
    return {loss.name: part for loss in summands}


def _one_a_part(losses: Iterable[LossName]) -> list[LossName]:
    """One name a part: `box_loss_step` and `box_loss_epoch` are not two summands."""
    best: dict[str, LossName] = {}
    for loss in sorted(losses, key=_rank):
        best.setdefault(loss.part, loss)
    return list(best.values())


def _rank(loss: LossName) -> tuple[float, int, str]:
    return loss.cost, len(loss.name), loss.name.swapcase()


def _plain_role(name: str) -> Role:
    """The role of a name that is no loss."""
    found = words(name)
    have = frozenset(found)
    is_val = bool(have & {"val", "test"})
    if have & _STATISTICS:
        return Role.METRIC
    inner = inner_role(found, is_val)
    if inner is not None:
        return inner
    for needed, role, val_role in _TABLE:
        if needed <= have:
            return val_role if is_val else role
    return _EXACT.get(found if found[:1] != ("train",) else found[1:], Role.METRIC)


_STATISTICS = frozenset(
    {"std", "var", "variance", "coef", "coeff", "coefficient", "target", "clip", "time", "eta"}
)
"""Words that make a name a figure about a signal, or a setting, not the signal."""

_TABLE: tuple[tuple[frozenset[str], Role, Role], ...] = tuple(
    (frozenset(needed.split()), role, val_role)
    for needed, role, val_role in (
        ("loss scale", Role.LOSS_SCALE, Role.LOSS_SCALE),
        ("grad scale", Role.LOSS_SCALE, Role.LOSS_SCALE),
        ("amp scale", Role.LOSS_SCALE, Role.LOSS_SCALE),
        ("grad norm", Role.GRAD_NORM, Role.GRAD_NORM),
        ("weight norm", Role.WEIGHT_NORM, Role.WEIGHT_NORM),
        ("weights norm", Role.WEIGHT_NORM, Role.WEIGHT_NORM),
        ("param norm", Role.WEIGHT_NORM, Role.WEIGHT_NORM),
        ("params norm", Role.WEIGHT_NORM, Role.WEIGHT_NORM),
        ("wn", Role.WEIGHT_NORM, Role.WEIGHT_NORM),
        ("skipped", Role.SKIPPED_STEPS, Role.SKIPPED_STEPS),
        ("lr", Role.LEARNING_RATE, Role.LEARNING_RATE),
        ("batch size", Role.BATCH_SIZE, Role.BATCH_SIZE),
        ("data version", Role.DATA_VERSION, Role.DATA_VERSION),
        ("shard", Role.DATA_VERSION, Role.DATA_VERSION),
        ("throughput", Role.THROUGHPUT, Role.METRIC),
        ("tps", Role.THROUGHPUT, Role.METRIC),
        ("wps", Role.THROUGHPUT, Role.METRIC),
        ("tokens s", Role.THROUGHPUT, Role.METRIC),
        ("tokens per", Role.THROUGHPUT, Role.METRIC),
        ("tokens second", Role.THROUGHPUT, Role.METRIC),
        ("samples s", Role.THROUGHPUT, Role.METRIC),
        ("samples per", Role.THROUGHPUT, Role.METRIC),
        ("samples second", Role.THROUGHPUT, Role.METRIC),
        ("step per", Role.THROUGHPUT, Role.METRIC),
        ("it s", Role.THROUGHPUT, Role.METRIC),
        ("speed", Role.THROUGHPUT, Role.METRIC),
        ("accuracy", Role.ACCURACY, Role.VAL_ACCURACY),
        ("perplexity", Role.PERPLEXITY, Role.VAL_PERPLEXITY),
        ("reward", Role.REWARD, Role.REWARD),
        ("rew", Role.REWARD, Role.REWARD),
        ("eprewmean", Role.REWARD, Role.REWARD),
        ("kl", Role.KL, Role.KL),
        ("entropy", Role.ENTROPY, Role.ENTROPY),
        ("tokens seen", Role.TOKENS, Role.TOKENS),
        ("consumed", Role.TOKENS, Role.TOKENS),
    )
)
"""Words that a name must have, its role, and its role when a word says validation.  The first row wins."""

_EXACT: Mapping[tuple[str, ...], Role] = {
    ("norm",): Role.GRAD_NORM,
    ("scale",): Role.LOSS_SCALE,
    ("epoch",): Role.EPOCH,
    ("tokens",): Role.TOKENS,
    ("n", "tokens"): Role.TOKENS,
    ("num", "tokens"): Role.TOKENS,
    ("total", "tokens"): Role.TOKENS,
    ("num", "input", "tokens", "seen"): Role.TOKENS,
}
"""Names that mean something only when nothing else is said; a leading `train` is not looked at."""
