"""The API of a real server: lists, runs, series, pages; strange ids and names; a log that grows."""

import json
import math
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from tests.web.logs import folder, rows, write
from tests.web.served import Running, httpx, running, until

from descentry.record.errors import DescentryError
from descentry.report.schemas import schema
from descentry.web.wire import unpacked

HOSTILE = "</script><img src=x onerror=alert(1)> \u202e %2e%2e"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running(folder(tmp_path / "runs"), tmp_path / "cache") as one:
        one.read_runs(3)
        yield one


def named(server: Running, name: str) -> str:
    return next(str(run["id"]) for run in server.runs() if run["run"] == name)


def test_the_list_says_what_diagnose_says(server: Running) -> None:
    calm, broken, tuned = server.runs(sort="name", order="rising")
    assert [run["run"] for run in (calm, broken, tuned)] == ["a/calm", "b/broken", "c/tuned"]
    assert (broken["verdict"], broken["findings"][0]["pattern"]) == ("critical", "nan")
    assert broken["findings"][0]["is_open"]
    assert math.isclose(calm["last_loss"], 2.0, abs_tol=0.05)
    assert (calm["last_step"], calm["n_points"], calm["n_series"]) == (119, 120, 2)
    assert 2 <= len(calm["sparkline"]) <= 60
    assert (tuned["config"], tuned["tags"]) == ({"learning_rate": 0.5}, ["baseline", "v2"])


def test_the_list_is_searched_filtered_sorted_and_cut(server: Running) -> None:
    assert [run["run"] for run in server.runs(q="learning_rate=0.5 BASELINE")] == ["c/tuned"]
    assert [run["run"] for run in server.runs(q="nan")] == ["b/broken"]
    assert [run["run"] for run in server.runs(verdict="critical")] == ["b/broken"]
    assert server.runs(q="no such") == []
    by_loss = server.runs(sort="last_loss")
    assert by_loss[0]["run"] == "c/tuned"
    assert server.runs(sort="verdict")[0]["run"] == "b/broken"
    answer = server.get("/api/runs", sort="name", order="rising", offset=1, limit=1).json()
    assert (answer["total"], [run["run"] for run in answer["runs"]]) == (3, ["b/broken"])


def test_a_run_has_settings_curves_and_events(server: Running) -> None:
    found = server.get(f"/api/runs/{named(server, 'c/tuned')}").json()
    assert found["is_complete"]
    assert found["config"]["learning_rate"] == 0.5
    assert {curve["name"]: curve["role"] for curve in found["curves"]} == {"loss": "train_loss", "lr": "lr"}


def test_report_and_page_are_the_documents_of_the_verbs(server: Running) -> None:
    run_id = named(server, "b/broken")
    report = server.get(f"/api/runs/{run_id}/report").json()
    jsonschema.validate(report, schema("report-1"), cls=jsonschema.Draft202012Validator)
    assert (report["runs"][0]["verdict"], report["runs"][0]["path"]) == ("critical", "broken.jsonl")
    page = server.get(f"/api/runs/{run_id}/page").json()
    assert page["schema"] == "descentry/page/1"
    assert page["runs"][0]["report"] == report["runs"][0]


def test_a_report_is_that_of_diagnose(server: Running, tmp_path: Path) -> None:
    from descentry.calls import diagnose
    from descentry.report.jsonable import run_report

    path = tmp_path / "runs/b/broken.jsonl"
    (said,) = diagnose(path).runs
    (served,) = server.get(f"/api/runs/{named(server, 'b/broken')}/report").json()["runs"]
    whole = json.loads(json.dumps(run_report(said)))
    for part in ("verdict", "phases", "schedule", "curves", "findings", "causes", "notes"):
        assert served[part] == whole[part]


def test_series_come_as_typed_arrays(server: Running) -> None:
    address = f"/api/runs/{named(server, 'a/calm')}/series"
    answer = server.get(address, name="loss", width=20)
    assert answer.headers["content-type"] == "application/octet-stream"
    head, arrays = unpacked(answer.content)
    assert (head["schema"], head["n_points"], head["is_complete"]) == ("descentry/series/1", 120, True)
    assert set(arrays) == {"x", "min", "mean", "max"}
    assert len(arrays["x"]) == head["length"] == 20
    assert math.isclose(arrays["max"].max(), 3.0, abs_tol=0.02)
    head, arrays = unpacked(server.get(address, **{"name": "loss", "from": 10, "to": 14}).content)
    assert head["is_exact"]
    np.testing.assert_array_equal(arrays["x"], [10, 11, 12, 13, 14])


