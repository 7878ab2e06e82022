"""The catalogue of patterns, causes and remedies: readable data in `data/`, typed and checked here.

Nothing is interpreted in this file: it says what is known, not what holds for a run.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import NamedTuple, TypeVar

from descentry.diagnosis.catalogue_facts import FACTS
from descentry.diagnosis.catalogue_fields import MEND, Fields
from descentry.record.errors import DamagedError
from descentry.record.finding import Severity

__all__ = ["FACTS", "Catalogue", "CauseEntry", "CauseTest", "Condition", "Pattern", "RemedyEntry", "load"]

THEMES = ("benign", "loop", "data", "numerics", "run", "objectives")
FILES = ("patterns.toml", "remedies.toml", *(f"causes/{theme}.toml" for theme in THEMES))
Entry = TypeVar("Entry")
OPERATORS = frozenset({"==", "!=", "<", "<=", ">", ">="})


class Condition(NamedTuple):
    """`fact operator value`, such as `lr.zero == 1`."""

    fact: str
    operator: str
    value: float


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a pattern is.  `looks_like` is one line, `reading` says what it means in a few sentences."""

    id: str
    title: str
    definition: str
    severity: Severity
    looks_like: str
    reading: str
    source: str


@dataclass(frozen=True, slots=True)
class RemedyEntry:
    """Something to do.  `general_rank`: 1 clipping, 2 learning rate, 3 batch, 4 dropout, else None."""

    id: str
    action: str
    why: str
    source: str
    general_rank: int | None = None


@dataclass(frozen=True, slots=True)
class CauseTest:
    """One piece of evidence: when all conditions hold, the cause is `factor` times as likely as before.

    `patterns`: the test speaks for these only; empty means for every pattern that the cause explains.
    A condition on a fact that is not known makes the whole test silent.
    """

    conditions: tuple[Condition, ...]
    factor: float
    says: str
    patterns: tuple[str, ...] = ()

    def sentence(self, facts: Mapping[str, float]) -> str:
        """`says` with its placeholders filled in.  `facts` must hold every fact of the conditions."""
        return "".join(
            text + ("" if name is None else format(facts[name], spec or ""))
            for text, name, spec, _ in Formatter().parse(self.says)
        )


@dataclass(frozen=True, slots=True)
class CauseEntry:
    """What is known about one cause.

    `explains`: pattern id -> prior weight; the weights order the causes of one pattern and need not sum
    to 1.  `remedies`: ids in the order in which to try them; `remedies_by_pattern` overrules the order
    where a pattern wants another one.  `benign`: nothing is broken.
    """

    id: str
    title: str
    text: str
    source: str
    check: str
    next_test: str
    look_alikes: tuple[str, ...]
    remedies: tuple[str, ...]
    explains: Mapping[str, float]
    remedies_by_pattern: Mapping[str, tuple[str, ...]]
    tests: tuple[CauseTest, ...] = ()
    benign: bool = False

    def remedies_for(self, pattern: str) -> tuple[str, ...]:
        """Remedy ids in the order in which to try them against this pattern."""
        return self.remedies_by_pattern.get(pattern, self.remedies)


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """All entries by id, in the order of the files."""

    patterns: Mapping[str, Pattern]
    causes: Mapping[str, CauseEntry]
    remedies: Mapping[str, RemedyEntry]

    def causes_of(self, pattern: str) -> tuple[CauseEntry, ...]:
        """The causes that explain a pattern, the likeliest first; empty for an id that is not known."""
        known = [cause for cause in self.causes.values() if pattern in cause.explains]
        return tuple(sorted(known, key=lambda cause: -cause.explains[pattern]))


@cache
def load() -> Catalogue:
    """The catalogue that ships with the package, read once.

    Raises DamagedError, with the file and the entry, where the data break the rules of this file.
    """
    folder = files("descentry.diagnosis") / "data"
    try:
        return parse({name: folder.joinpath(*name.split("/")).read_text("utf-8") for name in FILES})
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedError("diagnosis/data", f"cannot be read: {error}", MEND) from error


