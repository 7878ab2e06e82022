"""The detectors, in the order in which they speak: later ones may read what earlier ones said."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from importlib import import_module
from importlib.metadata import entry_points

from descentry.patterns.protocol import Detector

BUILT_IN = (
    "descentry.patterns.nan:Nan",
    "descentry.patterns.log_overlap:LogOverlap",
    "descentry.patterns.spike:Spike",
    "descentry.patterns.divergence:Divergence",
    "descentry.patterns.flat:Flat",
    "descentry.patterns.restart_bump:RestartBump",
    "descentry.patterns.overfit:Overfit",
    "descentry.patterns.grokking:Grokking",
    "descentry.patterns.double_descent:DoubleDescent",
    "descentry.patterns.staircase:Staircase",
    "descentry.patterns.plateau:Plateau",
    "descentry.patterns.underfit_capacity:UnderfitCapacity",
    "descentry.patterns.sawtooth:Sawtooth",
    "descentry.patterns.data_shift:DataShift",
    "descentry.patterns.bad_init:BadInit",
    "descentry.patterns.too_good:TooGood",
    "descentry.patterns.oscillation:Oscillation",
    "descentry.patterns.exploding_gradient:ExplodingGradient",
    "descentry.patterns.vanishing_gradient:VanishingGradient",
    "descentry.patterns.loss_scale_collapse:LossScaleCollapse",
    "descentry.patterns.frozen_weights:FrozenWeights",
    "descentry.patterns.dead_units:DeadUnits",
    "descentry.patterns.saturation:Saturation",
    "descentry.patterns.objective_tradeoff:ObjectiveTradeoff",
    "descentry.patterns.reward_hacking:RewardHacking",
    "descentry.patterns.underfit_duration:UnderfitDuration",
    "descentry.patterns.leakage:Leakage",
    "descentry.patterns.loss_metric_split:LossMetricSplit",
)
"""Built-ins enter by the door that third parties use: `module:Class`."""
ENTRY_POINTS = "descentry.patterns"


def _load(name: str) -> Detector:
    module, _, attribute = name.partition(":")
    detector: Detector = getattr(import_module(module), attribute)()
    return detector


def detectors() -> list[Detector]:
    """One of each registered detector with its default parameters, built-ins first."""
    added = sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name)
    return [_load(name) for name in (*BUILT_IN, *(entry.value for entry in added))]


def at_rate(chosen: Sequence[Detector], alarm_rate: float) -> list[Detector]:
    """The same detectors, at another rate of false alarms per healthy run: those that have an `alarm_rate`."""
    return [_at_rate(one, alarm_rate) for one in chosen]


def _at_rate(detector: Detector, alarm_rate: float) -> Detector:
    if not is_dataclass(detector) or "alarm_rate" not in {one.name for one in fields(detector)}:
        return detector
    tuned: Detector = replace(detector, alarm_rate=alarm_rate)
    return tuned
