"""The general rule: what each number of a line is, from the text around it."""

import re
from dataclasses import replace

from descentry.sources.text.counting import Counters
from descentry.sources.text.dialects import Dialect
from descentry.sources.text.names import Key, in_split, key_of, series_name, split_of
from descentry.sources.text.plan import NOTHING, Kind, Plan, described
from descentry.sources.text.vocabulary import (
    BILLIONS,
    EVALUATED,
    MEASURED,
    MEASURES,
    RATES,
    RATIOS,
    SPLIT_NAME,
    SPLIT_WORDS,
    THOUSANDS,
    TOKENS,
    TRAIN_WORDS,
    tokens,
)

_MEAN = re.compile(r"[a-z%]{0,3}\s*+\(\s*+")
_UNIT = re.compile(r"[A-Za-z%µ°][A-Za-z%µ°/]*")
_LEVEL = r"^(?:[^\x00]{0,80}?\b(?:INFO|DEBUG|info)\b[\s\])|:>-]{0,9}(?:[\w.]{1,40}:)?)?"
"""What a logger puts in front."""
_HEADER = re.compile(
    _LEVEL + r"[\s\[({'\"*=#>\]-]*(?:starting |start of |beginning of |begin |evaluating perplexity, )?epoch",
    re.I,
)
_MINUTES = re.compile(r"\s?(?:d|days?|h|hrs?|hours?|m|mins?|minutes?)[ ,:]{1,2}")
_SECONDS = re.compile(r"\s?(?:h|hrs?|hours?|m|mins?|minutes?|s|secs?|seconds?)(?![A-Za-z/])")
_WORDS = re.compile(r"[a-z]+")
_STEP_HEADER = re.compile(
    _LEVEL + r"[\s\[({'\"*=#>\]-]*(?:global |train(?:ing)? )?(?:step|iteration|iter)\b", re.I
)


