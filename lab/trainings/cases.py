"""Every training."""

from lab.case import Case
from lab.trainings import cases_benign, cases_data, cases_loop, cases_numerics, cases_objectives

FAULTS = [
    *cases_benign.FAULTS,
    *cases_loop.FAULTS,
    *cases_data.FAULTS,
    *cases_numerics.FAULTS,
    *cases_objectives.FAULTS,
]


def cases(n_seeds: int) -> list[Case]:
    """`n_seeds` of each fault and severity; of plain healthy trainings five times as many."""
    made: list[Case] = []
    for fault in FAULTS:
        made += fault.cases(5 * n_seeds if fault.kind == "healthy" and len(fault.levels) == 1 else n_seeds)
    return made