def test_a_nan_is_a_gap_and_counted(server: Running) -> None:
    address = f"/api/runs/{named(server, 'b/broken')}/series"
    head, arrays = unpacked(server.get(address, name="loss").content)
    assert (head["n_nonfinite"], int(np.isnan(arrays["mean"]).sum())) == (20, 20)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"name": "no such"}, 404), ({}, 422), ({"name": "loss", "width": 0}, 422),
        ({"name": "loss", "width": 10**9}, 422),
        ({"name": "loss", "from": "nan"}, 422), ({"name": "loss", "from": "<b>"}, 422),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_told_in_one_word(
    server: Running, query: dict[str, object], code: int
) -> None:
    answer = server.client.get(f"/api/runs/{named(server, 'a/calm')}/series", params=query)  # type: ignore[arg-type]
    assert (answer.status_code, set(answer.json())) == (code, {"error"})
    assert "<b>" not in answer.text


@pytest.mark.parametrize(
    "run_id",
    [
        "..",
        "..%2f..%2fetc%2fpasswd",
        "%2fetc%2fpasswd",
        "a%2fcalm",
        "0" * 24,
        "a" * 5000,
        "%00",
        "../../../etc/passwd",
    ],
)
def test_an_id_is_never_a_path(server: Running, run_id: str, tmp_path: Path) -> None:
    for rest in ("", "/report", "/page", "/series?name=loss"):
        request = httpx.Request(
            "GET", f"{server.address}/api/runs/{run_id}{rest}", headers=server.client.headers
        )
        answer = server.client.send(request)
        assert answer.status_code == 404
        assert str(tmp_path) not in answer.text
        assert "root:" not in answer.text


def test_no_answer_tells_a_path(server: Running, tmp_path: Path) -> None:
    rates = "".join(f'{{"step": {step}, "lr": 0.1}}\n' for step in range(50))
    write(tmp_path / "runs/rates.jsonl", rates + '{"step": 5, "lr": "torn')
    server.read_runs(4)
    assert str(tmp_path) not in server.get("/api/runs").text
    for run in ("b/broken", "rates"):
        for rest in ("", "/report", "/page"):
            assert str(tmp_path) not in server.get(f"/api/runs/{named(server, run)}{rest}").text


def test_a_log_that_is_gone_is_told_without_its_place(server: Running, tmp_path: Path) -> None:
    run_id = named(server, "a/calm")
    (tmp_path / "runs/a/calm.jsonl").unlink()
    answer = server.get(f"/api/runs/{run_id}/report")
    assert answer.status_code in (404, 409)
    assert "calm" not in answer.text


