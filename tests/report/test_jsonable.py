"""The JSON is strict, complete and valid against the committed schemas, which are frozen."""

import hashlib
import json

import jsonschema
import numpy as np
import pytest
from tests.report.samples import EVIL, healthy, run_report

from descentry.record.event import Event
from descentry.record.report import RunReport
from descentry.record.roles import Role
from descentry.record.run import Curve, Run
from descentry.report.jsonable import dumps, read, report, strict
from descentry.report.schemas import NAMES, schema


def _strict_loads(data: bytes) -> dict:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(data.decode("utf-8"), parse_constant=refuse)


def _run(name: str = "a", series: str = "loss") -> Run:
    steps = np.array([3, 1, 1, 2], np.int64)
    values = np.array([1.5, np.nan, np.inf, -np.inf])
    curve = Curve(series, Role.TRAIN_LOSS, steps, values)
    other = Curve("odd", None, steps[:0].copy(), values[:0].copy())
    return Run(
        name, "jsonl", "a.jsonl", {series: curve, "odd": other}, events=(Event("torn_tail", "m", "a:4", 2),)
    )


@pytest.mark.parametrize("run", [run_report(), healthy(), run_report(EVIL)], ids=["full", "empty", "evil"])
def test_report_is_valid(run: RunReport) -> None:
    document = _strict_loads(dumps(report([run], "0.1")))
    jsonschema.validate(document, schema("report-1"), cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("name", ["a", EVIL])
def test_read_is_valid_and_keeps_order_and_duplicates(name: str) -> None:
    document = _strict_loads(dumps(read([_run(name, name)])))
    jsonschema.validate(document, schema("read-1"), cls=jsonschema.Draft202012Validator)
    series = next(iter(document["runs"][0]["series"].values()))
    assert series == {"role": "train_loss", "steps": [3, 1, 1, 2], "values": [1.5, "nan", "inf", "-inf"]}
    assert document["runs"][0]["warnings"] == [
        {"kind": "torn_tail", "message": "m", "where": "a:4", "count": 2}
    ]


def test_non_finite_numbers_are_words_wherever_they_stand() -> None:
    document = _strict_loads(dumps(report([run_report()], "0.1")))["runs"][0]
    assert document["curves"][0]["last"] == "nan"
    assert document["schedule"]["end"] == "inf"
    assert document["findings"][0]["evidence"][1]["expected"] == "-inf"


def test_only_warnings_are_warnings() -> None:
    document = _strict_loads(dumps(report([run_report()], "0.1")))["runs"][0]
    assert [warning["kind"] for warning in document["warnings"]] == ["torn_tail"]


def test_strict_takes_whatever_a_schedule_may_hold() -> None:
    odd = {
        1: np.float32(0.5),
        "n": np.int64(3),
        "big": 10**30,
        "array": np.array([1.0, np.nan]),
        "x": {"y": object},
    }
    plain = strict(odd)
    assert plain == {"1": 0.5, "n": 3, "big": str(10**30), "array": [1.0, "nan"], "x": {"y": str(object)}}


def test_every_schema_refuses_strangers() -> None:
    document = _strict_loads(dumps(report([run_report()], "0.1")))
    document["runs"][0]["findings"][0]["colour"] = "red"
    with pytest.raises(jsonschema.ValidationError, match="colour"):
        jsonschema.validate(document, schema("report-1"))


def test_schema_names_are_checked() -> None:
    with pytest.raises(ValueError, match="report-1"):
        schema("../../secret")


FROZEN = {
    "report-1": "46f60cc119c2e725",
    "read-1": "4845e4a2b369302b",
    "event-1": "e6fd3d11615f9356",
    "preflight-1": "3bfc9606dfff926e",
    "policy-1": "24ec9b669d8b6ee9",
    "plot-1": "94508e699ae7523c",
}


@pytest.mark.parametrize("name", NAMES)
def test_schemas_are_frozen(name: str) -> None:
    """Other programs rely on them: an addition changes the digest here, anything else needs a new number."""
    canonical = json.dumps(schema(name), sort_keys=True).encode()
    assert hashlib.sha256(canonical).hexdigest()[:16] == FROZEN[name]
