"""`descentry/event/1`: strict, and valid against the committed schema."""

import json

import jsonschema
import pytest
from tests.report.samples import EVIL, healthy, run_report
from tests.watch.made import START, cause, finding, told

from descentry.record.finding import Evidence, Severity
from descentry.report.jsonable import dumps
from descentry.report.schemas import schema
from descentry.watch.ends import REASONS
from descentry.watch.events import end, event
from descentry.watch.told import Ended


def _valid(document: dict[str, object]) -> dict:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    line = dumps(document)
    assert line.count(b"\n") == 1
    loaded = json.loads(line.decode("utf-8"), parse_constant=refuse)
    jsonschema.validate(loaded, schema("event-1"), cls=jsonschema.Draft202012Validator)
    return loaded


@pytest.mark.parametrize(
    "one",
    [
        told(),
        told("back", cause=cause(), run=EVIL, path=EVIL),
        told("worse", "updated", was=Severity.INFO, follows=("nan", "loss")),
        told("withdrawn", "resolved"),
        told(finding=finding(evidence=(Evidence("x", "loss", None, float("nan"), float("-inf")),))),
    ],
    ids=["plain", "evil", "worse", "withdrawn", "nan"],
)
def test_a_change_is_valid(one) -> None:
    document = _valid(event(one))
    assert (document["event"], document["change"], document["step"]) == (one.event, one.change, 120)
    assert "end" not in document


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize(
    "report", [run_report(), healthy(), run_report(EVIL)], ids=["full", "healthy", "evil"]
)
def test_an_end_is_valid_whatever_the_reason(report, reason: str) -> None:
    document = _valid(end(Ended(report.run, report.path, 9, START, reason, report, 10, 3.5)))
    assert document["finding"] is None
    assert document["end"]["reason"] == reason
    assert len(document["end"]["findings"]) == len(report.findings)


def test_a_cause_carries_its_remedies_and_no_index() -> None:
    document = _valid(event(told(cause=cause())))
    assert document["cause"]["remedies"][0]["remedy"] == "lower_lr"
    assert "findings" not in document["cause"]


def test_a_change_without_a_finding_and_an_end_without_its_end_are_refused() -> None:
    document = event(told())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "finding": None}, schema("event-1"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "event": "end"}, schema("event-1"))
