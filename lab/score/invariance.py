"""Whether an answer hangs on what must not matter: the unit of the loss, the stride, precision, pieces, the clock."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from descentry.diagnosis.diagnose import report
from descentry.patterns.registry import detectors
from descentry.record.chunk import Chunk, Column
from descentry.record.report import RunReport
from descentry.sources.places.targets import all_logs
from descentry.sources.protocol import Log
from descentry.stream.drive import run as read
from descentry.testing.transforms import pieces, random_cuts, scaled, strided
from lab.store import Stored

Change = Callable[[Chunk], Chunk]
IN_NATS = frozenset(one.id for one in detectors() if getattr(one, "in_nats", False))
"""Detectors that know how large a loss should be: another unit is another loss to them."""
N_CUTS = 40


@dataclass(frozen=True, slots=True)
class Way:
    """One change of a log that must not change the answer.  `cut`: also read in other pieces than it came."""

    name: str
    change: Change
    cut: bool = False

    @property
    def changes_unit(self) -> bool:
        """Whether detectors that know the unit are left out."""
        return self.name.startswith("loss")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What must stay: the report's word and the patterns that lead."""

    word: str
    patterns: frozenset[str]

    def differs(self, other: "Verdict", way: Way) -> str:
        """What is another, in words; empty where nothing is.

        Where the unit changes, the patterns that know it are left out, and so is the word that they alone decide.
        """
        spared = IN_NATS if way.changes_unit else frozenset[str]()
        mine, others = self.patterns - spared, other.patterns - spared
        if mine != others:
            return (
                f"lost {','.join(sorted(mine - others)) or '-'}, new {','.join(sorted(others - mine)) or '-'}"
            )
        decided_by_unit = bool((self.patterns | other.patterns) & spared)
        return f"{self.word} became {other.word}" if self.word != other.word and not decided_by_unit else ""


def single(chunk: Chunk) -> Chunk:
    """Every value as float32 holds it; what passes its range is infinite, as it would be in such a log."""
    with np.errstate(over="ignore"):
        columns = {
            name: Column(column.rows, column.values.astype(np.float32).astype(np.float64))
            for name, column in chunk.columns.items()
        }
    return replace(chunk, columns=columns)


def clockless(chunk: Chunk) -> Chunk:
    """The log without its wall clock."""
    return replace(chunk, wall_times=None)


def _same(chunk: Chunk) -> Chunk:
    return chunk


WAYS: tuple[Way, ...] = (
    Way("loss x 0.01", partial(scaled, factor=0.01)),
    Way("loss x 100", partial(scaled, factor=100.0)),
    Way("stride 10", partial(strided, factor=10)),
    Way("stride 50", partial(strided, factor=50)),
    Way("float32", single),
    Way("other pieces", _same, cut=True),
    Way("no wall clock", clockless),
)


@dataclass(frozen=True, slots=True)
class Held:
    """One run under every way: way -> what differs, empty where nothing does."""

    run: str
    differs: Mapping[str, str]


def held(run: Stored) -> Held:
    """The answers to one run, changed in every way, laid beside the answer to the run as it is."""
    log = next(iter(all_logs(str(run.path))))
    parts = list(log.chunks())
    plain = _verdict(parts, log)
    differs = {}
    for way in WAYS:
        changed = [way.change(part) for part in parts]
        told = _verdict(_cut(changed) if way.cut else changed, log)
        differs[way.name] = plain.differs(told, way)
    return Held(run.id, differs)


def _cut(parts: Iterable[Chunk]) -> Iterator[Chunk]:
    for part in parts:
        yield from pieces(part, random_cuts(part.n_rows, N_CUTS, seed=part.n_rows))


def _verdict(parts: Iterable[Chunk], log: Log) -> Verdict:
    told: RunReport = report(read(parts), log.run, log.format, log.place)
    leading = frozenset(one.pattern for one in told.findings if one.explained_by is None)
    return Verdict(told.verdict, leading)


def lines(all_held: Sequence[Held]) -> Iterator[str]:
    """The share that held under each way and under all, and each run that did not."""
    broken = Counter(way for one in all_held for way, text in one.differs.items() if text)
    for one in all_held:
        for way, text in one.differs.items():
            if text:
                yield f"{one.run:48} {way:16} {text}"
    for way in (way.name for way in WAYS):
        yield f"{way:16} {1.0 - broken[way] / max(1, len(all_held)):7.2%} of {len(all_held)} runs"
    whole = sum(not any(one.differs.values()) for one in all_held)
    yield f"{'all of them':16} {whole / max(1, len(all_held)):7.2%}"
    yield f"left out where the loss is scaled, since they know its unit: {', '.join(sorted(IN_NATS))}"
