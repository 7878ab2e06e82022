"""When no better validation is to be expected: patience, and Prechelt's three criteria.

Prechelt, Early stopping - but when?, 1998 (LNCS 1524:55): with E_opt the lowest validation error so far and E_va the
newest, GL = 100 (E_va / E_opt - 1); PQ = GL / P_k, the training progress P_k = 1000 (mean / min - 1) of the training
errors of the last strip of k; UP_s: the error rose in s successive strips.
"""

import math
from dataclasses import dataclass, field

from descentry.guard.rules import EarlyStop
from descentry.record.errors import UsageError


@dataclass
class EarlyStopper:
    """Takes validations (and the training losses between them) and says when to stop.

    `best`, `best_step`: the lowest validation so far and where it was.
    """

    rule: EarlyStop
    best: float = math.inf
    best_step: int | None = None
    n_since: int = 0
    n_seen: int = 0
    n_risen: int = 0
    at_strip: float = math.nan
    training: list[list[float]] = field(default_factory=lambda: [[]])

    def __post_init__(self) -> None:
        if self.rule.criterion not in CRITERIA:
            raise UsageError(
                f"early_stop: unknown criterion {self.rule.criterion!r}; one of {', '.join(CRITERIA)}"
            )

    def train(self, loss: float) -> None:
        """A training loss; what is not finite is passed over."""
        if loss - loss == 0.0:
            self.training[-1].append(loss)

    def validate(self, step: int, loss: float) -> str:
        """Why to stop after this validation; empty to go on.  Not finite: counts as one without a gain."""
        self.n_seen += 1
        if loss < self.best - self.rule.min_delta:
            self.best, self.best_step, self.n_since = loss, step, 0
        else:
            self.n_since += 1
        why = CRITERIA[self.rule.criterion](self, loss)
        self.training = [*self.training, []][-max(1, self.rule.strip) :]
        return why and f"{why}; the best validation was {self.best:.6g} at step {self.best_step}"

    def loss_of_generalisation(self, loss: float) -> float:
        """GL in percent: by how much the newest validation lies above the best one."""
        return 100.0 * (loss / self.best - 1.0) if self.best > 0 and math.isfinite(loss) else math.inf

    def progress(self) -> float:
        """P_k in thousandths: by how much the mean training loss of the strip lies above its lowest."""
        strip = [sum(part) / len(part) for part in self.training if part]
        return 1000.0 * (sum(strip) / len(strip) / min(strip) - 1.0) if strip and min(strip) > 0 else 0.0


def _patience(of: EarlyStopper, loss: float) -> str:
    del loss
    return f"{of.n_since} validations without a gain" if of.n_since >= of.rule.limit else ""


def _gl(of: EarlyStopper, loss: float) -> str:
    lost = of.loss_of_generalisation(loss)
    return f"generalisation loss {lost:.3g} % (limit {of.rule.limit:g})" if lost > of.rule.limit else ""


def _pq(of: EarlyStopper, loss: float) -> str:
    if of.n_seen % of.rule.strip:
        return ""
    quotient = of.loss_of_generalisation(loss) / max(of.progress(), 1e-12)
    return f"generalisation loss {quotient:.3g} times the progress" if quotient > of.rule.limit else ""


def _up(of: EarlyStopper, loss: float) -> str:
    if of.n_seen % of.rule.strip:
        return ""
    of.n_risen = of.n_risen + 1 if loss > of.at_strip else 0
    of.at_strip = loss
    return f"validation rose in {of.n_risen} successive strips" if of.n_risen >= of.rule.limit else ""


CRITERIA = {"patience": _patience, "gl": _gl, "pq": _pq, "up": _up}
