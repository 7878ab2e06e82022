"""`descentry completion SHELL`: the script that lets a shell complete verbs and options."""

import click
from click.shell_completion import get_completion_class

from descentry.cli.output import say


@click.command(name="completion", short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def command(context: click.Context, shell: str) -> int:
    """Print the script that completes verbs, options and paths in SHELL.

    \b
    Examples:
      eval "$(descentry completion bash)"                 # in ~/.bashrc
      descentry completion zsh > ~/.zfunc/_descentry
      descentry completion fish > ~/.config/fish/completions/descentry.fish
    """
    completion = get_completion_class(shell)
    assert completion is not None
    root = context.find_root().command
    script = completion(root, {}, "descentry", "_DESCENTRY_COMPLETE")
    say(script.source_template % script.source_vars() + "\n")
    return 0
