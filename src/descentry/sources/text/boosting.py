"""The lines of boosted trees: XGBoost's, LightGBM's and CatBoost's, as lines of the general kind.

XGBoost (1 to 3) prints `[10]\\ttrain-rmse:0.5\\teval-rmse:0.6`, LightGBM (2 to 4) `[10]\\ttraining's l2: 0.5\\t…`,
and its program `Iteration:10, training l2 : 0.5`; CatBoost `10:\\tlearn: 0.5\\ttest: 0.6\\tbest: 0.6 (9)\\t…`.
The first metric of each set is a loss where its name is of one, and is called so.  With several folds the
deviation behind a mean is left out.
"""

import re

_BOOSTED = re.compile(
    r"(?:\[\s?\]\s{0,9})?(?:INFO[\s:|\]-]{1,9})?\[([0-9]{1,18})\]\s{1,9}(?=[^:\t\n]{1,120}:)"
)
_ITERATION = re.compile(r"(?:\[LightGBM\] \[Info\] )?Iteration: ?([0-9]{1,18}), (?=\w)")
_SET = r"[\w.]{1,60}(?='s |-)|training|train|val(?:id)?\w{0,20}|eval|test"
_PAIR = re.compile(
    rf"\s{{0,9}}(?P<set>{_SET})(?P<sign>'s |-| )(?P<metric>(?:train |valid )?[\w@.-]{{1,60}}?)\s?: ?"
    r"(?P<value>[-+]?(?:[0-9.]+(?:[eE][-+]?[0-9]+)?|nan|inf))(?:\s?\+\s?(?:[0-9.]+(?:[eE][-+]?[0-9]+)?|nan))?(?=\s|,|$)"
)
_CAT = re.compile(
    r"([0-9]{1,18}):\s{1,9}learn: ([^\s]{1,40})(?:\s{1,9}test[0-9]{0,3}: ([^\s]{1,40}))?(?=\s|$)"
)
_CAT_START = re.compile(r"[0-9]{1,18}:\s{1,9}learn:")
_LOSSES = re.compile(
    r"(?:[a-z_]*log_?loss|rmse?l?e?|mae|ma?pe|mphe|l1|l2|mse|rmsle|huber|fair|quantile|.*nloglik|.*_?entropy|"
    r"poisson|tweedie|gamma|.*deviance|kullback_leibler)(?:@[0-9.]+)?",
    re.IGNORECASE,
)
MAX_PAIRS = 32
MAX_LINE = 4000


def boosted(line: str) -> str:
    """The line as `iteration 10: train-rmse loss=0.5, …`, or "" where it is none of theirs."""
    if (not line[:1].isdigit() and line[:1] not in ("[", "I")) or len(line) > MAX_LINE:
        return ""
    cat = _CAT.match(line)
    if cat is not None:
        test = f", test loss={cat[3]}" if cat[3] else ""
        return f"iteration {cat[1]}: learn loss={cat[2]}{test}"
    found = _BOOSTED.match(line) or _ITERATION.match(line)
    return "" if found is None else _with_pairs(found[1], line[found.end() :])


def is_begun(line: str) -> bool:
    """Whether the line begins as theirs do: how many digits or sets follow, none of them shows."""
    return any(start.match(line) for start in (_BOOSTED, _ITERATION, _CAT_START))


def _with_pairs(iteration: str, rest: str) -> str:
    told: set[str] = set()
    pairs: list[str] = []
    at = 0
    while found := _PAIR.match(rest, at):
        is_loss = found["set"] not in told and _LOSSES.fullmatch(found["metric"].split()[-1]) is not None
        if is_loss:
            told.add(found["set"])
        sign = found["sign"].removeprefix("'s")
        pairs.append(f"{found['set']}{sign}{found['metric']}{' loss' * is_loss}={found['value']}")
        at = found.end() + (rest[found.end() : found.end() + 1] == ",")
    if not pairs or len(pairs) > MAX_PAIRS or rest[at:].strip():
        return ""
    return f"iteration {iteration}: {', '.join(pairs)}"
