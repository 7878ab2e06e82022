"""Reports that are written to files beside what is printed: `--html`, `--md`."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from descentry._version import __version__
from descentry.record.errors import UsageError

if TYPE_CHECKING:
    from descentry.record.report import RunReport

Command = TypeVar("Command", bound=Callable[..., object])


def options(command: Command) -> Command:
    """`--html F` and `--md F`."""
    kind = click.Path(dir_okay=False)
    page = click.option(
        "--html",
        "html_path",
        type=kind,
        metavar="F",
        help="Write the report as one HTML file, curves included.",
    )
    text = click.option("--md", "md_path", type=kind, metavar="F", help="Write the report as Markdown.")
    return page(text(command))


class Files:
    """Takes reports one at a time and writes the files when all are known."""

    def __init__(self, html_path: str | None, md_path: str | None) -> None:
        self._html_path, self._md_path = html_path, md_path
        self._pages: list[dict[str, object]] = []
        self._reports: list[RunReport] = []
        for path in (html_path, md_path):
            if path is not None and not Path(path).parent.is_dir():
                raise UsageError(f"{path}: its folder does not exist; make it, or choose another place")
        if html_path is not None:
            from descentry.report.html import built

            built()

    def add(self, report: "RunReport") -> None:
        """Keep what the files need of one run."""
        if self._html_path is not None:
            from descentry.report.page import run_page

            self._pages.append(run_page(report))
        if self._md_path is not None:
            self._reports.append(report)

    def close(self) -> None:
        """Write the files, each whole or not at all; none where no run was read."""
        if self._html_path is not None and self._pages:
            from descentry.report.html import html

            written(self._html_path, html(self._pages, __version__))
        if self._md_path is not None and self._reports:
            from descentry.report.markdown import markdown

            written(self._md_path, markdown(self._reports))


def written(path: str, text: str) -> None:
    """`text` as that file, whole or not at all.  UsageError: it cannot be written."""
    place = Path(path)
    part = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(place)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UsageError(f"{path}: cannot be written ({error.strerror}); choose another place") from error
