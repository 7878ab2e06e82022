"""Every verb is explained, documented and frozen; `--help` loads nothing heavy."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from descentry.cli.main import VERBS, group, run

ROOT = Path(__file__).parents[2]

OPTIONS = {
    "diagnose": {
        "logs",
        "--format",
        "--json",
        "--fail-on",
        "--role",
        "--loss-function",
        "--vocab-size",
        "--alarm-rate",
        "--run",
        "-v",
        "--no-curve",
        "--html",
        "--md",
    },
    "watch": {
        "logs",
        "--format",
        "--json",
        "--fail-on",
        "--stop-on",
        "--idle-timeout",
        "--once",
        "--wait",
        "--at-once",
        "--poll",
        "--notify",
        "--notify-on",
        "--notify-every",
        "--exec",
        "--exec-timeout",
        "--prometheus",
        "--role",
        "--loss-function",
        "--vocab-size",
        "--alarm-rate",
        "--run",
    },
    "plot": {
        "logs",
        "--format",
        "--json",
        "--out",
        "--smooth",
        "--series",
        "--no-findings",
        "--x",
        "--y",
        "--tokens-per-step",
        "--params",
        "--width",
        "--height",
        "--dpi",
        "--dark",
        "--role",
        "--run",
    },
    "serve": {
        "folders",
        "--port",
        "--host",
        "--allow-remote",
        "--allow-host",
        "--token-file",
        "--cache",
        "--open",
    },
    "read": {"logs", "--format", "--json", "--role", "--run", "--verify"},
    "preflight": {"spec", "--format", "--json", "--vocab-size"},
    "explain": {"id_"},
    "demo": {"--format", "--json", "-v"},
    "completion": {"shell"},
}


def _command(verb: str) -> click.Command:
    command = group.get_command(click.Context(group), verb)
    assert command is not None
    return command


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([verb, "--help"]) == 0
    out = capsys.readouterr().out
    assert f"descentry {verb}" in out.split("Examples:")[1]
    assert out.isascii()
    assert all(isinstance(p, click.Argument) or p.help for p in _command(verb).params if p.name != "help")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_and_option_is_documented(verb: str) -> None:
    section = (ROOT / "docs/cli.md").read_text("utf-8").split(f"## `{verb}")[1].split("\n## ")[0]
    for option in OPTIONS[verb]:
        assert not option.startswith("-") or f"`{option}" in section, (
            f"{option} of {verb} is not in docs/cli.md"
        )


@pytest.mark.parametrize("verb", VERBS)
def test_options_are_frozen(verb: str) -> None:
    names = {parameter.opts[0] for parameter in _command(verb).params if parameter.name != "help"}
    assert names == OPTIONS[verb]


def test_bare_command_shows_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    words = capsys.readouterr().out.split()
    assert all(verb in words for verb in VERBS)


def test_help_loads_no_numpy_and_no_json() -> None:
    code = (
        "import sys; from descentry.cli.main import run; run(['--help']); "
        "print('numpy' in sys.modules, 'orjson' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False False"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    assert "_DESCENTRY_COMPLETE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "offered"), [("descentry dia", "diagnose"), ("descentry explain spi", "spike")]
)
def test_completion_offers_verbs_and_ids(words: str, offered: str) -> None:
    environment = {**os.environ, "_DESCENTRY_COMPLETE": "bash_complete", "COMP_WORDS": words}
    environment["COMP_CWORD"] = str(len(words.split()) - 1)
    command = [sys.executable, "-m", "descentry"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert f"plain,{offered}" in done.stdout.splitlines()
    assert done.stderr == ""


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    from descentry import __version__

    assert run(["--version"]) == 0
    assert __version__ in capsys.readouterr().out
