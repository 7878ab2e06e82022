"""When no better validation is to be expected: patience, and Prechelt's three criteria.

Prechelt, Early stopping - but when?, 1998 (LNCS 1524:55): with E_opt the lowest validation error so far and E_va the
newest, GL = 100 (E_va / E_opt - 1); PQ = GL / P_k, the training progress P_k = 1000 (mean / min - 1) of the training
errors of the last strip of k; UP_s: the error rose in s successive strips.

Errors are positive there.  Where a loss is zero or negative, GL and P_k mean nothing, and GL and PQ are silent.
"""

import math
from collections import deque
from dataclasses import dataclass, field

from descentry.guard.rules import EarlyStop
from descentry.record.errors import UsageError


@dataclass
class EarlyStopper:
    """Takes validations (and the training losses between them) and says when to stop.

    `best`, `best_step`: the lowest validation so far and where it was, a gain below `min_delta` not counted;
    `strip`: the mean training loss between two validations each, NaN where there was none; `total`, `n_total`: those
    since the last validation.
    """

    rule: EarlyStop
    best: float = math.inf
    best_step: int | None = None
    n_since: int = 0
    n_seen: int = 0
    n_risen: int = 0
    at_strip: float = math.nan
    total: float = 0.0
    n_total: int = 0
    strip: deque[float] = field(default_factory=deque)

    def __post_init__(self) -> None:
        if self.rule.criterion not in CRITERIA:
            raise UsageError(
                f"early_stop: unknown criterion {self.rule.criterion!r}; one of {', '.join(CRITERIA)}"
            )

    def train(self, loss: float) -> None:
        """A training loss; what is not finite is passed over."""
        if loss - loss == 0.0:
            self.total += loss
            self.n_total += 1

    def validate(self, step: int, loss: float) -> str:
        """Why to stop after this validation; empty to go on.  Not finite: counts as one without a gain."""
        self.n_seen += 1
        self._close()
        if loss < self.best - self.rule.min_delta and loss - loss == 0.0:
            self.best, self.best_step, self.n_since = loss, step, 0
        else:
            self.n_since += 1
        why = CRITERIA[self.rule.criterion](self, loss)
        return why and f"{why}; the best validation was {self.best:.6g} at step {self.best_step}"

    def loss_of_generalisation(self, loss: float) -> float:
        """GL in percent: by how much the newest validation lies above the best one; 0.0 where that means nothing."""
        is_known = 0 < self.best < math.inf and loss - loss == 0.0
        return 100.0 * (loss / self.best - 1.0) if is_known else 0.0

    def progress(self) -> float:
        """P_k in thousandths: by how much the mean training loss of the strip lies above its lowest; NaN: unknown."""
        known = [mean for mean in self.strip if mean == mean]
        if not known or min(known) <= 0:
            return math.nan
        return 1000.0 * (sum(known) / len(known) / min(known) - 1.0)

    def _close(self) -> None:
        self.strip.append(self.total / self.n_total if self.n_total else math.nan)
        self.total, self.n_total = 0.0, 0
        while len(self.strip) > self.rule.strip:
            self.strip.popleft()


def _patience(of: EarlyStopper, loss: float) -> str:
    del loss
    return f"{of.n_since} validations without a gain" if of.n_since >= of.rule.limit else ""


def _gl(of: EarlyStopper, loss: float) -> str:
    lost = of.loss_of_generalisation(loss)
    return f"generalisation loss {lost:.3g} % (limit {of.rule.limit:g})" if lost > of.rule.limit else ""


def _pq(of: EarlyStopper, loss: float) -> str:
    lost, progress = of.loss_of_generalisation(loss), of.progress()
    if of.n_seen % of.rule.strip or progress != progress:
        return ""
    is_over = lost > of.rule.limit * progress
    return f"generalisation loss {lost:.3g} % at a progress of {progress:.3g} ‰" if is_over else ""


def _up(of: EarlyStopper, loss: float) -> str:
    if of.n_seen % of.rule.strip:
        return ""
    of.n_risen = of.n_risen + 1 if loss > of.at_strip else 0
    of.at_strip = loss
    return f"validation rose in {of.n_risen} successive strips" if of.n_risen >= of.rule.limit else ""


CRITERIA = {"patience": _patience, "gl": _gl, "pq": _pq, "up": _up}
