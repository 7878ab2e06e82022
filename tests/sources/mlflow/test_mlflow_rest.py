"""Runs of an MLflow server, from a small one of our own: names, pages, odd answers, credentials."""

import base64
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler

import pytest
from tests.sources.mlflow.fake_mlflow import FakeServer, serving
from tests.sources.mlflow.test_mlflow_sql import rested

from descentry.record.errors import UnreadableError
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.mlflow import server as mlflow_server
from descentry.sources.mlflow.rest import logs
from descentry.sources.rows import joined

MAX = sys.float_info.max
START = 1_700_000_000_000


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[FakeServer]:
    made = FakeServer(
        {"0": "Default", "1": "speech/large"},
        {"0": [("r0", "first")], "1": [("r1", "same"), ("r2", "same"), ("r3", "other"), ("r4", "")]},
    )
    made.histories["r3", "loss"] = [(i, START + 1000 * i, 4.0 / (i + 1)) for i in range(10)]
    made.histories["r3", "lr"] = [(i, START + 1000 * i, 0.25) for i in range(10)]
    with serving(made) as running:
        yield running


def one(address: str) -> Run:
    (log,) = logs(address)
    assert log.format == "mlflow_rest"
    return collect(log)


def test_all_runs_of_a_server_are_listed(server: FakeServer) -> None:
    found = logs(server.address)
    assert [log.run for log in found] == [
        "Default/first", "speech/large/same-r1", "speech/large/same-r2", "speech/large/other", "speech/large/r4"
    ]  # fmt: skip
    assert found[3].where == f"{server.address}/speech%2Flarge/other"


@pytest.mark.parametrize("experiment", ["1", "speech%2Flarge"])
@pytest.mark.parametrize("run", ["r3", "other"])
def test_experiment_and_run_may_be_names_or_ids(server: FakeServer, experiment: str, run: str) -> None:
    (log,) = logs(f"{server.address}/{experiment}/{run}")
    assert log.run == "other"
    assert len(logs(f"{server.address}/{experiment}")) == 4


def test_every_point_of_every_page_is_read(server: FakeServer) -> None:
    run = one(f"{server.address}/1/r3")
    assert run.curves["loss"].values.tolist() == [4.0 / (i + 1) for i in range(10)]
    assert run.curves["lr"].steps.tolist() == list(range(10))
    assert run.config == {"lr": 0.5, "model": "tiny"}
    assert run.path.endswith("/speech%2Flarge/other")
    assert run.events == ()


def test_what_the_server_did_to_the_values_is_undone(server: FakeServer) -> None:
    server.histories["r3", "loss"] = [
        (0, START, 1.5), (1, START + 1, "NaN"), (2, START + 2, MAX), (3, START + 3, -MAX), (4, START + 4, "Infinity")
    ]  # fmt: skip
    run = one(f"{server.address}/1/r3")
    values = run.curves["loss"].values.tolist()
    assert math.isnan(values[1])
    assert values[:1] + values[2:] == [1.5, math.inf, -math.inf, math.inf]
    assert [(event.kind, event.count) for event in run.events] == [("derived", 2)]


def test_odd_points_are_told(server: FakeServer) -> None:
    server.histories["r3", "loss"] = [
        (0, START, 1.5), (1, START + 1, [1]), (2, START + 2, None), (3, START + 3, "much"), (4, START + 4, 2)
    ]  # fmt: skip
    run = one(f"{server.address}/1/r3")
    assert run.curves["loss"].values.tolist() == [1.5, 2.0]
    assert sum(event.count for event in run.events if event.kind == "bad_value") == 3


def test_a_server_without_pages_of_history_is_read(server: FakeServer) -> None:
    server.pages_history = False
    assert len(one(f"{server.address}/1/r3").curves["loss"]) == 10


def test_a_run_is_followed_from_its_newest_page_on(server: FakeServer) -> None:
    (log,) = logs(f"{server.address}/1/r3")
    chunks = log.follow()
    got = rested(chunks) + rested(chunks)
    assert joined(got).steps.tolist() == list(range(10))
    for step in (10, 11, 12):
        server.histories["r3", "loss"].append((step, START + 1000 * step, 0.5))
        server.asked.clear()
        got += rested(chunks) + rested(chunks)
        assert server.asked.count("metrics/get-history") <= 6
    assert rested(chunks) == []
    whole = joined(got)
    assert whole.steps.tolist() == list(range(13))
    assert len(whole.columns["loss"].values) == 13


def test_an_earlier_step_of_a_resumed_run_is_noticed(server: FakeServer) -> None:
    """The server's latest point does not change while a run catches up."""
    (log,) = logs(f"{server.address}/1/r3")
    chunks = log.follow()
    rested(chunks)
    rested(chunks)
    for name in ("loss", "lr"):
        server.histories["r3", name].append((4, START + 60_000, 0.75))
    got = [chunk for _ in range(4) for chunk in rested(chunks)]
    assert joined(got).steps.tolist() == [4]
    assert "overlap" in {event.kind for event in joined(got).events}


