"""The general rule: what each number of a line is, from the text around it."""

import re
from dataclasses import replace

from descentry.sources.text.dialects import Dialect
from descentry.sources.text.names import Key, counter_word, in_split, key_of, series_name, split_of
from descentry.sources.text.plan import NOTHING, Kind, Plan, described
from descentry.sources.text.vocabulary import (
    BATCH_WORDS,
    BETTER_STEPS,
    EPOCH_WORDS,
    RATES,
    SPLIT_WORDS,
    STEP_WORDS,
    THOUSANDS,
)

_TOTAL = re.compile(r"\]?\s*+(?:/|of\b)\s*+\[?\s*+")
_BETWEEN = re.compile(r"\]\s?\[\s*+")
_MEAN = re.compile(r"[a-z%]{0,3}\s*+\(\s*+")
_UNIT = re.compile(r"[A-Za-z%µ°][A-Za-z%µ°/]*")
_HEADER = re.compile(
    r"^[\s\[({'\"*=#-]*(?:starting |start of |beginning of |begin |evaluating perplexity, )?epoch", re.I
)
_OF_SET = re.compile(r"\s*on (\w{1,12}) set\b")
_WORDS = re.compile(r"[a-z]+")
_STEP_HEADER = re.compile(r"^[\s\[({'\"*=#-]*(?:global |train(?:ing)? )?(?:step|iteration|iter)\b", re.I)


