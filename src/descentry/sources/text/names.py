"""From the text left of a number to its name: `| train loss: ` is train loss, `[Epoch ` is Epoch."""

import re
from typing import NamedTuple

from descentry.sources.text.vocabulary import (
    ALIASES,
    FILLERS,
    KINDS_OF_LOSS,
    LEADING_NOISE,
    METRIC_WORDS,
    NOT_SERIES,
    SERIES_ALL_THE_SAME,
    SPLIT_NAME,
    SPLIT_WORDS,
    is_metric,
    tokens,
)  # fmt: skip

LOOK_BACK = 200
"""Characters left of a number that can hold its name."""
MAX_NAME = 60

_OPENERS = " \t'\"[({<"
_PAREN = re.compile(r"\s*\(([\w/.% ]{1,24})\)$")
UNITS = frozenset(
    {"ms", "s", "sec", "secs", "seconds", "%", "k", "m", "gb", "gib", "mb", "mib", "tflop/s/gpu", "min"}
)
_HARD = re.compile(r"[,;|\t\[\](){}\"'*<>!?]|\s[-–—]+\s|\.\s|\s[-–—]+$")
_COLON = re.compile(r"\s*[:=]+\s*")
_FILE = re.compile(r"\.(?:py|cc|cpp|cu|c|h|rs|json|txt|bin|pt|params)$")


class Key(NamedTuple):
    """`name`: the words before the number, "" when there are none; `has_sign`: a `:` or `=` stands between;
    `context`: the split that a word before it says, or ""; `is_whole`: nothing else stood in its piece."""

    name: str
    has_sign: bool
    context: str
    is_whole: bool


NO_KEY = Key("", False, "", True)


def key_of(left: str) -> Key:
    """The key that the text left of a number ends in."""
    text = _without_comma(left[-LOOK_BACK:].rstrip(_OPENERS))
    has_sign = text.endswith((":", "="))
    bare = text.rstrip(":= '\"")
    if bare.endswith("/"):
        return NO_KEY
    if bare.endswith(" is") and is_metric(bare[:-3].rpartition(" ")[2]):
        bare, has_sign = bare[:-3], True
    pieces = _HARD.split(_without_paren(_without_event(bare) if text.endswith("=") else bare))
    parts = _COLON.split(pieces[-1].strip(" -_/.#~"))
    words = parts[-1].split()
    context = split_of(parts[:-1]) or split_of(pieces[:-1])
    words = words[words[:1] in (["INFO"], ["DEBUG"]) :]
    kept = words
    while kept and kept[0].lower() in LEADING_NOISE and not (has_sign and kept[0] in METRIC_WORDS):
        kept = kept[1:]
    return Key(" ".join(kept), has_sign, context, len(kept) == len(words))


def _without_comma(text: str) -> str:
    """The text before a comma names a number only as `'loss:', '` does, in a printed tuple."""
    if not text.endswith(","):
        return text
    inner = text[:-1].rstrip()
    bare = inner.rstrip("'\"")
    return bare if len(bare) < len(inner) and bare.endswith((":", "=")) else ""


def _without_event(text: str) -> str:
    """The key of a pair that structlog prints behind a padded message, `step done      loss=`."""
    at = text.rfind("   ")
    return text[at:] if at >= 0 and text[at:].strip() else text


def _without_paren(text: str) -> str:
    found = _PAREN.search(text)
    if found is None:
        return text
    inner = found[1].strip()
    return text[: found.start()] + ("" if inner.lower() in UNITS else f" {inner}")


def split_of(pieces: list[str]) -> str:
    """The split that the last piece which begins with such a word names, or ""."""
    for piece in reversed(pieces):
        words = piece.lower().split()
        if words and len(words) <= 4 and words[0].strip(":") in SPLIT_WORDS:
            return SPLIT_NAME[words[0].strip(":")]
    return ""


def counter_word(key: Key) -> str:
    """The last word of a key, lower case, if it may count; "" when others forbid it (`time per step`)."""
    words = key.name.lower().replace("#", "").split()
    if not words:
        return ""
    allowed = FILLERS | SPLIT_WORDS | METRIC_WORDS | {"finished", "epoch", "iter"}
    if not all(word.strip(":*") in allowed for word in words[:-1]):
        return ""
    split, _, rest = words[-1].partition("_")
    return rest if split in SPLIT_WORDS and rest == "num_updates" else words[-1]


def series_name(key: Key, *, counted: bool) -> str:
    """The series that the key names, or "" when it names none.

    In a counted line whatever a sign follows is a series; elsewhere, and without a sign, only metrics are.
    """
    words = key.name.split()
    if not words or _FILE.search(words[-1]) or _is_no_series(words) or not words[-1].strip("%"):
        return ""
    if not any(c.isalpha() for c in words[-1]):
        return ""
    if key.name.lower() in ALIASES:
        return ALIASES[key.name.lower()]
    phrase = _phrase(words)
    if not key.has_sign or not counted:
        if not is_metric(" ".join(phrase)):
            return ""
        if not counted and (len(phrase) < len(words) or not key.is_whole) and not _is_set(key):
            return ""
    chosen = words[-5:] if key.has_sign and counted else phrase
    name = " ".join(chosen)
    return name if len(name) <= MAX_NAME else ""


def _is_no_series(words: list[str]) -> bool:
    """Whether the last word is of no series: `size` is of none, `batch size` is of one."""
    return words[-1].lower() in NOT_SERIES and " ".join(words[-2:]).lower() not in SERIES_ALL_THE_SAME


def _is_set(key: Key) -> bool:
    """`set loss_scale = 16384.0`: a change that is told, by name."""
    return key.has_sign and len(key.name.split()) == 1 and not key.is_whole


def _phrase(words: list[str]) -> list[str]:
    """The longest end of the words in which each may stand in a metric's name."""
    start = len(words) - 1
    is_loss = words[-1].lower() == "loss"
    while start > 0 and (
        _may_lead(words[start - 1])
        or (is_loss and words[start - 1].lower() in KINDS_OF_LOSS)
        or _is_set_of(words, start - 1)
    ):
        start -= 1
    return words[start:]


def _is_set_of(words: list[str], i: int) -> bool:
    """Whether the word is the one behind a split, as in `Test set loss`."""
    return i > 0 and words[i].lower() == "set" and words[i - 1].lower() in SPLIT_WORDS


def _may_lead(word: str) -> bool:
    low = word.lower()
    return low in FILLERS or low in SPLIT_WORDS or low in METRIC_WORDS or is_metric(word)


def in_split(name: str, context: str) -> str:
    """The name with its context in front, unless it says its split itself."""
    if not context or not SPLIT_WORDS.isdisjoint(tokens(name)):
        return name
    return f"{context} {name}"
