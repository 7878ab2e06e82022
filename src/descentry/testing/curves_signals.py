"""Made events in gradients, scales, modules and objectives, to be put into a run of `curves.healthy`.

Every function returns a new Chunk and leaves its input as it is.  `at` is the row of the onset.
"""

import numpy as np

from descentry.record.chunk import Chunk, Floats
from descentry.testing.curves import RATE, TRAIN, plateau, with_values

NORM, SCALE, SKIPPED, REWARD, KL, PREFERENCE = (
    "grad_norm", "loss_scale", "skipped_steps", "reward", "kl", "eval_preference",
)  # fmt: skip


def gradients(chunk: Chunk, seed: int = 0, sigma: float = 0.2, level: float = 0.5) -> Chunk:
    """A gradient norm that starts threefold above `level`, settles, and scatters by `sigma` of its logarithm."""
    k = np.arange(chunk.n_rows)
    random = np.random.default_rng(seed)
    course = level * (1.0 + 2.0 * np.exp(-20.0 * k / max(1, len(k))))
    return with_values(chunk, NORM, course * np.exp(sigma * random.standard_normal(len(k))))


def _since(chunk: Chunk, at: int, n_rows: int | None = None) -> Floats:
    """0 up to row `at`, then a straight line to 1 at the end or after `n_rows`, float64[n]."""
    length = max(1, chunk.n_rows - at if n_rows is None else n_rows)
    line: Floats = np.clip((np.arange(chunk.n_rows) - at) / length, 0.0, 1.0)
    return line


def exploding(chunk: Chunk, at: int, factor: float, n_rows: int | None = None) -> Chunk:
    """The gradient norm grows `factor`-fold to the end of the run, or leaps for `n_rows` rows."""
    rows, norm = gradients(chunk).columns[NORM]
    inside = (rows >= at) & (rows < at + (n_rows or 0))
    growth = factor ** _since(chunk, at) if n_rows is None else np.where(inside, factor, 1.0)
    return with_values(chunk, NORM, norm * growth)


