"""The house rules that a machine can hold."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "src").rglob("*.py"))
MAX_LINES = 400
"""Well above the usual 50 to 250: a file that comes here holds two thoughts."""
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "yaml", "subprocess", "ctypes"}
ALLOWED_IN = {"watch/sinks/command.py": "subprocess", "guard/kept.py": "pickle"}
"""The one place that starts programs, those that the user names; the one that keeps states, held to a short list."""
BROAD_EXCEPT_IN = {
    "log/wall.py", "preflight/wall.py", "probes/wall.py", "watch/sinks/background.py", "guard/wall.py",
    "cli/main.py", "cli/outcome.py", "web/security.py", "web/digest.py", "web/index.py", "web/live.py",
}  # fmt: skip
"""The doors: here alone any exception may be caught.  A server's: a request, a log that is read, one that is followed,
and a look through the folders, each of which must not end the others."""


def _id(path: Path) -> str:
    return path.relative_to(ROOT / "src/descentry").as_posix()


@pytest.fixture(params=FILES, ids=_id)
def path(request: pytest.FixtureRequest) -> Path:
    assert isinstance(request.param, Path)
    return request.param


@pytest.fixture
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def test_a_module_says_its_purpose_first(tree: ast.Module) -> None:
    assert not tree.body or ast.get_docstring(tree)


def test_public_functions_say_what_comes_back(tree: ast.Module) -> None:
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    public = [node for node in functions if not node.name.startswith("_")]
    assert [node.name for node in public if not ast.get_docstring(node)] == []


def test_files_stay_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= MAX_LINES


def test_names_say_what_a_module_does(path: Path) -> None:
    assert path.stem not in {"utils", "util", "helpers", "misc", "common"}


def test_imports_are_absolute_and_harmless(path: Path, tree: ast.Module) -> None:
    forbidden = FORBIDDEN_MODULES - {ALLOWED_IN.get(_id(path))}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        assert not {name.partition(".")[0] for name in names} & forbidden, f"line {node.lineno}"


def test_nothing_is_evaluated(tree: ast.Module) -> None:
    calls = (
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    )
    assert [node.lineno for node in calls if node.func.id in FORBIDDEN_CALLS] == []


def test_broad_except_stands_at_the_doors_only(path: Path, tree: ast.Module) -> None:
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
    broad = [node.lineno for node in handlers if node.type is None or _is_broad(node.type)]
    assert not broad or _id(path) in BROAD_EXCEPT_IN


def _is_broad(kind: ast.expr) -> bool:
    return isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"}


def test_nothing_is_left_undone(path: Path) -> None:
    assert re.search(r"\b(TODO|FIXME|XXX|NotImplementedError)\b", path.read_text("utf-8")) is None


def test_no_page_names_a_machine() -> None:
    pages = [
        *FILES,
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        ROOT / ".ci/run",
        ROOT / "pyproject.toml",
    ]
    homes = re.compile(r"/(root|home|work|opt|tmp)/[a-z]")
    assert [page.name for page in pages if homes.search(page.read_text("utf-8"))] == []
