"""`comet://`: the real client against a server of our own, and what its answers become."""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from descentry.record.errors import UnreadableError
from descentry.sources.collect import collect
from descentry.sources.rows import joined
from descentry.sources.trackers import comet_api

KEY = "a" * 32


def metric(name: str, value: str, step: int | None, at: int, context: str | None = None) -> dict[str, Any]:
    return {"metricName": name, "metricValue": value, "step": step, "timestamp": 1700000000000 + at,
            "epoch": None, "runContext": context, "offset": at}  # fmt: skip


METRICS = [
    metric("loss", "1.5", 3, 30),
    metric("loss", "2.5", 1, 10),
    metric("loss", "NaN", 2, 20),
    metric("loss", "1.25", 2, 40),
    metric("lr", "0.1", 1, 10),
    metric("lr", "0.2", 2, 20),
    metric("loss", "3.0", 1, 10, "validate"),
]


class Experiment:
    """What `comet_ml.api` gives for an experiment, as far as it is asked."""

    id, name = KEY, "tiny"

    def __init__(self, metrics: list[Any] | None) -> None:
        self.metrics = metrics

    def get_metrics(self) -> list[Any] | None:
        return self.metrics

    def get_parameters_summary(self) -> list[dict[str, str]]:
        return [{"name": "batch_size", "valueCurrent": "32"}, {"name": "optimizer", "valueCurrent": "adamw"}]


def client(monkeypatch: pytest.MonkeyPatch, **answers: object) -> None:
    monkeypatch.setitem(sys.modules, "comet_ml", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "comet_ml.api", SimpleNamespace(API=lambda: SimpleNamespace(**answers)))


def check(log: Any) -> None:
    run = collect(log)
    assert run.curves["loss"].steps.tolist() == [1, 2, 3, 2]
    assert str(run.curves["loss"].values.tolist()) == "[2.5, nan, 1.5, 1.25]"
    assert run.curves["validate_loss"].values.tolist() == [3.0]
    assert run.curves["lr"].steps.tolist() == [1, 2]
    assert run.config == {"name": "tiny", "batch_size": 32.0, "optimizer": "adamw"}


def test_an_experiment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    client(
        monkeypatch, get_experiment=lambda *names: Experiment(METRICS) if names == ("ws", "p", KEY) else None
    )
    (log,) = comet_api.logs(f"comet://ws/p/{KEY}")
    assert (log.run, log.format, log.place) == (KEY, "comet", f"comet://ws/p/{KEY}")
    check(log)
    with pytest.raises(UnreadableError, match="is not known to Comet"):
        comet_api.logs("comet://ws/p/other")


def test_what_is_odd_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = [metric("loss", "1.5", None, 1), metric("loss", "1.25", None, 2), metric("text", "abc", 1, 1), 7,
           metric("process duration", "1", 1, 1), metric("", "1", 1, 1)]  # fmt: skip
    many = [metric("many", "1.0", step, step) for step in range(comet_api.THINNED)]
    client(monkeypatch, get_experiment=lambda *_: Experiment([*odd, *many]))
    run = collect(comet_api.logs(f"comet://ws/p/{KEY}")[0])
    assert set(run.curves) == {"loss", "many"}
    assert run.curves["loss"].steps.tolist() == [0, 1]
    assert {event.kind: event.count for event in run.events} == {
        "missing_step": 2,
        "bad_value": 1,
        "sampled": 1,
    }


def test_an_experiment_without_metrics_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    client(monkeypatch, get_experiments=lambda *_: [Experiment(None)])
    (log,) = comet_api.logs("comet://ws/p")
    assert collect(log).curves == {}


def test_an_experiment_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = Experiment([metric("loss", "1.5", 1, 1)])
    client(monkeypatch, get_experiment=lambda *_: experiment)
    chunks = comet_api.logs(f"comet://ws/p/{KEY}")[0].follow()
    assert joined(islice(chunks, 2)).steps.tolist() == [1]
    assert joined(islice(chunks, 2)).n_rows == 0
    experiment.metrics = [metric("loss", "1.5", 1, 1), metric("loss", "1.25", 2, 2)]
    assert joined(islice(chunks, 1)).steps.tolist() == [2]


def test_what_the_client_raises_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: str) -> object:
        raise ValueError("the key\nis wrong")

    client(monkeypatch, get_experiment=fail)
    with pytest.raises(UnreadableError, match=r"\(the key is wrong\); check the address, COMET_API_KEY"):
        comet_api.logs(f"comet://ws/p/{KEY}")


@pytest.mark.parametrize("address", ["comet://", "comet://ws", "comet:///p/k", "comet://ws/p/k/x"])
def test_an_odd_address_is_refused(address: str) -> None:
    with pytest.raises(UnreadableError, match="expected comet://workspace/project"):
        comet_api.logs(address)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server of one experiment, to which the real client is pointed."""
    pytest.importorskip("comet_ml")
    about = {"experimentKey": KEY, "experimentName": "tiny", "workspaceName": "ws", "projectName": "p",
             "startTimeMillis": 1700000000000, "durationMillis": 1, "archived": False}  # fmt: skip
    answers: dict[str, Any] = {
        "/clientlib/isAlive/ver": {"version": "99.0.0"},
        "/api/rest/v2/experiments": {"experiments": [about]},
        "/api/rest/v2/experiment/metadata": about,
        "/api/rest/v2/experiment/metrics/get-all": {"metrics": METRICS},
        "/api/rest/v2/experiment/parameters": {"values": Experiment(None).get_parameters_summary()},
    }

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = parse_qs(parts.query)
            is_here = asked.get("experimentKey", [KEY]) == [KEY] and asked.get("projectName", ["p"]) == ["p"]
            known = answers.get(parts.path) if is_here else None
            content = json.dumps(known if known is not None else {"msg": "unknown"}).encode()
            self.send_response(200 if known is not None else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listening.server_port}"
    monkeypatch.setenv("COMET_URL_OVERRIDE", f"{url}/clientlib/")
    monkeypatch.setenv("COMET_API_KEY", "b" * 25)
    yield url
    listening.shutdown()
    listening.server_close()
    thread.join()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_the_real_client_reads_every_value(server: str) -> None:
    assert server
    for address in (f"comet://ws/p/{KEY}", "comet://ws/p"):
        (log,) = comet_api.logs(address)
        assert log.place == f"comet://ws/p/{KEY}"
        check(log)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_the_real_client_does_not_know_it(server: str) -> None:
    assert server
    with pytest.raises(UnreadableError, match="comet://ws/other"):
        comet_api.logs("comet://ws/other")
