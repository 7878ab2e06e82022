"""Cases: several objectives, rewards and modalities."""

from lab.trainings.recipe import Recipe
from lab.trainings.setup import Fault, Setup


def _hacked(usual: Recipe, level: int, seed: int) -> Setup:
    weight = (0.3, 0.1, 0.02)[level]
    recipe = usual.changed(rate=2 * usual.rate, n_steps=2 * usual.n_steps)
    return Setup(
        recipe, recipe, options={"kl_weight": weight}, plain={"kl_weight": 2.0}, expected={"reward_hacking": 0},
        may=frozenset({"reward_hacking", "loss_metric_split", "objective_tradeoff", "divergence", "sawtooth"}),
        causes=("kl_coefficient_too_low", "reward_hacking"),
    )  # fmt: skip


def _kept_near(usual: Recipe, level: int, seed: int) -> Setup:
    options = {"kl_weight": 3.0, "n_wrong": 0}
    return Setup(
        usual,
        usual,
        options=options,
        plain=options,
        causes=(),
        may=frozenset({"sawtooth", "underfit_duration"}),
    )


def _stalls(usual: Recipe, level: int, seed: int) -> Setup:
    weight = (0.03, 0.005, 0.0)[level]
    return Setup(
        usual, usual, options={"weights": {"image": 1.0, "text": weight}}, expected={"objective_tradeoff": 0},
        may=frozenset({"objective_tradeoff", "plateau"}),
        look_alikes=frozenset({"modality_imbalance", "objective_conflict"}),
    )  # fmt: skip


def _imbalanced(usual: Recipe, level: int, seed: int) -> Setup:
    spread = (4.0, 6.0, 9.0)[level]
    return Setup(
        usual, usual, options={"rates": {"text": spread}}, expected={"objective_tradeoff": 0},
        may=frozenset({"objective_tradeoff", "plateau", "underfit_capacity"}),
        look_alikes=frozenset({"multitask_head_stall", "objective_conflict", "label_noise"}),
    )  # fmt: skip


def _together(usual: Recipe, level: int, seed: int) -> Setup:
    return Setup(usual, usual, causes=(), may=frozenset({"underfit_duration"}))


FAULTS = [
    Fault("policy", "reward_hacking", "fault", _hacked),
    Fault("policy", "kept_near", "healthy", _kept_near, (0,)),
    Fault("heads", "multitask_head_stall", "fault", _stalls),
    Fault("heads", "modality_imbalance", "fault", _imbalanced),
    Fault("heads", "plain", "healthy", _together, (0,)),
]
