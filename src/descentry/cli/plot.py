"""`descentry plot LOG…`: the curve with its findings, in the terminal or as PNG, SVG or PDF."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from descentry.cli import options, plot_options
from descentry.cli.inputs import Inputs
from descentry.cli.outcome import UNREADABLE, Outcome
from descentry.cli.output import complain, say, say_bytes, style
from descentry.cli.plot_options import Asked
from descentry.record.errors import UsageError

if TYPE_CHECKING:
    from descentry.pictures import Item
    from descentry.plot.drawing import Drawing
    from descentry.record.roles import Role
    from descentry.sources.protocol import Log


@click.command(name="plot", short_help="Draw the curve with its findings.")
@options.logs
@options.formats("text", "json")
@plot_options.place
@plot_options.lines
@plot_options.axes
@plot_options.size
@options.roles
@options.run
def command(
    logs: tuple[str, ...],
    format_: str,
    as_json: bool,
    roles: "dict[str, Role]",
    run: str | None,
    **given: object,
) -> int:
    """Draw the runs in LOG with their findings: in the terminal, or as a picture with --out.

    Several runs are drawn over each other. Needs the extra: pip install 'descentry[plot]'.

    \b
    Examples:
      descentry plot train.jsonl
      descentry plot train.jsonl --out loss.png --y log --smooth ema:200
      descentry plot runs/a runs/b --x tokens --out both.svg --dark
      descentry plot train.jsonl --series val_loss --series accuracy
    """
    asked = plot_options.asked(given)
    as_json = as_json or format_ == "json"
    if asked.out is not None or not as_json:
        plot_options.check_installed(asked.out)
    outcome = Outcome()
    items: list[Item] = []
    for log in Inputs(logs, outcome).logs(run):
        item = outcome.attempt(log.place, partial(_read, log, roles, asked.settings.findings))
        if item is not None:
            items.append(item)
    options.check_used(roles, {name for one, _ in items if one is not None for name in one.curves})
    if not items:
        return outcome.code() or UNREADABLE
    _draw(items, asked, as_json)
    return outcome.code()


def _read(log: "Log", roles: "dict[str, Role]", findings: bool) -> "Item":
    from descentry.diagnosis.diagnose import diagnose
    from descentry.stream.goings_back import collected

    run = collected(log, roles or None)
    return run, diagnose(run, roles=roles or None) if findings else None


def _draw(items: "list[Item]", asked: Asked, as_json: bool) -> None:
    from descentry import pictures

    plan = pictures.drawing(items, asked.settings)
    if asked.out is not None:
        _write(plan, asked, asked.out)
    if as_json:
        _print_json(plan)
    elif asked.out is None:
        say(pictures.screen(plan, asked.columns, asked.rows, colour=style().colour))
    for note in plan.notes:
        complain(note)


def _print_json(plan: "Drawing") -> None:
    from descentry.plot.document import document
    from descentry.report.jsonable import dumps, strict_object

    say_bytes(dumps(strict_object(document(plan))))


def _write(plan: "Drawing", asked: Asked, out: Path) -> None:
    from descentry import pictures

    data = pictures.image(plan, asked.look, out.suffix[1:].lower())
    try:
        out.write_bytes(data)
    except OSError as error:
        raise UsageError(f"--out {out}: cannot be written ({error.strerror or error})") from error
