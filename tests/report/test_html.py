"""The report in one file: whole, inert, and allowed by its own policy."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.report.made import diagnosed

from descentry.assets.web_files import web_file
from descentry.record.errors import UsageError
from descentry.report import html as module
from descentry.report.html import html, inert
from descentry.report.page import run_page
from descentry.testing import curves
from descentry.testing.curves import healthy

HOSTILE = "</script><script>alert(1)</script><!-- \u2028 \x1b[31m ]]> &amp; '\""


@pytest.fixture(scope="module")
def text() -> str:
    if web_file("page.js") is None:
        pytest.skip("the front end was not built")
    made = diagnosed(curves.overfit(healthy(2000, seed=1, n_validations=40), at=800, rise=0.8))
    runs = [replace(diagnosed(healthy(500, seed=2)), run="calm"), replace(made, run=HOSTILE)]
    return html([run_page(run) for run in runs], "0.0.0", datetime(2026, 1, 2, 3, 4, tzinfo=UTC))


def data_of(text: str) -> dict:
    return json.loads(re.search(r'type="application/json">(.*?)</script>', text, re.S)[1])


def test_the_data_of_all_runs_stand_in_the_file_the_worst_first(text: str) -> None:
    data = data_of(text)
    assert [run["report"]["run"] for run in data["runs"]][1] == "calm"
    assert data["runs"][0]["report"]["verdict"] == "critical"
    assert data["made_at"] == "2026-01-02 03:04 UTC"


def test_no_name_can_end_the_script_that_holds_it(text: str) -> None:
    assert text.count("<script") == text.count("</script>") == 2
    assert "<script>alert" not in text
    assert "</script" not in inert({"a": HOSTILE})
    assert json.loads(inert({"a": "</script>\u2028é"})) == {"a": "</script>\u2028é"}


def test_the_policy_allows_this_script_and_this_style_alone(text: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; ")
    for tag, rule in (('<script type="module">', "script-src"), ("<style>", "style-src")):
        inside = (
            text.split(tag)[1].split("</")[0]
            if tag == "<style>"
            else text.split(tag)[1].rsplit("</script>")[0]
        )
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{rule} 'sha256-{digest}'" in policy


def test_nothing_is_asked_of_anyone(text: str) -> None:
    assert not re.search(r'(src|href)="', text)
    assert len(text) - len(json.dumps(data_of(text))) < 250_000


def test_without_a_front_end_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "web_file", {}.get)
    with pytest.raises(UsageError, match="npm run build"):
        html([], "0")
