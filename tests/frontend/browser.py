"""Chromium as a test asks for it: the browser of the system, nothing of the network."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"
GRAVE = {"serious", "critical"}


@contextmanager
def chromium() -> Iterator[Any]:
    """A running browser.  The test is skipped where playwright or Chromium is missing."""
    api = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no Chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


def grave_violations(browser: Any, url: str, dark: bool) -> list[str]:
    """What axe-core holds for serious or critical on that page, one line each."""
    if not AXE.is_file():
        pytest.skip("no axe-core: npm ci in frontend")
    context = browser.new_context(bypass_csp=True, color_scheme="dark" if dark else "light")
    try:
        page = context.new_page()
        page.goto(url)
        page.wait_for_selector("h1")
        page.add_script_tag(path=str(AXE))
        found = page.evaluate("axe.run().then((said) => said.violations)")
    finally:
        context.close()
    return [
        f"{one['id']}: {one['nodes'][0]['target']} {one['help']}" for one in found if one["impact"] in GRAVE
    ]