def test_a_server_that_is_gone_for_a_while_is_asked_again(server: FakeServer) -> None:
    (log,) = logs(f"{server.address}/1/r3")
    chunks = log.follow()
    rested(chunks)
    rested(chunks)
    server.answer = refusing(503, b"")
    (told,) = rested(chunks)
    assert [event.kind for event in told.events] == ["unreadable"]
    assert rested(chunks) == []
    server.answer = None
    server.histories["r3", "loss"].append((10, START + 10_000, 0.5))
    assert joined(rested(chunks) + rested(chunks)).steps.tolist() == [10]


def refusing(status: int, content: bytes, **headers: str) -> Callable[[BaseHTTPRequestHandler], bool]:
    def answer(handler: BaseHTTPRequestHandler) -> bool:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
        return True

    return answer


ANSWERS = {
    "no rights": (401, b"", "MLFLOW_TRACKING_TOKEN"),
    "its message": (400, b'{"error_code": "BAD", "message": "no such\\nthing"}', "no such"),
    "a page of text": (200, b"<html>", "does not answer as an MLflow server"),
    "a list": (200, b"[1]", "does not answer as an MLflow server"),
    "nothing": (200, b"", "does not answer as an MLflow server"),
    "deep": (200, b'{"experiments": ' + b"[" * 100_000, "does not answer as an MLflow server"),
    "other types": (200, b'{"experiments": [1, {"name": 3}, null], "next_page_token": 0}', "has no runs"),
    "no list": (200, b'{"experiments": {"a": 1}}', "has no runs"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_odd_answers_are_refused_in_one_line(server: FakeServer, name: str) -> None:
    status, content, expected = ANSWERS[name]
    server.answer = refusing(status, content)
    with pytest.raises(UnreadableError, match=expected) as caught:
        logs(server.address)
    assert "\n" not in str(caught.value)
    assert caught.value.advice


def test_a_redirection_is_not_followed(server: FakeServer) -> None:
    server.answer = refusing(302, b"", Location="http://127.0.0.1:1/elsewhere")
    with pytest.raises(UnreadableError, match=r"127\.0\.0\.1:1/elsewhere"):
        logs(server.address)
    assert len(server.asked) == 1


def test_an_answer_that_is_too_long_is_refused(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlflow_server, "MAX_ANSWER", 100_000)
    server.answer = refusing(200, b" " * 200_000)
    with pytest.raises(UnreadableError, match="at once"):
        logs(server.address)


def test_an_answer_of_too_many_items_is_refused(server: FakeServer) -> None:
    server.answer = refusing(200, b'{"experiments": [' + b"[]," * 1_100_000 + b"1]}")
    with pytest.raises(UnreadableError, match="too many items at once"):
        logs(server.address)


@pytest.mark.parametrize("is_fresh", [True, False])
def test_pages_without_end_are_given_up(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, is_fresh: bool
) -> None:
    monkeypatch.setattr("descentry.sources.mlflow.rest.MAX_POINTS", 100)
    (log,) = logs(f"{server.address}/1/r3")

    def endless(handler: BaseHTTPRequestHandler) -> bool:
        if "get-history" not in handler.path:
            return False
        n = len(server.asked)
        point = {"step": n if is_fresh else 0, "timestamp": START, "value": 1.0}
        content = json.dumps({"metrics": [point], "next_page_token": str(n)}).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
        return True

    server.answer = endless
    with pytest.raises(UnreadableError, match=r'gives pages of "(loss|lr)" without end'):
        list(log.chunks())
    assert len(server.asked) < 120


def test_a_server_that_says_nothing_is_given_up(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlflow_server, "TIMEOUT_S", 0.1)
    waits: list[float] = []

    def silent(_: BaseHTTPRequestHandler) -> bool:
        waits.append(0.5)
        time.sleep(0.5)
        return True

    server.answer = silent
    with pytest.raises(UnreadableError, match="cannot be reached"):
        logs(server.address)
    assert waits


@pytest.mark.parametrize(
    "address",
    [
        "mlflow://", "mlflow:///a", "mlflow://h:x/a", "mlflow://h/a/b/c", "http://h/a", "mlflow://[::1/a",
        "mlflow://h:99999/", "nonsense",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UnreadableError, match="address"):
        logs(address)


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(UnreadableError, match="cannot be reached"):
        logs("mlflow://user:secret@127.0.0.1:9/a")


def test_unknown_names_are_told(server: FakeServer) -> None:
    with pytest.raises(UnreadableError, match='no experiment "2"; it has "Default", "speech/large"'):
        logs(f"{server.address}/2")
    with pytest.raises(UnreadableError, match='no run "r9"'):
        logs(f"{server.address}/1/r9")


def test_credentials_are_sent_and_never_shown(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t0ken")
    logs(server.address)
    assert server.headers[-1]["Authorization"] == "Bearer t0ken"
    found = logs(server.address.replace("//", "//ann:p%40ss@"))
    expected = base64.b64encode(b"ann:p@ss").decode()
    assert server.headers[-1]["Authorization"] == f"Basic {expected}"
    assert not any("p@ss" in log.place or "p%40ss" in log.place for log in found)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "bob")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "word")
    logs(server.address)
    assert server.headers[-1]["Authorization"] == "Basic " + base64.b64encode(b"bob:word").decode()
