"""Which numbers of a line count: steps, batches and epochs, by the words beside them or by their brackets."""

import re

from descentry.sources.text.dialects import Dialect
from descentry.sources.text.names import Key, counter_word, split_of
from descentry.sources.text.vocabulary import (
    BATCH_WORDS,
    BETTER_STEPS,
    EPOCH_WORDS,
    SPLIT_WORDS,
    STEP_WORDS,
)

_TOTAL = re.compile(r"\]?\s*+(?:/|of\b)\s*+\[?\s*+")
_BETWEEN = re.compile(r"\]\s?\[\s*+|:"), re.compile(r"\]\s?\[\s*+|\)?[,;:|]?\s{1,9}[(\[]?\s*+")
"""Between the epoch, without and with a total, and the batch."""
_OF_SET = re.compile(r"\s*on (\w{1,12}) set\b")
_BEHIND = re.compile(r"\s?(batches|steps|iterations|iters|updates)\b(?!\s?[/:=])")
_PROGRESS = frozenset({"progress", "done", "samples", "completed", "processed", "examples"})
"""Words between an epoch and what is done of it: `Epoch 1 Progress 50/100`."""
_DELIMITED = re.compile(r"(?:^|[|,;(\[{-])\s*$")


class Counters:
    """`found`: the index of each counter by kind (step, batch, epoch); `words`: what names them; `totals`: the
    indices of what they go to; `used`: numbers that count, or are hidden; `context`: the split they are about."""

    def __init__(self, literals: list[str], known: Dialect | None) -> None:
        self._literals = literals
        self._n = len(literals) - 1
        self.totals = {i for i in range(1, self._n) if _TOTAL.fullmatch(literals[i])}
        self.found: dict[str, int] = known.counters if known else {}
        self.words: list[str] = list(self.found)
        self.used: set[int] = {*known.hidden, *self.found.values()} if known else set()
        self.context = ""

    def find(self, keys: list[Key], *, is_dict: bool) -> None:
        """Finds the counters among the numbers that follow `keys`."""
        for i, key in enumerate(keys):
            if i in self.totals or i in self.used or (i and self.is_clock(i)):
                continue
            word = counter_word(key)
            kind = _kind(word)
            if kind and not (is_dict and kind == "epoch") and self._is_better(kind, i, word):
                self.found[kind] = i
                self.words.append(word)
                self._note_context(key, word, self._literals[i + 1])
        if "step" not in self.found and "batch" not in self.found:
            _ = self._find_two_fractions() or self._find_behind(keys) or self._find_bare_fraction(keys)

    def at(self, kind: str) -> int:
        """The index of the counter of that kind, or -1."""
        return self.found.get(kind, -1)

    def total(self, kind: str) -> int:
        """The index of what that counter goes to, or -1."""
        index = self.at(kind) + 1
        return index if index > 0 and index in self.totals else -1

    def is_clock(self, i: int) -> bool:
        """Whether the number stands in a time, `1:23`."""
        return self._literals[i] == ":" or (i + 1 < self._n and self._literals[i + 1] == ":")

    def _is_better(self, kind: str, i: int, word: str) -> bool:
        """Whether the counter at `i` is the line's first of its kind, or better than it."""
        self.used.add(i)
        return kind not in self.found or word in BETTER_STEPS

    def _note_context(self, key: Key, word: str, right: str) -> None:
        of_set = _OF_SET.match(right)
        said = split_of([of_set[1]]) if of_set else ""
        said = said or split_of([w for w in key.name.split()[:-1] if w.lower() in SPLIT_WORDS])
        said = said or key.context
        if said in ("validation", "test") or (
            said == "training" and word == "step" and " | " in self._literals[0]
        ):
            self.context = said

    def _find_two_fractions(self) -> bool:
        """`[0/25][10/100]`, `1/25 10/100` or `[0][10/100]`: an epoch, and a batch within it."""
        if self.found or self._literals[0].strip() not in ("[", "(", ""):
            return False
        has_epochs = 1 in self.totals
        batch = 1 + has_epochs
        if batch + 1 not in self.totals or not _BETWEEN[has_epochs].fullmatch(self._literals[batch]):
            return False
        self.found.update(epoch=0, batch=batch)
        self.words += ["epoch", "fraction"]
        return True

    def _find_behind(self, keys: list[Key]) -> bool:
        """`| epoch 1 | 200/ 2983 batches |`, `200 steps | loss 2.5`: the word stands behind the number.

        Without a total, `Epoch 1: 200 batches` may say how many an epoch has.
        """
        for i in range(self._n):
            if i in self.totals or i in self.used or keys[i].name:
                continue
            has_total = i + 1 in self.totals
            found = _BEHIND.match(self._literals[i + 1 + has_total])
            if found and (has_total or (not self.found and _DELIMITED.search(self._literals[i]))):
                self._take(i, "batch" if found[1] == "batches" or "epoch" in self.found else "step", found[1])
                return True
        return False

    def _find_bare_fraction(self, keys: list[Key]) -> bool:
        """`[ 64/60000]`, or `100 / 4000` after an epoch, is a counter within the epoch."""
        for i in range(self._n):
            if i + 1 not in self.totals or i in self.used:
                continue
            left = self._literals[i].rstrip()
            after_epoch = self._is_after_epoch(i, left)
            if left.endswith("[") or after_epoch:
                if keys[i].name and not after_epoch:
                    self.context = self.context or split_of([keys[i].name])
                    continue
                self._take(i, "batch", "fraction")
                return True
        return False

    def _is_after_epoch(self, i: int, left: str) -> bool:
        before = i - 2 if i - 1 in self.totals else i - 1
        return before >= 0 and before == self.at("epoch") and _is_progress(left)

    def _take(self, i: int, kind: str, word: str) -> None:
        self.found[kind] = i
        self.words.append(word)


def _is_progress(between: str) -> bool:
    """Whether nothing, or a word for progress, stands between an epoch and a fraction."""
    word = between.strip(" \t[](){}<>:=,;|/-#").lower()
    return word in _PROGRESS or not any(map(str.isalnum, word))


def _kind(word: str) -> str:
    """The kind of counter that a word names, or ""."""
    for kind, words in (("step", STEP_WORDS), ("batch", BATCH_WORDS), ("epoch", EPOCH_WORDS)):
        if word in words:
            return kind
    return ""
