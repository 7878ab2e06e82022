"""The catalogue holds what the guide says, in its order; what breaks its rules is refused by name."""

import re
from pathlib import Path
from string import Formatter

import pytest

from descentry.diagnosis.catalogue import FACTS, OPERATORS, CauseEntry, load, parse
from descentry.record.errors import DamagedError

CATALOGUE = load()
VOCABULARY = Path(__file__).parents[3] / "shared" / "PATTERNS.md"

PATTERNS = """
healthy flat spike plateau overfit nan staircase sawtooth oscillation divergence underfit_capacity
underfit_duration bad_init too_good leakage restart_bump log_overlap data_shift double_descent grokking
loss_metric_split objective_tradeoff reward_hacking vanishing_gradient exploding_gradient
loss_scale_collapse dead_units saturation frozen_weights
"""

CAUSES = """
step_decay_schedule cosine_restarts cyclical_lr warmup epoch_repeat resume_duplicate_steps dropout_gap
grokking double_descent schedule_cooldown hardware_nondeterminism gradient_underflow lr_zero lr_too_low
lr_too_high missing_warmup optimizer_not_stepping grads_wiped frozen_weights grad_accum_not_divided
no_gradient_clipping batch_too_small weight_decay_too_high resume_without_optimizer resume_lr_reset
corrupted_batch corrupted_shard label_noise domain_ordered_data data_refresh_shift val_leakage
targets_equal_inputs targets_shuffled targets_constant duplicated_or_noisy_content data_exhausted
small_dataset_overfit padding_or_mask_error fp16_overflow loss_scale_collapse attention_scale_missing
logit_growth bad_init capacity_too_small hidden_nan stopped_too_early schedule_ended throughput_stall
code_or_dependency_change reward_hacking kl_coefficient_too_low multitask_head_stall objective_conflict
modality_imbalance
"""

GUIDE_CAUSES = {
    "flat": """lr_zero optimizer_not_stepping grads_wiped gradients_zero targets_misaligned frozen_weights
        targets_equal_inputs targets_constant""",
    "spike": """corrupted_batch no_gradient_clipping clip_norm_too_high corrupted_shard lr_too_high
        sequence_length_bug""",
    "plateau": "lr_too_low schedule_ended capacity_too_small data_exhausted",
    "overfit": "small_dataset_overfit regularisation_too_weak",
    "nan": """lr_too_high no_gradient_clipping attention_scale_missing loss_computation_error
        autocast_misused fp16_overflow""",
    "staircase": "step_decay_schedule",
    "sawtooth": "batch_too_small normal_batch_noise",
}
"""Pattern -> the guide's causes in the order in which it gives them, the likeliest first."""

GUIDE_REMEDIES = {
    ("flat", "optimizer_not_stepping"): "step_the_optimizer reorder_zero_grad check_weight_grads",
    ("flat", "targets_equal_inputs"): "inspect_batches",
    ("spike", "corrupted_batch"): "clip_gradients tighten_clipping lower_lr",
    ("spike", "lr_too_high"): "clip_gradients tighten_clipping lower_lr",
    ("plateau", "lr_too_low"): "raise_lr restart_higher_peak",
    ("plateau", "capacity_too_small"): "bigger_model add_data",
    ("overfit", "small_dataset_overfit"): "stop_early raise_dropout raise_weight_decay add_data",
    ("nan", "lr_too_high"): "lower_lr_sharply clip_gradients",
    ("nan", "attention_scale_missing"): "scale_attention",
    ("nan", "loss_computation_error"): "check_loss_function",
    ("nan", "autocast_misused"): "fix_autocast keep_float32",
    ("staircase", "step_decay_schedule"): "cosine_schedule",
    ("sawtooth", "batch_too_small"): "raise_batch_size accumulate_gradients",
}
"""What the guide says to do, in its order."""

AMERICAN = re.compile(r"\b(optimizers?|behavior|normalize|regulariz\w+)\b(?![.\[(_])", re.IGNORECASE)


def in_order(wanted: list[str], given: tuple[str, ...] | list[str]) -> bool:
    return [item for item in given if item in wanted] == wanted


def test_every_pattern_and_cause_of_the_vocabulary_has_an_entry() -> None:
    assert list(CATALOGUE.patterns) == PATTERNS.split()
    assert set(CAUSES.split()) <= set(CATALOGUE.causes)


