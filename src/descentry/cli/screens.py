"""What the reports look like on stdout: screens for people, one JSON document for programs."""

from typing import TYPE_CHECKING, Protocol

from descentry.cli.output import say, say_bytes, style, width
from descentry.report.text import clipped, escaped

if TYPE_CHECKING:
    from descentry.record.report import RunReport


class View(Protocol):
    """Takes reports one at a time and prints them; `close` ends the output."""

    def add(self, report: "RunReport") -> None: ...

    def close(self) -> None: ...


class Screens:
    """One screen per run, as soon as it is known; a list of all verdicts after several."""

    def __init__(self, *, verbose: bool = False, curve: bool = True) -> None:
        self._verbose = verbose
        self._curve = curve
        self._lines: list[str] = []

    def add(self, report: "RunReport") -> None:
        """Print one run."""
        from descentry.display import screen

        text = screen(report, width=width(), style=style(), verbose=self._verbose, curve=self._curve)
        say(("\n" if self._lines else "") + text)
        self._lines.append(f"  {report.verdict:<12} {escaped(report.run)}")

    def close(self) -> None:
        """Print the list of verdicts, where there are several."""
        if len(self._lines) > 1:
            lines = [clipped(line, max(width(), 40)) for line in self._lines]
            say("\n" + "\n".join([f"{len(lines)} runs", *lines]) + "\n")


class JsonRuns:
    """One JSON document whose list `runs` is written run by run; nothing where there is no run."""

    def __init__(self, **head: object) -> None:
        self._head = head
        self._n_runs = 0

    def add_entry(self, entry: "dict[str, object]") -> None:
        """Print one entry of `runs`."""
        from descentry.report.jsonable import dumps

        before = dumps({**self._head, "runs": []}).rstrip()[: -len("]}")] if self._n_runs == 0 else b","
        say_bytes(before + dumps(entry).rstrip())
        self._n_runs += 1

    def add(self, report: "RunReport") -> None:
        """Print one report."""
        from descentry.report.jsonable import run_report

        self.add_entry(run_report(report))

    def close(self) -> None:
        """End the document."""
        if self._n_runs:
            say_bytes(b"]}\n")
