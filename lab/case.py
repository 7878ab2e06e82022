"""A case: a run whose truth is known, and what that truth is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Severity = Literal["none", "mild", "medium", "strong"]
Kind = Literal["fault", "benign", "healthy"]
Series = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Steps and values, of one length, in the order in which they were logged."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is so, by construction.

    `must`: patterns that the curve shows for certain; `may`: those that a careful expert could also name.
    `onset`: pattern -> steps.  `causes`: what was done to the run.  `look_alikes`: causes that this very log
    cannot tell from the true one, since what would tell was not logged.
    """

    must: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    onset: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    causes: tuple[str, ...] = ()
    look_alikes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Made:
    """A run as it was logged: series by name, settings, and its truth.

    `beside`: what the truth was read off from and the log does not hold: `run` with every series, and its `twin`.
    """

    series: Mapping[str, Series]
    truth: Truth
    config: Mapping[str, object] = field(default_factory=dict)
    beside: Mapping[str, Mapping[str, Series]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """A run that can be made again: the same id gives the same run on the same machine.

    `family`: what is trained, or which generator; `fault`: the id of what was done to it; `split`: `fit` for
    what thresholds and calibration may be learned from, `test` for what judges them.
    """

    family: str
    fault: str
    kind: Kind
    severity: Severity
    seed: int
    make: Callable[[], Made]

    @property
    def id(self) -> str:
        return f"{self.family}-{self.fault}-{self.severity}-{self.seed}"

    @property
    def split(self) -> Literal["fit", "test"]:
        """By seed and severity: odd seeds fit and even ones test; medium severity goes the other way round."""
        return "test" if (self.seed + (self.severity == "medium")) % 2 == 0 else "fit"