def test_an_error_that_nobody_foresaw_leaks_nothing(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("/a/secret/place")

    monkeypatch.setattr("descentry.web.answers.pathless", breaks)
    answer = server.get(f"/api/runs/{named(server, 'a/calm')}/report")
    assert (answer.status_code, set(answer.json())) == (500, {"error"})
    assert "secret" not in answer.text
    assert server.told == ["RuntimeError: /a/secret/place"]


def test_ids_are_opaque_and_stay_the_same(server: Running, tmp_path: Path) -> None:
    ids = {run["run"]: run["id"] for run in server.runs()}
    assert all(len(one) == 24 and set(one) <= set("0123456789abcdef") for one in ids.values())
    with running(tmp_path / "runs", tmp_path / "cache") as again:
        assert {run["run"]: run["id"] for run in again.read_runs(3)} == ids
    with running(tmp_path / "runs", tmp_path / "other cache") as other:
        assert not {run["id"] for run in other.read_runs(3)} & set(ids.values())


def test_a_hostile_name_is_data_and_never_markup(tmp_path: Path) -> None:
    write(tmp_path / "runs" / HOSTILE.replace("/", "_") / "x.jsonl", rows(0, 50), note="</script>")
    with running(tmp_path / "runs", tmp_path / "cache") as server:
        (run,) = server.read_runs(1)
        assert "onerror" in run["run"]
        assert server.get("/api/runs").headers["content-type"] == "application/json"
        assert "onerror" not in server.get("/").text
        assert server.get(f"/api/runs/{run['id']}/report").status_code == 200


def test_a_name_that_is_no_text_is_listed_and_read(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    root.mkdir()
    strange = os.fsencode(root) + b"/r\xff\xfe.jsonl"
    with open(strange, "w") as file:
        file.write(rows(0, 50))
    for _ in range(2):  # the second time from the cache
        with running(root, tmp_path / "cache") as server:
            (run,) = server.read_runs(1)
            assert run["run"] == "r\\udcff\\udcfe"
            assert server.get(f"/api/runs/{run['id']}").json()["is_complete"]
            assert server.told == []


def test_the_document_of_the_api_stands_behind_the_token(server: Running) -> None:
    assert httpx.get(f"{server.address}/openapi.json").status_code == 401
    document = server.get("/openapi.json").json()
    assert {"/api/health", "/api/runs", "/api/runs/{run_id}/series", "/api/events"} <= set(document["paths"])
    assert {"Row", "Listing", "RunDetails", "Progress"} <= set(document["components"]["schemas"])
    assert httpx.get(f"{server.address}/docs").status_code == 401
    assert server.get("/docs").status_code == 404


def test_rows_are_what_the_document_says(server: Running) -> None:
    document = server.get("/openapi.json").json()
    components = {"components": document["components"]}
    listing = {**components, "$ref": "#/components/schemas/Listing"}
    jsonschema.validate(server.get("/api/runs").json(), listing)
    details = {**components, "$ref": "#/components/schemas/RunDetails"}
    for run in server.runs():
        jsonschema.validate(server.get(f"/api/runs/{run['id']}").json(), details)


def test_a_browser_trades_the_token_for_the_cookie(server: Running) -> None:
    with httpx.Client(base_url=server.address, follow_redirects=True) as browser:
        assert browser.get("/").status_code == 401
        page = browser.get("/", params={"token": server.access.token})
        assert (page.status_code, page.url.query) == (200, b"")
        assert page.headers["content-type"].startswith("text/html")
        assert browser.get("/api/runs").status_code == 200
        assert browser.get("/runs/anything/below").status_code == 200
        assert browser.post("/api/runs").status_code == 403
        assert browser.post("/api/runs", headers={"origin": server.address}).status_code == 405


def test_the_page_holds_no_script_or_style_of_its_own(server: Running) -> None:
    text = server.get("/").text
    assert "<style" not in text
    assert "style=" not in text
    assert text.count("<script") == text.count('src="/assets/') + text.count('type="application/json"')
    assert server.get("/assets/..%2fdemo.jsonl").status_code == 404
    assert server.get("/assets/index.html").status_code == 404


def test_raw_nonsense_does_not_stop_the_server(server: Running) -> None:
    port = httpx.URL(server.address).port
    for data in (
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 20_000,
        b"GET /\xff HTTP/9\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
            try:
                raw.sendall(data)
                raw.shutdown(socket.SHUT_WR)
                assert b"200 OK" not in raw.recv(4096)
            except OSError:
                continue
    assert server.get("/api/health").status_code == 200


def test_a_flushed_point_is_seen_soon(server: Running, tmp_path: Path) -> None:
    address = f"/api/runs/{named(server, 'a/calm')}/series"
    server.get(address, name="loss")
    with (tmp_path / "runs/a/calm.jsonl").open("a") as file:
        file.write(rows(120, 121))
        file.flush()
        until(lambda: unpacked(server.get(address, name="loss").content)[0]["last"] == 120)
        file.write('{"step": 121, "lo')
        file.flush()
        file.write('ss": 9.5}\n')
        file.flush()
        until(lambda: unpacked(server.get(address, name="loss").content)[1]["max"].max() == 9.5)


def test_a_log_that_is_begun_anew_forgets_the_old_points(server: Running, tmp_path: Path) -> None:
    address = f"/api/runs/{named(server, 'a/calm')}/series"
    server.get(address, name="loss")
    (tmp_path / "runs/a/calm.jsonl").write_text(rows(0, 30, level=7.0))
    until(lambda: unpacked(server.get(address, name="loss").content)[0]["n_points"] == 30)
    assert unpacked(server.get(address, name="loss").content)[1]["min"].min() > 6


def test_every_error_of_ours_has_a_door() -> None:
    from descentry.web.answers import NotHereError, StillReadingError

    assert not issubclass(NotHereError, DescentryError)
    assert StillReadingError(5).n_rows == 5