class Parser:
    """Reads the numbers of one line from left to right.  `known`: what a dialect says of the line."""

    def __init__(self, literals: list[str], known: Dialect | None = None) -> None:
        self.literals = literals
        self.n = len(literals) - 1
        self.is_dict = literals[0].lstrip().startswith("{")
        self.is_named = known is not None and known.is_named
        self.keys: list[Key] = []
        for i in range(self.n):
            self.keys.append(self._key(i))
        self.counters = Counters(literals, known)
        self.counters.find(self.keys, is_dict=self.is_dict)
        self.context = self.counters.context

    def plan(self) -> Plan:
        """The finished plan."""
        at, total = self.counters.at, self.counters.total
        counted = bool(self.counters.found)
        names, where, scales = self._series(counted or self.is_dict or self.is_named)
        plan = Plan(
            Kind.ROW,
            step=at("step"),
            batch=at("batch"),
            epoch=at("epoch"),
            total=total("step" if at("step") >= 0 else "batch"),
            epoch_total=total("epoch"),
            names=tuple(names),
            where=tuple(where),
            scales=tuple(scales),
            context=self.context,
            is_dict=self.is_dict,
            is_single=self.n == 1 and not self.literals[1].strip() and not self.is_named,
            family="+".join(self.counters.words),
            is_end=at("epoch") >= 0 and "end of epoch" in self.literals[at("epoch")].lower(),
            over=tuple((i, i + 1) for i in where if i + 1 in self.counters.totals),
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
        right = self._behind_unit(i)
        behind = TOKENS.match(right) if not self.keys[i - 1].name else None
        right = right[behind.end() :] if behind else right
        return key_of(f"{right.rstrip()}:" if self.is_named else right)

    def _behind_unit(self, i: int) -> str:
        """The text left of the number at `i`, less the unit of the number before."""
        unit = _UNIT.match(self.literals[i])
        return self.literals[i][unit.end() :] if unit else self.literals[i]

    def _series(self, counted: bool) -> tuple[list[str], list[int], list[float]]:
        names: list[str] = []
        where: list[int] = []
        scales: list[float] = []
        said = first = ""
        for i in range(self.n):
            name = self._name(i, counted)
            if name:
                said = _split_said(name, said, is_first=not names)
                first = first if names else said
                name = in_split(name, said) if said and _is_of_split(name, is_first=said == first) else name
                names.append(_distinct(name, names))
                where.append(i)
                scales.append(self._scale(i))
        return names, where, scales

    def _name(self, i: int, counted: bool) -> str:
        used, totals = self.counters.used, self.counters.totals
        if i + 1 in totals and i not in used and i not in self.counters.found.values():
            return self._ratio_name(i)
        if i in used or i in totals or i in self.counters.found.values():
            return self._after_fraction(i) if i - 1 in totals and i not in used else ""
        if self.counters.is_clock(i) or self._is_duration(i):
            return ""
        key = self.keys[i]
        if not key.name and i - 1 in totals:
            return self._after_fraction(i)
        if not key.name:
            return self._name_behind(i, counted)
        if key.context in ("validation", "test") or (key.context == "training" and ":" in self.literals[i]):
            self.context = key.context
        name = series_name(key, counted=counted) or (self._measured_name(i) if counted else "")
        if not name and self._is_alone(key):
            name = key.name
        return in_split(name, self.context) if name else ""

    def _is_duration(self, i: int) -> bool:
        """Whether the number is a part of `1h 2m 3s`, which no number alone says."""
        before = i > 0 and _MINUTES.fullmatch(self.literals[i])
        after = i + 2 < len(self.literals) and _MINUTES.fullmatch(self.literals[i + 1])
        return bool(
            (before and _SECONDS.match(self.literals[i + 1]))
            or (after and _SECONDS.match(self.literals[i + 2]))
        )

    def _name_behind(self, i: int, counted: bool) -> str:
        """The name of a number that has it behind: `12.5 tokens/s`, `2M tokens`."""
        rate = RATES.match(self.literals[i + 1])
        if rate is not None:
            return rate[1] if counted else ""
        is_begin = i > 0 or not self.literals[0].strip(" |[(-")
        return "tokens" if is_begin and TOKENS.match(self._behind_unit(i + 1)) else ""

    def _ratio_name(self, i: int) -> str:
        """`Accuracy` in `Accuracy: 9800/10000 (98%)`, unless the quotient stands behind it."""
        key = self.keys[i]
        words = tokens(key.name)
        is_ratio = bool(words) and words[-1] in RATIOS and key.has_sign
        if not is_ratio or (i + 2 < self.n and self.literals[i + 2].strip() in ("=", ":")):
            return ""
        if key.context in ("validation", "test"):
            self.context = key.context
        return in_split(series_name(key, counted=True), self.context)

    def _measured_name(self, i: int) -> str:
        """`time` in `time 312.5ms` and `mem 3.1GB`: the unit says that the number is measured."""
        key = self.keys[i]
        if key.name.lower() in MEASURED and MEASURES.match(self.literals[i + 1]):
            return series_name(key._replace(has_sign=True), counted=True)
        return self._meter_name(i)

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
        if unit is None:
            return 1.0
        is_of_tokens = "token" in self.keys[i].name.lower() or TOKENS.match(right[unit.end() :])
        return THOUSANDS.get(unit[0], BILLIONS.get(unit[0], 1.0) if is_of_tokens else 1.0)

    def _is_header(self) -> bool:
        at = self.counters.at
        if at("batch") >= 0 or self.is_dict:
            return False
        first = self.literals[0]
        return bool(
            (at("epoch") >= 0 and _HEADER.match(first)) or (at("step") == 0 and _STEP_HEADER.match(first))
        )


def _is_of_split(name: str, *, is_first: bool) -> bool:
    """Whether a series is of the split that was said: a loss only where the line began with that split."""
    last = tokens(name)[-1:]
    return not EVALUATED.isdisjoint(last) or (is_first and last == ["loss"])


def _split_said(name: str, before: str, *, is_first: bool) -> str:
    """The split, val or test, that a series without one has behind this name; `before`: behind the one before."""
    every = tokens(name)
    found = [word for word in (every if is_first else name.lower().split()) if word in SPLIT_WORDS]
    if not found or len(every) < 2:
        return "" if any(word in SPLIT_WORDS for word in every) else before
    return "" if found[0] in TRAIN_WORDS else SPLIT_NAME[found[0]]


def _distinct(name: str, taken: list[str]) -> str:
    """The name, numbered when the line has it already."""
    found, n = name, 1
    while found in taken:
        n += 1
        found = f"{name} ({n})"
    return found