def vanishing(chunk: Chunk, at: int, factor: float = 1e4) -> Chunk:
    """The gradient norm sinks `factor`-fold within a tenth of the run, and the loss stands still from there."""
    _rows, norm = gradients(chunk).columns[NORM]
    sunk = norm * (1.0 / factor) ** _since(chunk, at, chunk.n_rows // 10)
    return with_values(plateau(chunk, at=at), NORM, sunk)


def shrinking_layers(chunk: Chunk, at: int, factor: float = 10.0, n_layers: int = 6) -> Chunk:
    """Gradient norms by layer, each `factor` times as large as that of the layer before, beside a stalled loss."""
    random = np.random.default_rng(3)
    chunk = plateau(chunk, at=at)
    for k in range(n_layers):
        norm = factor ** (k - n_layers + 1.0) * np.exp(0.2 * random.standard_normal(chunk.n_rows))
        chunk = with_values(chunk, f"grad_norm/layers.{k}", norm)
    return chunk


def collapsing_scale(chunk: Chunk, at: int, every: int = 3, floor: float = 1.0) -> Chunk:
    """A loss scale of 65536 that is halved every `every` rows from row `at` on, down to `floor`; skips counted."""
    k = np.arange(chunk.n_rows)
    scale = np.maximum(2.0 ** (16.0 - np.maximum(0, k - at) // every), floor)
    return with_values(with_values(chunk, SCALE, scale), SKIPPED, np.maximum(0.0, k - at))


def working_scale(chunk: Chunk, every: int = 40, seed: int = 0) -> Chunk:
    """A loss scale that doubles every `every` rows and is halved when it has become too large."""
    random = np.random.default_rng(seed)
    scale, level = np.empty(chunk.n_rows), 24.0
    for k in range(chunk.n_rows):
        level += float(k > 0 and k % every == 0)
        if level > 15 and random.random() < 0.9:
            level -= 1.0
        scale[k] = 2.0**level
    return with_values(chunk, SCALE, scale)


def updates(chunk: Chunk, still: tuple[int, ...] = (), n_modules: int = 4, seed: int = 0) -> Chunk:
    """Update ratios of some modules; those numbered in `still` are exactly 0."""
    random = np.random.default_rng(seed)
    for k in range(n_modules):
        moving = 1e-3 * np.exp(0.3 * random.standard_normal(chunk.n_rows))
        chunk = with_values(
            chunk, f"update_ratio/layers.{k}", np.zeros(chunk.n_rows) if k in still else moving
        )
    return chunk


def dying(chunk: Chunk, at: int, share: float, seed: int = 0) -> Chunk:
    """Three layers with a twentieth of dead units; in the second one `share` more die in a twentieth of the run."""
    random = np.random.default_rng(seed)
    for k in range(3):
        dead = np.abs(0.05 + 0.01 * random.standard_normal(chunk.n_rows))
        rise = share * _since(chunk, at, chunk.n_rows // 20) if k == 1 else 0.0
        chunk = with_values(chunk, f"dead_fraction/layers.{k}", np.minimum(dead + rise, 1.0))
    return chunk


def saturating(chunk: Chunk, at: int, factor: float, seed: int = 0) -> Chunk:
    """A largest attention logit near 8 that grows `factor`-fold, ever faster, from row `at` to the end."""
    noise = np.exp(0.05 * np.random.default_rng(seed).standard_normal(chunk.n_rows))
    return with_values(chunk, "attention/max_logit", 8.0 * noise * factor ** _since(chunk, at))


def trading(chunk: Chunk, at: int, rise: float, seed: int = 0) -> Chunk:
    """Two languages that go with the training loss; from row `at` on one gains what the other loses, up to `rise`."""
    rows, values = chunk.columns[TRAIN]
    noise = 0.02 * np.random.default_rng(seed).standard_normal(len(values))
    change = rise * _since(chunk, at)[rows]
    chunk = with_values(chunk, "loss/en", values - 0.4 * change + noise, rows)
    return with_values(chunk, "loss/fr", values + change - noise, rows)


def heads(chunk: Chunk, behind: float, seed: int = 0) -> Chunk:
    """Two heads that begin alike: one loses nine tenths of its loss, the other `behind` of it, both early on."""
    random = np.random.default_rng(seed)
    fall = 1.0 - np.exp(-20.0 * np.arange(chunk.n_rows) / max(1, chunk.n_rows))
    for name, share in (("image_loss", 0.9), ("text_loss", behind)):
        noise = np.exp(0.05 * random.standard_normal(chunk.n_rows))
        chunk = with_values(chunk, name, 2.1 * (1.0 - share * fall) * noise)
    return chunk


def hacking(chunk: Chunk, at: int, fall: float, growth: float = 30.0, seed: int = 0) -> Chunk:
    """A reward that climbs; from row `at` on the preference falls by `fall` and the KL grows by `growth` nats."""
    random = np.random.default_rng(seed)
    n, late = chunk.n_rows, _since(chunk, at)
    t = np.arange(n) / max(1, n)
    reward = 2.0 * (1.0 - np.exp(-3.0 * t)) + late + 0.05 * random.standard_normal(n)
    kl = np.abs(3.0 * t + growth * late**2 + 0.02 * random.standard_normal(n))
    rows = np.arange(9, n, max(1, n // 50))
    held = 0.5 + 0.25 * (1.0 - np.exp(-3.0 * t)) - fall * late
    chunk = with_values(with_values(chunk, REWARD, reward), KL, kl)
    return with_values(chunk, PREFERENCE, held[rows] + 0.005 * random.standard_normal(len(rows)), rows)


def cut_rate(chunk: Chunk, at: int) -> Chunk:
    """The learning rate is 0 from row `at` on."""
    rows, rate = chunk.columns[RATE]
    return with_values(chunk, RATE, np.where(rows >= at, 0.0, rate), rows)
