"""The obvious versions of the formulas: plain floats, one line of a paper each."""

import math
from collections.abc import Mapping, Sequence


def law_misfit(n: Sequence[float], losses: Sequence[float], law: tuple[float, float, float]) -> float:
    floor, height, exponent = law
    return sum((loss - floor - height * at**-exponent) ** 2 for at, loss in zip(n, losses, strict=True))


def best_law(n: Sequence[float], losses: Sequence[float]) -> tuple[float, float, float]:
    """By trying: exponents, and floors from 0 to the lowest loss; the height is then a mean."""
    tries = []
    for k in range(1, 41):
        exponent = 0.05 * k
        basis = [at**-exponent for at in n]
        for share in range(101):
            floor = min(losses) * share / 100
            above = [loss - floor for loss in losses]
            height = sum(a * b for a, b in zip(above, basis, strict=True)) / sum(b * b for b in basis)
            tries.append((floor, max(height, 0.0), exponent))
    return min(tries, key=lambda law: law_misfit(n, losses, law))


def floored(values: Sequence[float], floor: float) -> list[float]:
    """Lifts the lowest of those that fall short, one at a time."""
    k, low = len(values), set[int]()
    while True:
        rest = sum(value for at, value in enumerate(values) if at not in low)
        free = 1.0 - floor * len(low)
        shares = [floor if at in low else value * free / rest for at, value in enumerate(values)]
        short = [at for at in range(k) if at not in low and shares[at] < floor - 1e-15]
        if not short:
            return shares
        low.add(min(short, key=lambda at: shares[at]))


class Ado:
    """The paper's lines, given the laws: {name: (floor, height, exponent)}; no floor."""

    def __init__(self, prior: Mapping[str, float], credit: float, credit_rate: float, follow: float) -> None:
        self.prior, self.mean, self.h = dict(prior), dict(prior), dict(prior)
        self.credit, self.credit_rate, self.follow = credit, credit_rate, follow

    def turn(self, n: int, laws: Mapping[str, tuple[float, float, float]]) -> dict[str, float]:
        speed = {name: a * (height * n**-a) / n for name, (_, height, a) in laws.items()}
        wanted = {name: self.prior[name] * self.h[name] ** self.credit * speed[name] for name in laws}
        rho = {name: value / sum(wanted.values()) for name, value in wanted.items()}
        pi = {name: self.follow * rho[name] + (1 - self.follow) * self.mean[name] for name in laws}
        self.mean = {name: (n * self.mean[name] + rho[name]) / (n + 1) for name in laws}
        self.h = {name: (1 - self.credit_rate) * self.h[name] + self.credit_rate * pi[name] for name in laws}
        return pi


class Odm:
    """Algorithm 1 of the paper."""

    def __init__(self, names: Sequence[str], smoothing: float) -> None:
        self.k, self.smoothing, self.t = len(names), smoothing, 0
        self.rewards = dict.fromkeys(names, 0.0)
        self.pi = dict.fromkeys(names, 1 / self.k)
        self.last = 1 / self.k

    def observe(self, losses: Mapping[str, float]) -> dict[str, float]:
        self.t += 1
        for name, loss in losses.items():
            self.rewards[name] = (
                self.smoothing * self.rewards[name] + (1 - self.smoothing) * loss / self.pi[name]
            )
        eps = min(1 / self.k, math.sqrt(math.log(self.k) / (self.k * self.t)))
        powers = {name: math.exp(self.last * reward) for name, reward in self.rewards.items()}
        total = sum(powers.values())
        self.pi = {name: (1 - self.k * eps) * power / total + eps for name, power in powers.items()}
        self.last = eps
        return self.pi


def uncertainty_weights(means: Mapping[str, float]) -> dict[str, float]:
    """By descent on ln s of L / (2 s^2) + ln s, then 1 / (2 s^2), scaled to mean 1."""
    weights = {}
    for name, loss in means.items():
        log_s = 0.0
        for _ in range(20_000):
            log_s -= 0.05 * (1.0 - loss * math.exp(-2 * log_s))
        weights[name] = 0.5 * math.exp(-2 * log_s)
    scale = len(weights) / sum(weights.values())
    return {name: weight * scale for name, weight in weights.items()}


def dwa_weights(
    last: Mapping[str, float], before: Mapping[str, float], temperature: float
) -> dict[str, float]:
    powers = {name: math.exp(last[name] / before[name] / temperature) for name in last}
    return {name: len(powers) * power / sum(powers.values()) for name, power in powers.items()}
