"""Steerers of every kind, and streams of losses as training loops make them."""

import math
from collections.abc import Callable

from hypothesis import strategies as st

from descentry.steer import (
    Ado,
    AdoSettings,
    Competence,
    CompetenceSettings,
    DwaSettings,
    DynamicWeightAverage,
    Odm,
    OdmSettings,
    Pacer,
    Progress,
    ProgressSettings,
    UncertaintySettings,
    UncertaintyWeighting,
    Weigher,
)

NAMES = ("a", "b", "c")
QUICK = AdoSettings(skip=3, warmup=15, refit_every=5, floor=0.05)

SAMPLERS: dict[str, Callable[[], Weigher]] = {
    "ado": lambda: Ado(NAMES, settings=QUICK),
    "ado_prior": lambda: Ado(NAMES, {"a": 5.0, "c": 1.0}, QUICK),
    "ado_unnamed": lambda: Ado(settings=QUICK),
    "odm": lambda: Odm(NAMES, OdmSettings(floor=0.05)),
    "odm_unnamed": lambda: Odm(settings=OdmSettings(warmup=4, is_importance_weighted=False)),
}
TASKS: dict[str, Callable[[], Weigher]] = {
    "uncertainty": lambda: UncertaintyWeighting(NAMES, UncertaintySettings(half_life=5.0)),
    "dwa": lambda: DynamicWeightAverage(NAMES, DwaSettings(period=4)),
}
WEIGHERS = SAMPLERS | TASKS
PACERS: dict[str, Callable[[], Pacer]] = {
    "competence": lambda: Competence(CompetenceSettings(n_steps=40)),
    "progress": lambda: Progress(ProgressSettings(least=10, most=30, check_every=2)),
}

VALUE = st.one_of(
    st.floats(0.01, 10.0), st.sampled_from([0.0, -1.0, math.nan, math.inf, -math.inf, 1e300, 1e90])
)
STREAM = st.lists(st.dictionaries(st.sampled_from([*NAMES, "late"]), VALUE, max_size=4), max_size=50)
"""Losses that are missing, not finite, negative, huge; a name that nobody announced."""


def fall(step: int, floor: float, height: float, exponent: float) -> float:
    return floor + height * (step + 1) ** -exponent
