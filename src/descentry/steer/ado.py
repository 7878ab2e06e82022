"""Adaptive data optimisation: each domain is drawn by how fast its own power law says that it still learns.

Jiang, Zhou, Feng, Malladi, Kolter: Adaptive Data Optimization: Dynamic Sample Selection with Scaling Laws (2024),
arXiv:2410.11820.  With the law L_k(n) = eps_k + beta_k n^-alpha_k of domain k after n examples of all domains:

    speed_k = alpha_k (L_k(n) - eps_k) / n                    how fast it falls
    lambda_k ~ h_k^s                                          credit: h is the moving average of the weights
    rho_k ~ mu_k lambda_k speed_k, none below the floor       preference; mu is the prior
    pi = gamma_2 rho + (1 - gamma_2) mean of all rho so far   weights
    h <- gamma_1 pi + (1 - gamma_1) h

Unlike the authors' program the fit is closed in form but for the exponent (`law`), in bounded memory (`course`), and
the law of a domain that comes later counts from its first call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from descentry.record.chunk import Floats
from descentry.record.errors import UsageError
from descentry.record.event import Event
from descentry.steer.course import Course
from descentry.steer.intake import Intake
from descentry.steer.law import PowerLaw, fitted
from descentry.steer.protocol import Losses, State
from descentry.steer.saved import floats, packed, unpack
from descentry.steer.shares import check_between, check_prior, floored, prior_shares, widened


@dataclass(frozen=True, slots=True)
class AdoSettings:
    """What may be turned; counts are in calls of `observe`.  Defaults: the paper's, for 10^4 calls and more."""

    skip: int = 500
    """First calls that no law is fitted to; higher: less of the first, unlawful fall."""
    warmup: int = 1000
    """Calls in which the prior alone is drawn; higher: steadier laws, a later gain."""
    refit_every: int = 1000
    """Calls between two fits; higher: cheaper, slower to follow."""
    floor: float = 0.01
    """The least share of a domain; higher: nearer to uniform.  At most one over the number of domains."""
    credit: float = 0.5
    """s: how much domains that were drawn a lot are credited with the progress; 0: not at all."""
    credit_rate: float = 0.1
    """gamma_1: higher: h follows the weights faster."""
    follow: float = 0.1
    """gamma_2: the part of the newest preference in the weights; higher: faster and more restless."""
    max_exponent: float = 2.0
    """The highest exponent; higher: a loss that dropped at once counts as learned."""

    @classmethod
    def short(cls, n_calls: int, n_domains: int) -> "AdoSettings":
        """Settings for a run of `n_calls` (from 50 up): fits from 7 % of it on, every 3 %; half follows the newest fit.

        No domain falls below half an even share: with few domains one that is hardly drawn is forgotten, and that may
        cost what was saved (docs/steer.md).
        """
        part = max(1, round(0.03 * n_calls))
        warmup = max(part + 1, round(0.07 * n_calls))
        return cls(skip=part, warmup=warmup, refit_every=part, floor=0.5 / max(n_domains, 1), follow=0.5)