class Parser:
    """Reads the numbers of one line from left to right.  `known`: what a dialect says of the line."""

    def __init__(self, literals: list[str], known: Dialect | None = None) -> None:
        self.literals = literals
        self.n = len(literals) - 1
        self.is_dict = literals[0].lstrip().startswith("{")
        self.is_named = known is not None and known.is_named
        self.totals = {i for i in range(1, self.n) if _TOTAL.fullmatch(literals[i])}
        self.keys = [self._key(i) for i in range(self.n)]
        self.counters: dict[str, int] = known.counters if known else {}
        self.words: list[str] = list(self.counters)
        self.used: set[int] = {*known.hidden, *self.counters.values()} if known else set()
        self.context = ""

    def plan(self) -> Plan:
        """The finished plan."""
        self._find_counters()
        self._find_bare_fraction()
        counted = bool(self.counters)
        names, where, scales = self._series(counted or self.is_dict or self.is_named)
        plan = Plan(
            Kind.ROW,
            step=self._at("step"),
            batch=self._at("batch"),
            epoch=self._at("epoch"),
            total=self._total("step" if "step" in self.counters else "batch"),
            epoch_total=self._total("epoch"),
            names=tuple(names),
            where=tuple(where),
            scales=tuple(scales),
            context=self.context,
            is_dict=self.is_dict,
            is_single=self.n == 1 and not self.literals[1].strip() and not self.is_named,
            family="+".join(self.words),
        )
        if names:
            return described(plan)
        if not self._is_header():
            return NOTHING
        below = split_of(_WORDS.findall(self.literals[-1].lower())[:1])
        return replace(plan, kind=Kind.HEADER, context=self.context or below)

    def _key(self, i: int) -> Key:
        left = self.literals[i]
        if i == 0:
            return key_of(left)
        unit = _UNIT.match(left)
        right = left[unit.end() :] if unit else left
        return key_of(f"{right.rstrip()}:" if self.is_named else right)

    def _is_clock(self, i: int) -> bool:
        return self.literals[i] == ":" or (i + 1 < self.n and self.literals[i + 1] == ":")

    def _find_counters(self) -> None:
        for i, key in enumerate(self.keys):
            if i in self.totals or i in self.used or (i and self._is_clock(i)):
                continue
            word = counter_word(key)
            kind = self._counter_kind(word)
            if kind and not (self.is_dict and kind == "epoch") and self._is_better(kind, i, word):
                self.counters[kind] = i
                self.words.append(word)
                self._note_context(key, word, self.literals[i + 1])

    @staticmethod
    def _counter_kind(word: str) -> str:
        for kind, words in (("step", STEP_WORDS), ("batch", BATCH_WORDS), ("epoch", EPOCH_WORDS)):
            if word in words:
                return kind
        return ""

    def _is_better(self, kind: str, i: int, word: str) -> bool:
        """Whether the counter at `i` is the line's first of its kind, or better than it."""
        self.used.add(i)
        return kind not in self.counters or word in BETTER_STEPS

    def _note_context(self, key: Key, word: str, right: str) -> None:
        of_set = _OF_SET.match(right)
        said = split_of([of_set[1]]) if of_set else ""
        said = said or split_of([w for w in key.name.split()[:-1] if w.lower() in SPLIT_WORDS])
        said = said or key.context
        if said in ("validation", "test") or (
            said == "training" and word == "step" and " | " in self.literals[0]
        ):
            self.context = said

    def _find_bare_fraction(self) -> None:
        """`[ 64/60000]`, or `100 / 4000` after an epoch, is a counter within the epoch."""
        if "step" in self.counters or "batch" in self.counters:
            return
        if self._find_two_fractions():
            return
        for i in range(self.n):
            if i + 1 not in self.totals or i in self.used:
                continue
            left = self.literals[i].rstrip()
            after_epoch = i > 0 and i - 1 == self._at("epoch") and left in (":", "", "][", " [", "[")
            if left.endswith("[") or after_epoch:
                if self.keys[i].name and not after_epoch:
                    self.context = self.context or split_of([self.keys[i].name])
                    continue
                self.counters["batch"] = i
                self.words.append("fraction")
                return

    def _find_two_fractions(self) -> bool:
        """`[0/25][10/100]`: an epoch, and a batch within it."""
        if self.n < 4 or self.counters or not {1, 3} <= self.totals or self.literals[0].strip() != "[":
            return False
        if not _BETWEEN.fullmatch(self.literals[2]):
            return False
        self.counters.update(epoch=0, batch=2)
        self.words += ["epoch", "fraction"]
        return True

    def _at(self, kind: str) -> int:
        return self.counters.get(kind, -1)

    def _total(self, kind: str) -> int:
        index = self._at(kind) + 1
        return index if index > 0 and index in self.totals else -1

    def _series(self, counted: bool) -> tuple[list[str], list[int], list[float]]:
        names: list[str] = []
        where: list[int] = []
        scales: list[float] = []
        for i in range(self.n):
            name = self._name(i, counted)
            if name:
                names.append(_distinct(name, names))
                where.append(i)
                scales.append(self._scale(i))
        return names, where, scales

    def _name(self, i: int, counted: bool) -> str:
        if i in self.used or i in self.totals or i + 1 in self.totals or i in self.counters.values():
            return self._after_fraction(i) if i - 1 in self.totals and i not in self.used else ""
        if self._is_clock(i):
            return ""
        key = self.keys[i]
        if not key.name and i - 1 in self.totals:
            return self._after_fraction(i)
        if not key.name:
            rate = RATES.match(self.literals[i + 1])
            return rate[1] if rate and counted else ""
        if key.context in ("validation", "test") or (key.context == "training" and ":" in self.literals[i]):
            self.context = key.context
        name = series_name(key, counted=counted) or (self._meter_name(i) if counted else "")
        if not name and self._is_alone(key):
            name = key.name
        return in_split(name, self.context) if name else ""

    def _meter_name(self, i: int) -> str:
        """`Time` in `Time 0.5 (0.4)`: a meter shows its present value, and its mean behind it."""
        if i + 1 >= self.n or not _MEAN.fullmatch(self.literals[i + 1]):
            return ""
        if not self.literals[i + 2].startswith(")"):
            return ""
        key = self.keys[i]
        return series_name(key._replace(has_sign=True), counted=True) if len(key.name.split()) == 1 else ""

    def _is_alone(self, key: Key) -> bool:
        """Whether the line is one `name=0.5`: a series if it stands below counted lines."""
        return (
            self.n == 1
            and key.has_sign
            and key.name.isidentifier()
            and len(key.name) > 1
            and not self.literals[1].strip()
        )

    def _after_fraction(self, i: int) -> str:
        """The name of `0.24` in `HellaSwag: 2500/10042 = 0.24`."""
        if self.literals[i].strip() not in ("=", ":", "= ") or i < 2:
            return ""
        return in_split(series_name(self.keys[i - 2], counted=True), self.context)

    def _scale(self, i: int) -> float:
        right = self.literals[i + 1]
        unit = _UNIT.match(right)
        return THOUSANDS.get(unit[0], 1.0) if unit else 1.0

    def _is_header(self) -> bool:
        if "batch" in self.counters or self.is_dict:
            return False
        first = self.literals[0]
        return bool(
            ("epoch" in self.counters and _HEADER.match(first))
            or ("step" in self.counters and self._at("step") == 0 and _STEP_HEADER.match(first))
        )


def _distinct(name: str, taken: list[str]) -> str:
    """The name, numbered when the line has it already."""
    found, n = name, 1
    while found in taken:
        n += 1
        found = f"{name} ({n})"
    return found
