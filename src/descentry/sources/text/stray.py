"""Words in a line that tell nothing: the name of a saved file, a host, an adjective.

Which words tell something is known: those by which lines are understood, the words in the table of dialects, and
all that have one of them in them.  Lines that differ in other words alone are of one shape, once enough of
them were read the long way and said the same.
"""

import re
from collections.abc import Iterable, Sequence

from descentry.sources.text import vocabulary
from descentry.sources.text.dialects import DIALECTS, INTRUDERS
from descentry.sources.text.names import UNITS

MIN_WORD = 3
MAX_WORD = 40
MAX_LITERAL = 120
"""Characters between two numbers: names look back no further than some of these."""
MARK = "\x01"
"""Stands for such a word in an outline."""
_WORD = re.compile(
    rf"(?<![A-Za-z0-9_@.])[A-Za-z_][A-Za-z0-9_]{{{MIN_WORD - 1},{MAX_WORD - 1}}}+(?![A-Za-z0-9_])"
)
_ANY = rf"((?<![0-9](?=[xX]))[A-Za-z_][A-Za-z0-9_]{{{MIN_WORD - 1},{MAX_WORD - 1}}}+)(?![A-Za-z0-9_])"
_TOKENS = re.compile("[a-z0-9]+")
_PARTS = (
    "loss", "cost", "nll", "ppl", "perp", "step", "iter", "epoch", "batch", "update", "acc", "rate", "norm", "grad",
    "valid", "val", "eval", "test", "train", "score", "reward", "rank", "gpu", "cuda", "proc", "default", "worker",
    "error", "warn", "signal", "slurm", "srun", "kill", "cancel", "config", "namespace", "persec", "token",
    "nan", "inf", "none", "null", "mllog", "best",
)  # fmt: skip
"""What tells something wherever in a word it stands."""
_PART = re.compile("|".join(map(re.escape, _PARTS)))
_MORE = (
    "info", "debug", "critical", "notice", "trace", "success", "batches", "iterations", "samples", "seconds", "minutes",
    "hours", "days", "mins", "completed", "processed", "examples", "progress",
)  # fmt: skip


def _telling() -> frozenset[str]:
    """Every word in the vocabulary and in the table of dialects, lower case."""
    sets: Iterable[Iterable[str]] = (
        vocabulary.STEP_WORDS, vocabulary.BATCH_WORDS, vocabulary.EPOCH_WORDS, vocabulary.SPLIT_WORDS,
        vocabulary.METRIC_WORDS, vocabulary.FILLERS, vocabulary.KINDS_OF_LOSS, vocabulary.EVALUATED,
        vocabulary.NOT_SERIES, vocabulary.LEADING_NOISE, vocabulary.ALIASES, vocabulary.RATIOS,
        vocabulary.MEASURED, UNITS, _MORE,
    )  # fmt: skip
    texts = [word for its in sets for word in its]
    texts += [vocabulary.MEASURES.pattern, vocabulary.RATES.pattern, INTRUDERS.pattern]
    texts += [dialect.shape.pattern for dialect in DIALECTS]
    return frozenset(word for text in texts for word in _TOKENS.findall(text.lower()))


TELLING = _telling()


def tells(word: str) -> bool:
    """Whether a word may tell something."""
    low = word.lower()
    return _PART.search(low) is not None or not TELLING.isdisjoint(_TOKENS.findall(low))


def n_silent(columns: Sequence[list[str]]) -> int:
    """How many rows stand before the first in which a word tells something."""
    n = len(columns[0])
    for words in columns:
        low = "\n".join(words[:n]).lower()
        if _PART.search(low) is None and TELLING.isdisjoint(_TOKENS.findall(low)):
            continue
        n = next((i for i, word in enumerate(words[:n]) if tells(word)), n)
    return n


def masked(literal: str) -> str:
    """The text between two numbers with a `MARK` for each word that tells nothing."""
    return literal if len(literal) > MAX_LITERAL else _WORD.sub(_mark, literal)


def _mark(found: re.Match[str]) -> str:
    return found[0] if tells(found[0]) else MARK


def as_expression(literal: str) -> tuple[str, int]:
    """The expression for that text, and how many words in it may be others."""
    pieces = masked(literal).split(MARK)
    return _ANY.join(map(re.escape, pieces)), len(pieces) - 1
