"""Five domains of text for one tiny GPT: a set of very uneven learnability, and one of five real kinds of text."""

import contextlib
import dis
import encodings
import io
import random
import re
import sysconfig
import textwrap
import unicodedata
from collections.abc import Callable
from pathlib import Path
from types import CodeType

import torch
from torch import Tensor

from lab.trainings.gpt import N_SYMBOLS, corpus

N_LETTERS = 300_000
"""Of each domain at most; a training of the lab sees fewer windows than it has places."""
MODULES = (
    "argparse",
    "ast",
    "difflib",
    "doctest",
    "inspect",
    "pickle",
    "tarfile",
    "turtle",
    "typing",
    "zipfile",
)


def noise(seed: int = 0) -> str:
    """Letters drawn alike: nothing to learn but their number."""
    return "".join(random.Random(seed).choices("abcdefghijklmnopqrstuvwxyz", k=N_LETTERS))


def loop() -> str:
    """One line over and over: learned at once."""
    return "the same line again\n" * (N_LETTERS // 20)


def sums(seed: int = 0) -> str:
    """Additions of two-digit numbers: the signs are learned soon, the results slowly, the summands never."""
    chance = random.Random(seed)
    pairs = [(chance.randrange(10, 100), chance.randrange(10, 100)) for _ in range(N_LETTERS // 10)]
    return "".join(f"{a}+{b}={a + b}\n" for a, b in pairs)


def code() -> str:
    """Source of the standard library."""
    folder = Path(sysconfig.get_path("stdlib"))
    return "\n".join((folder / f"{name}.py").read_text("utf-8") for name in MODULES if _is_file(folder, name))


def names() -> str:
    """Names of characters, as Unicode gives them, in a shuffled order."""
    found = [name for point in range(0x3000) if (name := unicodedata.name(chr(point), ""))]
    random.Random(0).shuffle(found)
    return "\n".join(found)


def tables() -> str:
    """Code pages: long, regular tables of the codecs."""
    folder = Path(encodings.__path__[0])
    return "\n".join(path.read_text("utf-8", "replace") for path in sorted(folder.glob("cp*.py")))


def bytecode() -> str:
    """The standard library, disassembled."""
    folder, out = Path(sysconfig.get_path("stdlib")), io.StringIO()
    for name in MODULES:
        if _is_file(folder, name) and out.tell() < N_LETTERS:
            with contextlib.redirect_stdout(out):
                _disassemble(compile((folder / f"{name}.py").read_text("utf-8"), f"{name}.py", "exec"))
    return re.sub(r" at 0x[0-9a-f]+", "", out.getvalue())  # addresses are other ones in each process


def prose() -> str:
    """The language reference."""
    return "".join(_LETTERS[k] for k in corpus().tolist())


SETS: dict[str, dict[str, Callable[[], str]]] = {
    "uneven": {"noise": noise, "loop": loop, "sums": sums, "code": code, "prose": prose},
    "texts": {"prose": prose, "code": code, "names": names, "tables": tables, "bytecode": bytecode},
}


def domains(name: str) -> dict[str, tuple[Tensor, Tensor]]:
    """For each domain of a set: what is trained on, and the last tenth, which is held out; int64[n] symbols."""
    found = {}
    for domain, text in SETS[name].items():
        symbols = _symbols(text()[:N_LETTERS])
        cut = int(0.9 * len(symbols))
        found[domain] = (symbols[:cut], symbols[cut:])
    return found


_LETTERS = "\t\n" + "".join(map(chr, range(32, 127))) + "?"


def _symbols(text: str) -> Tensor:
    known = {letter: k for k, letter in enumerate(_LETTERS)}
    return torch.tensor([known.get(letter, N_SYMBOLS - 1) for letter in text])


def _is_file(folder: Path, name: str) -> bool:
    return (folder / f"{name}.py").is_file()


def _disassemble(code: CodeType) -> None:
    print(textwrap.shorten(code.co_name, 60))
    dis.disassemble(code)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            _disassemble(constant)
