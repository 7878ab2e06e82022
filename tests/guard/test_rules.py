"""Policies as plain data: from names, files, mappings; what cannot be understood is told in one line."""

import json
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import descentry
from descentry.guard.reading import builtin, builtin_names, parse
from descentry.guard.rules import MOST_ROLL_BACKS, EarlyStop, Gate, Policy
from descentry.record.errors import UnreadableError, UsageError
from descentry.report.schemas import schema

RULE = {"on": "spike", "do": [{"action": "stop"}]}
FOLDER = Path(str(files("descentry.guard"))) / "policies"


@pytest.mark.parametrize("name", builtin_names())
def test_a_built_in_policy_keeps_to_the_schema(name: str) -> None:
    told = tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))
    jsonschema.validate(told, schema("policy-1"))
    assert told["name"] == name
    assert told["title"]
    jsonschema.validate(builtin(name).as_mapping(), schema("policy-1"))


@pytest.mark.parametrize("name", builtin_names())
def test_plain_data_make_the_same_policy(name: str) -> None:
    policy = builtin(name)
    assert Policy.of(json.loads(json.dumps(policy.as_mapping()))) == policy


def test_policies_are_joined_in_order() -> None:
    policy = descentry.Policy.of("nan", "palm", {"gate": {"warm_up": 7}, "most_roll_backs": 2})
    assert [rule.on for rule in policy.rules] == ["nonfinite", "spike"]
    assert policy.gate == Gate(warm_up=7)
    assert (policy.roll_back_budget, policy.names) == (2, ("nan", "palm", "policy"))
    assert Policy.of("nan").roll_back_budget == MOST_ROLL_BACKS


def test_a_budget_that_equals_the_default_still_overrules() -> None:
    assert (
        Policy.of({"most_roll_backs": 2}, {"most_roll_backs": MOST_ROLL_BACKS}).roll_back_budget
        == MOST_ROLL_BACKS
    )
    assert Policy.of({"most_roll_backs": 2}, "nan").roll_back_budget == 2


def test_a_file_may_join_built_in_ones(tmp_path: Path) -> None:
    as_toml, as_json = tmp_path / "mine.toml", tmp_path / "mine.json"
    as_toml.write_text(
        'schema = "descentry/policy/1"\njoins = ["nan"]\n[[rules]]\non = "spike"\ndo = [{action="stop"}]\n'
    )
    as_json.write_text(json.dumps({"joins": ["nan"], "rules": [RULE]}))
    wanted = Policy.of("nan", {"rules": [RULE]})
    assert Policy.of(as_toml) == Policy.of(str(as_json)) == wanted
    assert descentry.Guard(as_toml).policy == wanted


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"rule": []}, "policy: unknown rule; known: early_stop"),
        ({"schema": "descentry/policy/2"}, "expected 'descentry/policy/1'"),
        ({"rules": {}}, "policy: rules: expected a list, found dict"),
        ({"rules": ["x"]}, r"rules\[0\]: expected a table, found str"),
        ({"rules": [{"on": "spike"}]}, "needs `on`, a pattern, and `do`"),
        ({"rules": [{**RULE, "on": "spikes"}]}, "unknown pattern 'spikes'; one of .*surprise"),
        ({"rules": [{**RULE, "do": [{"action": "explode"}]}]}, r"do\[0\]: unknown action 'explode'; one of skip_batch"),
        ({"rules": [{**RULE, "do": [{"action": "scale_lr"}]}]}, "scale_lr needs `rate`"),
        ({"rules": [{**RULE, "do": [{"action": "clip_to"}]}]}, "clip_to needs `norm`"),
        ({"rules": [{**RULE, "do": [{}]}]}, r"do\[0\]: .*action"),
        ({"rules": [{**RULE, "cool_down": "20"}]}, "cool_down is '20', expected a whole number from 0"),
        ({"rules": [{**RULE, "cool_down": True}]}, "cool_down is True"),
        ({"rules": [{**RULE, "least_confidence": 1.5}]}, "least_confidence is 1.5, expected a number from 0 to 1"),
        ({"rules": [{**RULE, "least_confidence": float("nan")}]}, "least_confidence is nan"),
        ({"rules": [{**RULE, "least_severity": "dire"}]}, "unknown severity 'dire'; one of ok, info"),
        ({"rules": [{**RULE, "cause": 3}]}, "cause is 3, expected a word"),
        ({"gate": {"wram_up": 3}}, "gate: unknown wram_up; known: factor"),
        ({"early_stop": {"criterion": "gut"}}, "unknown criterion 'gut'; one of patience, gl"),
        ({"most_roll_backs": -1}, "most_roll_backs is -1"),
        ({"joins": ["nonsense"]}, "no policy is called 'nonsense'; built in: acting"),
        ({"joins": "nan"}, "joins: expected a list, found str"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_told_with_its_place(told: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse(told)


def test_every_fault_of_a_policy_breaks_the_schema_too() -> None:
    for told in ({"rule": []}, {"rules": [{**RULE, "cool_down": "20"}]}, {"gate": {"wram_up": 3}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(told, schema("policy-1"))


def test_bad_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="no policy can be read"):
        Policy.of(tmp_path / "none.toml")
    for name, text in (
        ("a.toml", "rules = ["),
        ("a.json", "[" * 100_000),
        ("b.json", "[]"),
        ("c.toml", "\xff"),
    ):
        (tmp_path / name).write_bytes(text.encode("latin-1"))
        with pytest.raises(UsageError, match=name):
            Policy.of(tmp_path / name)


def test_settings_that_are_not_told_have_their_defaults() -> None:
    assert parse({"gate": {}, "early_stop": {}}) == Policy(gate=Gate(), early_stop=EarlyStop(), names=())
