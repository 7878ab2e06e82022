"""A Prometheus endpoint (extra `prometheus`): how every run stands, asked for over HTTP."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

from descentry.record.errors import UsageError
from descentry.report.text import escaped
from descentry.watch.told import Ended, Note, RunState, Told

LOOPBACK = "127.0.0.1"
VERDICTS = ("healthy", "undetermined", "warning", "critical")


def address(text: str) -> tuple[str, int]:
    """Host and port of `[HOST:]PORT`; the loopback where no host is named.  Raises UsageError."""
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise UsageError(
            f"--prometheus {text!r}: expected [HOST:]PORT with a port of 0 to 65535, such as 9464"
        )
    return host.strip("[]") or LOOPBACK, int(port)


class Prometheus:
    """Serves until it is closed.  `port`: the one that is served, also where 0 asked for any.

    Raises UsageError where the port cannot be had or the library is missing.
    """

    def __init__(self, host: str, port: int) -> None:
        self.problems: list[str] = []
        self._states: tuple[RunState, ...] = ()
        try:
            library: Any = import_module("prometheus_client")
        except ImportError as error:
            raise UsageError("--prometheus needs an extra: pip install 'descentry[prometheus]'") from error
        self._core: Any = import_module("prometheus_client.core")
        registry = library.CollectorRegistry(auto_describe=False)
        registry.register(self)
        try:
            self._server, self._thread = library.start_http_server(port, host, registry)
        except OSError as error:
            why = error.strerror or str(error)
            raise UsageError(
                f"--prometheus {host}:{port}: cannot listen ({why}); name another port"
            ) from error
        self.port: int = self._server.server_port
        self.where = f"http://{host if ':' not in host else f'[{host}]'}:{self.port}/metrics"

    def tell(self, told: Told) -> None:
        """Nothing: what stands is in `show`."""

    def note(self, note: Note) -> None:
        """Nothing."""

    def show(self, states: Sequence[RunState], now: float) -> None:
        """From now on this is served."""
        del now
        self._states = tuple(states)

    def end(self, ended: Ended) -> None:
        """Nothing."""

    def close(self, most_s: float) -> None:
        """Serve no more."""
        del most_s
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5.0)

    def collect(self) -> Iterator[Any]:
        """The metrics; called by the library, in its own threads."""
        states = self._states
        now = time.time()
        ages = [(one, now - one.last_time) for one in states if one.last_time is not None]
        yield self._gauge("step", "Newest step.", [(one, one.step) for one in states])
        yield self._gauge("loss", "Newest loss.", [(one, one.loss) for one in states if one.curve])
        smoothed = [(one, one.level) for one in states if one.curve]
        yield self._gauge("loss_smoothed", "Median of the newest losses.", smoothed)
        yield self._gauge("last_point_age_seconds", "Seconds since the newest logged row.", ages)
        yield self._gauge("run_over", "1 where the log has ended.", [(one, one.is_over) for one in states])
        yield self._points(states)
        yield self._verdicts(states)
        yield self._findings(states)

    def _gauge(self, name: str, help_: str, values: Sequence[tuple[RunState, float]]) -> Any:
        family = self._core.GaugeMetricFamily(f"descentry_{name}", help_, labels=["run"])
        for state, value in values:
            family.add_metric([escaped(state.run)], float(value))
        return family

    def _points(self, states: Sequence[RunState]) -> Any:
        family = self._core.CounterMetricFamily("descentry_points_read", "Logged rows read.", labels=["run"])
        for state in states:
            family.add_metric([escaped(state.run)], state.n_points)
        return family

    def _verdicts(self, states: Sequence[RunState]) -> Any:
        family = self._core.GaugeMetricFamily(
            "descentry_verdict", "1 for the verdict so far.", labels=["run", "verdict"]
        )
        for state in states:
            for word in VERDICTS:
                family.add_metric([escaped(state.run), word], float(word == state.verdict))
        return family

    def _findings(self, states: Sequence[RunState]) -> Any:
        family = self._core.GaugeMetricFamily(
            "descentry_findings_open", "Findings that stand.", labels=["run", "pattern", "severity"]
        )
        for state in states:
            for (pattern, severity), n in Counter(state.open).items():
                family.add_metric([escaped(state.run), pattern, str(severity)], n)
        return family