@pytest.mark.skipif(not VOCABULARY.exists(), reason="the vocabulary file is not here")
def test_the_lists_of_this_file_are_those_of_the_vocabulary() -> None:
    patterns, causes = VOCABULARY.read_text("utf-8").split("# Causes", 1)
    assert re.findall(r"^\| `(\w+)`", patterns, re.MULTILINE) == PATTERNS.split()
    assert set(re.findall(r"`(\w+)`", causes)) - {"healthy"} == set(CAUSES.split())


@pytest.mark.parametrize("pattern", GUIDE_CAUSES)
def test_priors_follow_the_guides_order_of_likelihood(pattern: str) -> None:
    wanted = GUIDE_CAUSES[pattern].split()
    priors = [CATALOGUE.causes[cause].explains[pattern] for cause in wanted]
    assert priors == sorted(priors, reverse=True)
    assert len(set(priors)) == len(priors)
    assert CATALOGUE.causes_of(pattern)[0].id == wanted[0]


@pytest.mark.parametrize(("pattern", "cause"), GUIDE_REMEDIES)
def test_remedies_follow_the_guides_order(pattern: str, cause: str) -> None:
    wanted = GUIDE_REMEDIES[pattern, cause].split()
    assert in_order(wanted, CATALOGUE.causes[cause].remedies_for(pattern))


def test_the_general_order_is_clipping_rate_batch_dropout() -> None:
    ranked = {remedy.id: remedy.general_rank for remedy in CATALOGUE.remedies.values() if remedy.general_rank}
    assert ranked == {
        "clip_gradients": 1,
        "tighten_clipping": 1,
        "lower_lr": 2,
        "lower_lr_sharply": 2,
        "raise_lr": 2,
        "restart_higher_peak": 2,
        "raise_batch_size": 3,
        "accumulate_gradients": 3,
        "raise_dropout": 4,
    }


@pytest.mark.parametrize("cause", CATALOGUE.causes.values(), ids=lambda cause: cause.id)
def test_remedies_of_a_cause_keep_the_general_order(cause: CauseEntry) -> None:
    ranks = [CATALOGUE.remedies[remedy].general_rank for remedy in cause.remedies]
    known = [rank for rank in ranks if rank is not None]
    assert known == sorted(known)


@pytest.mark.parametrize("cause", CATALOGUE.causes.values(), ids=lambda cause: cause.id)
def test_every_cause_is_complete(cause: CauseEntry) -> None:
    assert cause.source
    assert cause.explains
    assert cause.remedies
    assert cause.look_alikes
    assert not cause.title.endswith(".")
    assert all(text.endswith((".", "?")) for text in (cause.text, cause.check, cause.next_test))


def test_every_reference_and_fact_is_known() -> None:
    for cause in CATALOGUE.causes.values():
        assert set(cause.remedies) <= set(CATALOGUE.remedies)
        assert set(cause.look_alikes) <= set(CATALOGUE.causes)
        assert set(cause.explains) <= set(CATALOGUE.patterns)
        for test in cause.tests:
            names = {name for _, name, _, _ in Formatter().parse(test.says) if name is not None}
            facts = {condition.fact for condition in test.conditions}
            assert names <= facts <= set(FACTS)
            assert {condition.operator for condition in test.conditions} <= OPERATORS
            assert set(test.patterns) <= set(cause.explains)


def test_no_remedy_is_unused_and_no_title_is_used_twice() -> None:
    used = {r for c in CATALOGUE.causes.values() for p in c.explains for r in c.remedies_for(p)}
    assert used == set(CATALOGUE.remedies)
    for entries in (CATALOGUE.patterns.values(), CATALOGUE.causes.values()):
        titles = [entry.title.lower() for entry in entries]
        assert len(set(titles)) == len(titles)
    actions = [remedy.action for remedy in CATALOGUE.remedies.values()]
    assert len(set(actions)) == len(actions)


def test_sentences_are_plain() -> None:
    for cause in CATALOGUE.causes.values():
        for text in (cause.title, cause.text, cause.check, cause.next_test, *(t.says for t in cause.tests)):
            assert "!" not in text
            assert not AMERICAN.search(text), text