class Ado:
    """Sampling weights by learning speed.

    `domains`: the names known at the start; others join when their first loss comes.  `prior`: the share of each,
    in any unit (the token counts, say); equal where it is not given.  Losses below 0 are left aside.  Call `observe`
    at even distances (each step, each tenth), with training or held-out losses, but always the same.
    UsageError for settings out of their ranges.
    """

    def __init__(
        self,
        domains: Sequence[str] = (),
        prior: Mapping[str, float] | None = None,
        settings: AdoSettings | None = None,
    ) -> None:
        self.settings = settings or AdoSettings()
        _check(self.settings, len(domains))
        check_prior("ado", prior)
        self._prior = {name: float(weight) for name, weight in (prior or {}).items()}
        self._intake = Intake("ado", non_negative=True)
        self._courses: dict[str, Course] = {}
        self._laws: dict[str, PowerLaw | None] = {}
        self._calls: dict[str, int] = {}
        self._weights, self._mean, self._credited = np.zeros(0), np.zeros(0), np.zeros(0)
        self._intake.begin(domains)
        self._grow()

    @property
    def weights(self) -> dict[str, float]:
        """A share for each domain, none below the floor; they sum to 1."""
        return dict(zip(self._intake.names, map(float, self._weights), strict=True))

    @property
    def laws(self) -> dict[str, PowerLaw | None]:
        """The law fitted last to each domain; None where there is too little of it."""
        return dict(self._laws)

    @property
    def events(self) -> Sequence[Event]:
        """What was odd so far: losses left aside, silent domains, domains without a law, and the like."""
        return tuple(self._intake.events)

    def observe(self, step: int, losses: Losses) -> dict[str, float]:
        """The weights, after these losses.  A domain that was not drawn may be missing."""
        usable = self._intake.take(step, losses)
        self._grow()
        n_calls = self._intake.n_calls
        for name in self._intake.names:
            self._calls[name] += 1
            if name in usable and n_calls > self.settings.skip:
                self._courses[name].add(float(self._calls[name]), usable[name])
        if n_calls >= self.settings.warmup and len(self._weights):
            if (n_calls - self.settings.warmup) % self.settings.refit_every == 0:
                self._fit()
            self._turn(n_calls)
        return self.weights

    def state_dict(self) -> State:
        """Plain JSON data, of bounded size: at most 256 blocks for each domain."""
        own = {
            "prior": dict(self._prior),
            "courses": {name: course.state() for name, course in self._courses.items()},
            "laws": {name: law and [law.floor, law.height, law.exponent] for name, law in self._laws.items()},
            "calls": dict(self._calls),
            "weights": self._weights.tolist(),
            "mean": self._mean.tolist(),
            "credited": self._credited.tolist(),
        }
        return packed(self._intake, self.settings, own)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on exactly where `state` was taken, its prior included.  UsageError for a state it cannot take."""
        unpack(self._intake, self.settings, state, self._load)

    def _load(self, own: Mapping[str, Any]) -> None:
        names = self._intake.names
        prior = {str(name): float(weight) for name, weight in own["prior"].items()}
        courses = {name: Course.of(own["courses"][name]) for name in names}
        laws = {
            name: own["laws"][name] and PowerLaw(*floats(own["laws"][name], 3).tolist()) for name in names
        }
        calls = {name: int(own["calls"][name]) for name in names}
        weights, mean, credited = (floats(own[part], len(names)) for part in ("weights", "mean", "credited"))
        self._prior, self._courses, self._laws, self._calls = prior, courses, laws, calls
        self._weights, self._mean, self._credited = weights, mean, credited

    def _grow(self) -> None:
        """Gives newcomers their prior share; what is there keeps its proportions."""
        names = self._intake.names
        joined = names[len(self._weights) :]
        if not joined:
            return
        for name in joined:
            self._courses[name], self._laws[name], self._calls[name] = Course(), None, 0
        shares = prior_shares(names, self._prior)[-len(joined) :]
        self._mean, self._credited = widened(self._mean, shares), widened(self._credited, shares)
        self._weights = floored(widened(self._weights, shares), self.settings.floor)
        if self.settings.floor * len(names) > 1.0:
            self._intake.tell(
                "floor", f"a floor of {self.settings.floor} leaves {len(names)} domains no choice"
            )

    def _fit(self) -> None:
        for name, course in self._courses.items():
            law = fitted(*course.closed(), most=self.settings.max_exponent)
            if law is not None:
                self._laws[name] = law
            elif self._laws[name] is None:
                self._intake.tell("no_law", f"{name}: too few losses for a law yet; it keeps its prior share")

    def _turn(self, n_calls: int) -> None:
        settings = self.settings
        preference = floored(self._preference(), settings.floor)
        weights = settings.follow * preference + (1.0 - settings.follow) * self._mean
        self._weights = floored(weights, settings.floor)
        self._mean = self._mean + (preference - self._mean) / (n_calls + 1)
        self._credited = self._credited + settings.credit_rate * (self._weights - self._credited)

    def _preference(self) -> Floats:
        """Prior times credit times speed for domains with a law, float64[k]; the others keep their prior share."""
        names = self._intake.names
        prior = prior_shares(names, self._prior)
        has_law = np.array([self._laws[name] is not None for name in names])
        speeds = np.array([self._speed(name) for name in names])
        wanted = prior * self._credited**self.settings.credit * speeds
        total = float(wanted.sum())
        if total <= 0:
            if has_law.any():
                self._intake.tell("no_speed", "no domain falls any more by its law; the prior is drawn")
            return prior
        return np.where(has_law, wanted * (float(prior[has_law].sum()) / total), prior)

    def _speed(self, name: str) -> float:
        law = self._laws[name]
        return 0.0 if law is None else law.speed(float(self._calls[name]))


def _check(settings: AdoSettings, n_domains: int) -> None:
    if not 0 <= settings.skip < settings.warmup or settings.refit_every < 1:
        raise UsageError(
            f"ado: skip is {settings.skip}, warmup {settings.warmup}, refit_every {settings.refit_every}; "
            "expected 0 <= skip < warmup and refit_every of at least 1"
        )
    check_between("ado", "floor", settings.floor, 0.0, 1.0 / max(n_domains, 1))
    check_between("ado", "credit", settings.credit, -1.0, 10.0)
    check_between("ado", "credit_rate", settings.credit_rate, 0.0, 1.0)
    check_between("ado", "follow", settings.follow, 0.0, 1.0)
    check_between("ado", "max_exponent", settings.max_exponent, 0.1, 10.0)
