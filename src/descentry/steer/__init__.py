"""Curves that steer: what each domain's loss says about where the next tokens are worth most.

    mixture = descentry.steer.Ado(["code", "prose", "speech"])
    draws = descentry.steer.Draws(seed=0)
    for step in range(n_steps):
        counts = draws.counts(mixture.weights, 64)          # {"code": 23, "prose": 30, "speech": 11}
        ...
        mixture.observe(step, {"code": 2.1, "prose": 3.4})  # domains that were not drawn may be missing
    saved = mixture.state_dict()                            # plain JSON; `load_state_dict` goes on exactly there

`Ado` and `Odm` weigh domains for sampling, `UncertaintyWeighting` and `DynamicWeightAverage` weigh the losses of
tasks or modalities, `Competence` and `Progress` pace a curriculum.  NumPy only, no framework: see docs/steer.md.
"""

from descentry.steer.ado import Ado as Ado
from descentry.steer.ado import AdoSettings as AdoSettings
from descentry.steer.draws import Draws as Draws
from descentry.steer.law import PowerLaw as PowerLaw
from descentry.steer.law import fitted as fitted
from descentry.steer.odm import Odm as Odm
from descentry.steer.odm import OdmSettings as OdmSettings
from descentry.steer.pacing import Competence as Competence
from descentry.steer.pacing import CompetenceSettings as CompetenceSettings
from descentry.steer.pacing import open_count as open_count
from descentry.steer.progress import Progress as Progress
from descentry.steer.progress import ProgressSettings as ProgressSettings
from descentry.steer.protocol import Pacer as Pacer
from descentry.steer.protocol import Weigher as Weigher
from descentry.steer.tasks import DwaSettings as DwaSettings
from descentry.steer.tasks import DynamicWeightAverage as DynamicWeightAverage
from descentry.steer.tasks import UncertaintySettings as UncertaintySettings
from descentry.steer.tasks import UncertaintyWeighting as UncertaintyWeighting

__all__ = [
    "Ado",
    "AdoSettings",
    "Competence",
    "CompetenceSettings",
    "Draws",
    "DwaSettings",
    "DynamicWeightAverage",
    "Odm",
    "OdmSettings",
    "Pacer",
    "PowerLaw",
    "Progress",
    "ProgressSettings",
    "UncertaintySettings",
    "UncertaintyWeighting",
    "Weigher",
    "fitted",
    "open_count",
]
