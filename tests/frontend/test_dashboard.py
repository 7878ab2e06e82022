"""The served pages in a real browser: the list, a run, the keyboard, a growing log, hostile names."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.frontend.browser import chromium, grave_violations

from descentry.assets.web_files import web_file

pytestmark = pytest.mark.slow
HOSTILE = '<img src=x onerror="document.title=1">'


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if web_file("page.js") is None:
        pytest.skip("the front end was not built")
    from tests.web.served import running

    root = tmp_path_factory.mktemp("runs")
    for i in range(60):
        write(root / f"run-{i:02}.jsonl", 80, spike_at=40 if i == 7 else None)
    write(root / f"{HOSTILE}.jsonl".replace("/", "_"), 30)
    write(root / "grows.jsonl", 40)
    with running(root, tmp_path_factory.mktemp("cache")) as served:
        served.read_runs(62)
        yield served, root


def write(path: Path, n: int, spike_at: int | None = None, first: int = 0, mode: str = "w") -> None:
    rows = [
        {"step": i, "loss": 90.0 if i == spike_at else 3.0 / (1 + i / 10) + 0.01 * (i % 3)}
        for i in range(first, n)
    ]
    with path.open(mode) as file:
        file.write("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def page(browser: Any, server: Any) -> Iterator[Any]:
    served, _ = server
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    shown = context.new_page()
    troubles: list[str] = []
    shown.on("pageerror", lambda error: troubles.append(str(error)))
    shown.on("console", lambda message: troubles.append(message.text))
    shown.goto(f"{served.address}/?token={served.access.token}")
    shown.wait_for_selector(".runs tbody a")
    yield shown
    assert troubles == []
    assert shown.title() != "1"
    context.close()


def names(page: Any) -> list[str]:
    return [str(text) for text in page.locator(".runs tbody a").all_inner_texts()]


def test_the_token_leaves_the_address_and_the_list_is_there(page: Any) -> None:
    assert "token" not in page.url
    assert "62 runs" in page.locator("section [role=status]").inner_text()
    assert page.locator(".spark").count() > 10
    assert page.locator(".runs tbody tr").count() < 62 - 10, "rows out of sight stand in the page"


def test_typing_finds_and_the_address_keeps_it(page: Any) -> None:
    page.keyboard.press("/")
    page.keyboard.type("run-07")
    page.wait_for_function("() => document.querySelectorAll('.runs tbody a').length === 1")
    assert names(page) == ["run-07"]
    assert "q=run-07" in page.url
    page.reload()
    page.wait_for_selector(".runs tbody a")
    assert names(page) == ["run-07"]


def test_a_column_sorts_both_ways(page: Any) -> None:
    page.get_by_role("button", name="run").click()
    page.wait_for_function("() => location.search.includes('sort=name')")
    page.wait_for_timeout(300)
    falling = names(page)
    page.get_by_role("button", name="run ↓").click()
    page.wait_for_function("() => location.search.includes('order=rising')")
    page.wait_for_timeout(300)
    assert falling[0] == "run-59"
    assert names(page)[:2] == [HOSTILE, "grows"]


def test_the_keyboard_opens_a_run_and_the_browser_goes_back(page: Any) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector(".verdict h1")
    assert "/runs/" in page.url
    page.go_back()
    page.wait_for_selector(".runs tbody a")


def test_a_run_opens_with_the_words_of_diagnose(page: Any, server: Any) -> None:
    served, _ = server
    row = next(one for one in served.runs(q="run-07") if one["run"] == "run-07")
    page.goto(f"{served.address}/runs/{row['id']}")
    page.wait_for_selector(".panel canvas")
    assert page.locator(".verdict h1").inner_text() == row["summary"]


def test_a_new_point_is_drawn_without_asking(page: Any, server: Any) -> None:
    served, root = server
    row = next(one for one in served.runs(q="grows") if one["run"] == "grows")
    page.goto(f"{served.address}/runs/{row['id']}")
    page.wait_for_selector(".panel canvas")
    before = page.locator(".verdict h1").inner_text()
    write(root / "grows.jsonl", 140, first=40, mode="a")
    page.wait_for_function("(old) => document.querySelector('.verdict h1').textContent !== old", arg=before)
    assert "139" in page.locator(".verdict h1").inner_text()


def test_a_run_that_is_not_there_is_said(browser: Any, server: Any) -> None:
    served, _ = server
    context = browser.new_context()
    shown = context.new_page()
    shown.goto(f"{served.address}/runs/0123456789abcdef?token={served.access.token}")
    shown.wait_for_selector("text=there is no such run")
    context.close()


@pytest.mark.parametrize("dark", [False, True])
def test_no_serious_violation_of_accessibility(browser: Any, server: Any, dark: bool) -> None:
    served, _ = server
    assert grave_violations(browser, f"{served.address}/?token={served.access.token}", dark) == []
