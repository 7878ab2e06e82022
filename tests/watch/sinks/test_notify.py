"""Notifications, to a real server on the loopback."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from tests.report.samples import EVIL, run_report
from tests.watch.made import START, Script, cause, finding, told

from descentry.record.errors import UsageError
from descentry.record.finding import Severity
from descentry.watch.sinks.notify import MOST_LINES, Notify
from descentry.watch.told import Ended, Note, RunState

pytest.importorskip("apprise")
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")


class Server:
    """Takes every POST; answers with `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.messages: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.messages.append(json.loads(body))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self._server.server_port}/secret-token"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.close()


def sent(sink: Notify) -> None:
    sink.show([], START)
    assert sink._background.wait(30.0) == 0


def test_a_finding_is_posted_with_cause_and_remedy(server: Server) -> None:
    sink = Notify([server.url], clock=Script())
    sink.tell(told(cause=cause()))
    sent(sink)
    (message,) = server.messages
    assert message["title"] == "descentry: warning"
    assert message["message"] == (
        "a: ▲ warning spike: the loss leaps (likely (70 %): the rate is too high; do: Halve the learning rate.)"
    )


def test_what_comes_soon_after_is_held_and_sent_as_one(server: Server) -> None:
    clock = Script()
    sink = Notify([server.url], every_s=600.0, clock=clock)
    sink.tell(told())
    sent(sink)
    for name in ("b", "c"):
        sink.tell(told(run=name))
        sent(sink)
    assert len(server.messages) == 1
    clock.now += 601.0
    sent(sink)
    assert server.messages[1]["title"] == "descentry: warning (2 messages)"
    assert len(server.messages[1]["message"].splitlines()) == 2
    sent(sink)
    assert len(server.messages) == 2


def test_while_logs_are_still_read_it_waits_for_the_others(server: Server) -> None:
    clock = Script()
    sink = Notify([server.url], clock=clock)
    state = RunState("a", 9, "loss", 3.2, 3.1, "", "warning", 9, 1.0, START, is_caught_up=False)
    for name in ("a", "b"):
        sink.tell(told(run=name))
        sink.show([state], START)
    sent(sink)
    assert [message["title"] for message in server.messages] == ["descentry: warning (2 messages)"]
    clock.now += 601.0
    sink.tell(told())
    sink.show([state], START)
    assert sink._background.wait(30.0) == 0
    assert len(server.messages) == 2


def test_what_is_graver_goes_at_once(server: Server) -> None:
    sink = Notify([server.url], clock=Script())
    sink.tell(told())
    sent(sink)
    sink.tell(told(finding=finding("nan", Severity.CRITICAL)))
    sent(sink)
    assert [message["title"] for message in server.messages] == ["descentry: warning", "descentry: critical"]


def test_a_flood_is_one_message_of_bounded_length(server: Server) -> None:
    sink = Notify([server.url], clock=Script())
    for k in range(500):
        sink.tell(told(run=f"run{k}", finding=finding(statement="x" * 10_000)))
    sent(sink)
    (message,) = server.messages
    assert message["title"] == "descentry: warning (500 messages)"
    assert message["message"].splitlines()[-1] == f"and {500 - MOST_LINES} more"
    assert len(message["message"]) < 600 * MOST_LINES


def test_what_is_less_grave_is_not_sent_nor_its_end(server: Server) -> None:
    sink = Notify([server.url], clock=Script())
    sink.tell(told(finding=finding(severity=Severity.INFO)))
    sink.tell(told("withdrawn", "resolved", finding=finding(severity=Severity.INFO)))
    sink.tell(told("withdrawn", "resolved", finding=finding("other")))
    sink.tell(told(is_news=False))
    sink.note(Note("a: no point yet"))
    sink.close(60.0)
    assert server.messages == []


def test_alarms_ends_and_what_is_over_are_sent(server: Server) -> None:
    sink = Notify([server.url], clock=Script())
    sink.tell(told())
    sink.tell(told("over", "resolved", finding=finding(resolved_at_step=130)))
    sink.note(Note("a: no new point for 2 h", is_alarm=True))
    sink.end(Ended(EVIL, "a.jsonl", 9, START, "idle", run_report(), 10, 3.5))
    sink.close(60.0)
    (message,) = server.messages
    assert "no new point for 2 h" in message["message"]
    assert "over: spike" in message["message"]
    assert "CRITICAL" in message["message"]
    assert "\x1b" not in message["message"]


def test_who_ends_it_himself_is_not_told(server: Server) -> None:
    sink = Notify([server.url], clock=Script())
    sink.end(Ended("a", "a.jsonl", 9, START, "interrupted", run_report(), 10, 3.5))
    sink.close(60.0)
    assert server.messages == []


def test_a_service_that_refuses_is_told_once_without_its_secret(server: Server) -> None:
    server.status = 500
    clock = Script()
    sink = Notify([server.url], clock=clock)
    for _ in range(3):
        sink.tell(told())
        sent(sink)
        clock.now += 1000.0
    assert len(server.messages) == 3
    assert sink.problems == [
        "--notify json://...: it did not take the message; check the address. The watching goes on"
    ]


def test_nobody_there_is_told_once() -> None:
    sink = Notify(["json://127.0.0.1:9/secret-token"], clock=Script())
    sink.tell(told())
    sink.close(60.0)
    (problem,) = sink.problems
    assert "secret" not in problem


@pytest.mark.parametrize("url", ["", "secret-token", "nothing-known://secret-token"])
def test_an_address_that_is_not_known_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(UsageError, match="no address that apprise knows") as caught:
        Notify([url])
    assert "secret" not in str(caught.value)
