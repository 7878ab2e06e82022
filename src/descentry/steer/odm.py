"""Online data mixing: a bandit draws domains by their loss, explores less as it goes.

Albalak, Pan, Raffel, Wang: Efficient Online Data Mixing For Language Model Pre-Training (2023), arXiv:2312.02406,
after EXP3 (Auer, Cesa-Bianchi, Freund, Schapire, 2002).  With K domains, at call t:

    eps_t = min(1/K, sqrt(ln K / (K t)))
    R_k <- alpha R_k + (1 - alpha) L_k / pi_k                          for the domains that were drawn
    pi_k = (1 - K eps_t) exp(eps_(t-1) R_k) / sum_j exp(eps_(t-1) R_j) + eps_t

As eps falls the weights come back to equal shares: that is the paper's, and deliberate.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from descentry.record.event import Event
from descentry.steer.intake import Intake
from descentry.steer.protocol import Losses, State
from descentry.steer.saved import floats, packed, unpack
from descentry.steer.shares import check_between, floored


@dataclass(frozen=True, slots=True)
class OdmSettings:
    """What may be turned."""

    warmup: int = 0
    """Calls in which all are drawn alike while rewards are gathered; higher: a later, steadier start."""
    smoothing: float = 0.9
    """alpha: higher: the rewards follow the losses more slowly."""
    reward_scale: float = 1.0
    """Losses are multiplied by it; higher: sharper weights.  The bandit is not free of units: a loss in nats fits 1."""
    floor: float = 0.0
    """The least share of a domain beyond eps; higher: nearer to uniform."""
    is_importance_weighted: bool = True
    """Whether a loss is divided by the weight it was drawn with; False where each call brings every domain's loss."""


class Odm:
    """Sampling weights by loss.  `domains`: the names known at the start; others join when their first loss comes.

    UsageError for settings out of their ranges.
    """

    def __init__(self, domains: Sequence[str] = (), settings: OdmSettings | None = None) -> None:
        self.settings = settings or OdmSettings()
        _check(self.settings, len(domains))
        self._intake = Intake("odm")
        self._intake.begin(domains)
        self._rewards = np.zeros(len(domains))
        self._weights = floored(np.ones(len(domains)), 0.0)
        self._last_rate = 1.0 / max(len(domains), 1)

    @property
    def weights(self) -> dict[str, float]:
        """A share for each domain, none below eps or the floor; they sum to 1."""
        return dict(zip(self._intake.names, map(float, self._weights), strict=True))

    @property
    def events(self) -> Sequence[Event]:
        """What was odd so far."""
        return tuple(self._intake.events)

    def observe(self, step: int, losses: Losses) -> dict[str, float]:
        """The weights, after these losses.  A domain that was not drawn must be missing: its reward stands."""
        usable = self._intake.take(step, losses)
        self._grow()
        keep = self.settings.smoothing
        for k, name in enumerate(self._intake.names):
            if name in usable:
                share = float(self._weights[k]) if self.settings.is_importance_weighted else 1.0
                reward = self.settings.reward_scale * usable[name] / share
                self._rewards[k] = keep * self._rewards[k] + (1.0 - keep) * reward
        if len(self._weights):
            self._turn()
        return self.weights

    def state_dict(self) -> State:
        """Plain JSON data: three numbers for each domain."""
        own = {
            "rewards": self._rewards.tolist(),
            "weights": self._weights.tolist(),
            "last_rate": self._last_rate,
        }
        return packed(self._intake, self.settings, own)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on exactly where `state` was taken.  UsageError for a state it cannot take."""
        unpack(self._intake, self.settings, state, self._load)

    def _load(self, own: Mapping[str, Any]) -> None:
        n = len(self._intake.names)
        rewards, weights, last_rate = (
            floats(own["rewards"], n),
            floats(own["weights"], n),
            float(own["last_rate"]),
        )
        self._rewards, self._weights, self._last_rate = rewards, weights, last_rate

    def _grow(self) -> None:
        """Newcomers begin with the mean reward and an equal share."""
        k, had = len(self._intake.names), len(self._weights)
        if k == had:
            return
        usual = float(self._rewards.mean()) if had else 0.0
        self._rewards = np.concatenate([self._rewards, np.full(k - had, usual)])
        self._weights = np.concatenate([self._weights * (had / k), np.full(k - had, 1.0 / k)])

    def _turn(self) -> None:
        k, settings = len(self._weights), self.settings
        rate = exploration(k, self._intake.n_calls)
        last, self._last_rate = self._last_rate, rate
        if self._intake.n_calls <= settings.warmup:
            self._weights = np.full(k, 1.0 / k)
            return
        powers = last * self._rewards
        powers = np.exp(powers - powers.max())
        self._weights = floored((1.0 - k * rate) * powers / powers.sum() + rate, settings.floor)


def exploration(n_domains: int, n_calls: int) -> float:
    """eps: the share that each domain is sure of, min(1/K, sqrt(ln K / (K t))); `n_calls` from 1."""
    return min(1.0 / n_domains, math.sqrt(math.log(n_domains) / (n_domains * n_calls)))


def _check(settings: OdmSettings, n_domains: int) -> None:
    check_between("odm", "smoothing", settings.smoothing, 0.0, 1.0)
    check_between("odm", "reward_scale", settings.reward_scale, 0.0, 1e6)
    check_between("odm", "floor", settings.floor, 0.0, 1.0 / max(n_domains, 1))
    check_between("odm", "warmup", settings.warmup, 0, math.inf)
