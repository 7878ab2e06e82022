"""`descentry preflight MODULE:FUNCTION`: the checks before a long run, on what a function of the user's returns."""

import sys
from contextlib import redirect_stdout

import click

from descentry.cli import options
from descentry.cli.outcome import FOUND, OK
from descentry.cli.output import progress, say, style, width


@click.command(name="preflight", short_help="Check model, optimizer, batch and loss before a long run.")
@click.argument("spec", metavar="MODULE:FUNCTION")
@options.formats("text", "json")
@click.option("--vocab-size", type=click.IntRange(min=2), metavar="N",
              help="Tokens or classes: ln N is the loss of a uniform guess.")  # fmt: skip
def command(spec: str, format_: str, as_json: bool, vocab_size: int | None) -> int:
    """Check how a training is wired: gradients, shift, masks, precision, checkpoint, and more.

    MODULE is a module or a .py file of yours, which is run; FUNCTION takes no arguments and returns a dict (or an
    object) with model, optimizer, batch, loss_fn and any option of descentry.preflight.  Exits with 1 on a fault.

    \b
    Examples:
      descentry preflight train:setup
      descentry preflight --json train.py:setup
    """
    from descentry.preflight.face import preflight
    from descentry.preflight.found import parts

    # What the user's code prints must not mix with the answer.
    with redirect_stdout(sys.stderr):
        given = parts(spec)
        if vocab_size is not None:
            given["vocab_size"] = vocab_size
        result = preflight(**{"progress": progress, **given})
    if as_json or format_ == "json":
        say(result.to_json())
    else:
        say(result.render(min(max(width(), 60), 120), style()))
    return OK if result.ok else FOUND