def test_priors_of_a_pattern_sum_to_about_one() -> None:
    for pattern in PATTERNS.split()[1:]:
        total = sum(cause.explains[pattern] for cause in CATALOGUE.causes_of(pattern))
        assert 0.6 < total < 1.3, pattern


def test_a_pattern_without_faults_has_no_cause_and_a_stranger_has_none() -> None:
    assert CATALOGUE.causes_of("healthy") == ()
    assert CATALOGUE.causes_of("no such pattern") == ()


def test_a_sentence_is_filled_in_from_the_facts() -> None:
    test = next(t for t in CATALOGUE.causes["lr_zero"].tests if "{lr.peak" in t.says)
    assert test.sentence({"lr.peak": 3e-4}) == "the logged learning rate is not 0 (peak 0.0003)"


PATTERN = """[flat]
title = "t"
definition = "d"
severity = "critical"
looks_like = "l"
reading = "r"
source = "s"
"""
REMEDY = """[fix]
action = "a"
why = "w"
source = "s"
"""
CAUSE = """[bug]
title = "t"
text = "x"
source = "s"
check = "c"
next_test = "n"
look_alikes = []
remedies = ["fix"]
explains = { flat = 0.5 }
tests = [{ all = [["lr.zero", "==", 1]], factor = 2.0, says = "is {lr.zero:.0f}" }]
"""


def texts(pattern: str = PATTERN, remedy: str = REMEDY, cause: str = CAUSE) -> dict[str, str]:
    return {"patterns.toml": pattern, "remedies.toml": remedy, "causes/x.toml": cause}


def test_a_small_catalogue_is_read() -> None:
    catalogue = parse(texts())
    assert [cause.id for cause in catalogue.causes_of("flat")] == ["bug"]
    assert catalogue.causes["bug"].tests[0].sentence({"lr.zero": 1.0}) == "is 1"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('source = "s"\n', ""),
        ('title = "t"', 'title = ""'),
        ('title = "t"', "title = 3"),
        ('title = "t"', 'title = "t"\ncolour = "red"'),
        ('title = "t"', 'title = "t"\nbenign = 1'),
        ('["fix"]', '["nothing"]'),
        ('["fix"]', '["fix", "fix"]'),
        ('["fix"]', '"fix"'),
        ('["fix"]', "[1]"),
        ("look_alikes = []", 'look_alikes = ["bug"]'),
        ("flat = 0.5", "flat = 1.5"),
        ("flat = 0.5", "flat = nan"),
        ("flat = 0.5", "level = 0.5"),
        ("{ flat = 0.5 }", "{}"),
        ("{ flat = 0.5 }", "4"),
        ("lr.zero", "lr.colour"),
        ('"=="', '"=~"'),
        ('"==", 1', '"==", "1"'),
        ("factor = 2.0", "factor = 1.0"),
        ("factor = 2.0", "factor = -2.0"),
        ("factor = 2.0", "factor = inf"),
        ("{lr.zero:.0f}", "{lr.peak:.0f}"),
        ("{lr.zero:.0f}", "{lr.zero"),
        ("{lr.zero:.0f}", "{lr.zero:q}"),
        ("{lr.zero:.0f}", "{}"),
        ("tests = [{", 'tests = [{ patterns = ["spike"],'),
        ("tests = [{", "tests = [3, {"),
        ("[bug]", "bug = 3\n[other]"),
        ("[bug]", "[bug"),
    ],
)
def test_a_broken_cause_is_refused_by_name(old: str, new: str) -> None:
    assert old in CAUSE
    with pytest.raises(DamagedError, match=r"bug|causes/x\.toml"):
        parse(texts(cause=CAUSE.replace(old, new, 1)))


def test_broken_patterns_remedies_and_doubles_are_refused() -> None:
    with pytest.raises(DamagedError, match=r"\[flat\]: `severity` is 'bad'"):
        parse(texts(pattern=PATTERN.replace("critical", "bad")))
    with pytest.raises(DamagedError, match=r"\[fix\]: `general_rank` is 'first'"):
        parse(texts(remedy=REMEDY + 'general_rank = "first"\n'))
    with pytest.raises(DamagedError, match=r"\[bug\]: is a second entry"):
        parse({**texts(), "causes/y.toml": CAUSE})
