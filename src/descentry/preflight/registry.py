"""The checks, in the order in which they are run: a new one is a file in `checks` and a row here."""

from descentry.preflight.answer import Check
from descentry.preflight.checks.attention import AttentionScale
from descentry.preflight.checks.causal import CausalMask
from descentry.preflight.checks.checkpoint import Checkpoint
from descentry.preflight.checks.gradients import Gradients
from descentry.preflight.checks.initial_loss import InitialLoss
from descentry.preflight.checks.items import BatchItems
from descentry.preflight.checks.learning_rate import LearningRate
from descentry.preflight.checks.loop import OwnLoop
from descentry.preflight.checks.overfit import OverfitBatch
from descentry.preflight.checks.parameters import Frozen, InOptimizer
from descentry.preflight.checks.precision import Precision
from descentry.preflight.checks.scaler import Scaler
from descentry.preflight.checks.targets import TargetsShifted, TargetsVary
from descentry.preflight.checks.update import WeightsChange

CHECKS: tuple[Check, ...] = (
    InitialLoss(),
    TargetsVary(),
    TargetsShifted(),
    CausalMask(),
    BatchItems(),
    Frozen(),
    InOptimizer(),
    LearningRate(),
    Gradients(),
    WeightsChange(),
    OwnLoop(),
    OverfitBatch(),
    AttentionScale(),
    Precision(),
    Scaler(),
    Checkpoint(),
)
