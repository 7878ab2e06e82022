"""Loss functions: what they cannot pass below, and what a model that knows nothing scores.

The facts stand in `data/loss_functions.toml`.  A function is named by the user or the settings of the run, or it is
inferred from the name of a series or from the first loss; then it explains a level and never accuses one.
"""

import math
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from descentry.signal.uniform import uniform_guess

SETTINGS = ("loss_function", "loss_fn", "loss_type", "criterion", "loss", "objective")
"""Settings that name the loss function, the one of `--loss-function` first."""
CROSS_ENTROPY = "categorical_cross_entropy"


@dataclass(frozen=True, slots=True)
class LossFunction:
    """One entry: `start` is a number or the name of a formula of the number of classes; `is_exact` says whether
    the start hangs on nothing but the output layer; `lowest` is the greatest lower bound."""

    id: str
    title: str
    names: frozenset[str]
    lowest: float
    start: float | str
    is_exact: bool
    shape: str
    source: str


@dataclass(frozen=True, slots=True)
class Start:
    """The loss that a fresh model should show.

    `origin`: `given` by the user, `logged` in the settings, or `guessed`.  `accuses`: a first loss far above
    `loss` may be held against the run; never where function, size or scale of the targets are only guessed.
    """

    function: str
    loss: float
    lowest: float
    origin: str
    accuses: bool
    size: int | None = None


@cache
def loss_functions() -> Mapping[str, LossFunction]:
    """Every loss function that is known, by id."""
    text = (files("descentry.signal") / "data" / "loss_functions.toml").read_text("utf-8")
    return {id_: _entry(id_, table) for id_, table in tomllib.loads(text).items()}


def _entry(id_: str, table: Mapping[str, object]) -> LossFunction:
    start, lowest, names = table["start"], table["lowest"], table["names"]
    if not isinstance(start, int | float | str) or not isinstance(lowest, int | float):
        raise TypeError(f"loss function {id_}: start {start!r} or lowest {lowest!r} is no number or formula")
    words = frozenset(str(name) for name in names) if isinstance(names, list) else frozenset[str]()
    return LossFunction(
        id_, str(table["title"]), words | {_plain(id_)}, float(lowest), start, table["start_is"] == "exact",
        str(table["shape"]), str(table["source"]),
    )  # fmt: skip


def named(text: str) -> LossFunction | None:
    """The function that a setting or a series name speaks of, or None.

    `named("nn.BCEWithLogitsLoss()").id` is 'binary_cross_entropy'; "train/loss" names none.
    """
    parts = [_plain(part) for part in re.split(r"[/.\s()\[\]=:,]+", text)]
    words = {part for part in parts if part} | {_plain(word) for word in re.split(r"[^A-Za-z0-9]+", text)}
    whole = _plain(text)
    known = loss_functions().values()
    found = [one for one in known if one.names & words] or [one for one in known if whole in one.names]
    # "binary cross entropy" holds "cross entropy": the longer name is meant.
    longest = [
        (max(len(name) for name in one.names if name in whole), one)
        for one in known
        if any(len(name) >= 5 and name in whole for name in one.names)
    ]
    if longest:
        return max(longest, key=lambda pair: pair[0])[1]
    return found[0] if found else None


def expected_start(
    config: Mapping[str, object],
    vocab_size: int | None = None,
    names: Collection[str] = (),
    first_loss: float = float("nan"),
    function: str | None = None,
) -> Start | None:
    """What the first loss should be, or None where nothing tells.

    `function` and `vocab_size` are the user's word; `config` the settings of the run; `names` the names of the
    loss series; `first_loss` the first logged value, NaN where the log does not begin with the run.
    """
    told = _told(config, function)
    told_as = "given" if function is not None else "logged"
    inferred = next((one for one in map(named, names) if one is not None), None)
    entry = told or inferred
    if entry is None or entry.start == "ln_size":
        return _of_classes(config, vocab_size, first_loss)
    size = uniform_guess(vocab_size, config, float("nan"))
    loss = _value(entry, None if size is None else size.size)
    if loss is None:
        return None
    sure = told is not None and entry.is_exact
    return Start(
        entry.id, loss, entry.lowest, told_as if told else "guessed", sure, size.size if size else None
    )


def _told(config: Mapping[str, object], function: str | None) -> LossFunction | None:
    for text in (function, *(config.get(key) for key in SETTINGS)):
        if isinstance(text, str):
            found = named(text)
            if found is not None:
                return found
    return None


def _of_classes(config: Mapping[str, object], vocab_size: int | None, first: float) -> Start | None:
    """The start of a cross-entropy.  A number of classes that is given or logged speaks for one by itself."""
    size = uniform_guess(vocab_size, config, first)
    if size is None:
        return None
    lowest = loss_functions()[CROSS_ENTROPY].lowest
    return Start(CROSS_ENTROPY, size.loss, lowest, size.origin, size.origin != "guessed", size.size)


def _value(entry: LossFunction, size: int | None) -> float | None:
    if not isinstance(entry.start, str):
        return float(entry.start)
    if size is None:
        return None
    return {"ln_size": math.log(size), "log2_size": math.log2(size), "size": float(size)}[entry.start]


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