def parse(texts: Mapping[str, str]) -> Catalogue:
    """A catalogue from file name -> TOML text; the same rules and errors as `load`."""
    patterns: dict[str, Pattern] = {}
    causes: dict[str, CauseEntry] = {}
    remedies: dict[str, RemedyEntry] = {}
    for name, text in texts.items():
        for fields in _entries(name, text):
            if name == "patterns.toml":
                _put(patterns, fields, _pattern(fields))
            elif name == "remedies.toml":
                _put(remedies, fields, _remedy(fields))
            else:
                _put(causes, fields, _cause(fields))
    catalogue = Catalogue(patterns, causes, remedies)
    _check_references(catalogue)
    return catalogue


def _entries(name: str, text: str) -> list[Fields]:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DamagedError(name, f"is no TOML: {error}", MEND) from error
    return [Fields(f"{name} [{id_}]", id_, table) for id_, table in tables.items()]


def _put(entries: dict[str, Entry], fields: Fields, entry: Entry) -> None:
    if fields.id in entries:
        raise fields.error("is a second entry of this id; an id stands in one file")
    fields.close()
    entries[fields.id] = entry


def _pattern(fields: Fields) -> Pattern:
    severity = fields.text("severity")
    if severity not in set(Severity):
        raise fields.error(f"`severity` is {severity!r}, expected one of {', '.join(Severity)}")
    return Pattern(
        fields.id,
        fields.text("title"),
        fields.text("definition"),
        Severity(severity),
        fields.text("looks_like"),
        fields.text("reading"),
        fields.text("source"),
    )


def _remedy(fields: Fields) -> RemedyEntry:
    return RemedyEntry(
        fields.id,
        fields.text("action"),
        fields.text("why"),
        fields.text("source"),
        fields.rank("general_rank"),
    )


def _cause(fields: Fields) -> CauseEntry:
    return CauseEntry(
        id=fields.id,
        title=fields.text("title"),
        text=fields.text("text"),
        source=fields.text("source"),
        check=fields.text("check"),
        next_test=fields.text("next_test"),
        look_alikes=fields.words("look_alikes"),
        remedies=fields.words("remedies"),
        explains=_priors(fields),
        remedies_by_pattern=fields.word_lists("remedies_by_pattern"),
        tests=tuple(_test(table) for table in fields.tables("tests")),
        benign=fields.flag("benign"),
    )


def _priors(fields: Fields) -> dict[str, float]:
    priors = fields.weights("explains")
    if not priors or not all(0 < weight < 1 for weight in priors.values()):
        raise fields.error(f"`explains` is {priors}, expected a weight between 0 and 1 for a pattern or more")
    return priors


def _test(fields: Fields) -> CauseTest:
    conditions = tuple(Condition(*triple) for triple in fields.triples("all"))
    test = CauseTest(conditions, fields.number("factor"), fields.text("says"), fields.words("patterns"))
    for fact, operator, _ in conditions:
        if fact not in FACTS or operator not in OPERATORS:
            raise fields.error(f"`{fact} {operator}` is no condition; facts are in catalogue_facts.py")
    if test.factor <= 0 or test.factor == 1:
        raise fields.error(f"`factor` is {test.factor}, expected a positive number other than 1")
    _check_sentence(fields, test)
    fields.close()
    return test


def _check_sentence(fields: Fields, test: CauseTest) -> None:
    """A placeholder is filled when the test holds, so its fact must stand among the conditions."""
    known = {condition.fact: condition.value for condition in test.conditions}
    try:
        test.sentence(known)
    except (KeyError, ValueError) as error:
        raise fields.error(f"`says` cannot be filled in from the test's own facts: {error}") from error


def _check_references(catalogue: Catalogue) -> None:
    for cause in catalogue.causes.values():
        used = set(cause.remedies).union(*cause.remedies_by_pattern.values())
        asked = set(cause.remedies_by_pattern).union(*(test.patterns for test in cause.tests))
        strangers = (
            (set(cause.explains) - set(catalogue.patterns))
            | (asked - set(cause.explains))
            | (set(cause.look_alikes) - (set(catalogue.causes) - {cause.id}))
            | (used - set(catalogue.remedies))
        )
        if strangers:
            names = ", ".join(sorted(strangers))
            raise DamagedError(f"cause [{cause.id}]", f"names what is not there: {names}", MEND)
