"""The one-file report in a real browser: drawn, zoomed, walked by keyboard, quiet, and deaf to hostile names."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.frontend.browser import chromium, grave_violations
from tests.report.made import diagnosed

from descentry.assets.web_files import web_file
from descentry.report.html import html
from descentry.report.page import run_page
from descentry.testing import curves
from descentry.testing.curves import healthy

pytestmark = pytest.mark.slow
HOSTILE = "</script><img src=x onerror=\"document.title='hurt'\"> \u202e<b>run</b>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    if web_file("page.js") is None:
        pytest.skip("the front end was not built")
    chunk = curves.spike(healthy(4000, seed=1, sigma=0.02, n_validations=40), at=3000, height=3.0)
    bad = diagnosed(curves.overfit(chunk, at=1600, rise=0.8))
    runs = [replace(bad, run=HOSTILE), replace(diagnosed(healthy(300, seed=2)), run="calm")]
    file: Path = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(html([run_page(run) for run in runs], "0.0.0"), encoding="utf-8")
    return file.as_uri()


@pytest.fixture
def page(browser: Any, url: str) -> Iterator[Any]:
    shown = browser.new_page(viewport={"width": 1280, "height": 900})
    troubles: list[str] = []
    shown.on("pageerror", lambda error: troubles.append(str(error)))
    shown.on("console", lambda message: troubles.append(message.text))
    shown.on("request", lambda asked: troubles.append(asked.url) if asked.url.split("#")[0] != url else None)
    shown.goto(url)
    shown.wait_for_selector(".panel canvas")
    yield shown
    assert troubles == []
    shown.close()


def is_zoomed(page: Any) -> bool:
    return bool(page.get_by_role("button", name="show all steps").is_enabled())


def drag(page: Any, first: float, last: float) -> None:
    box = page.locator(".panel.main .u-over").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + first * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + last * box["width"], y, steps=4)
    page.mouse.up()


def test_it_opens_with_the_verdict_and_all_findings(page: Any) -> None:
    assert "critical" in page.locator(".verdict .badge").inner_text()
    assert page.locator(".findings li").count() >= 2
    assert page.locator(".panel canvas").count() == 2
    assert page.locator(".cause").count() >= 1


def test_the_canvas_is_drawn(page: Any) -> None:
    n_colours = page.evaluate(
        """() => {
            const canvas = document.querySelector(".panel.main canvas");
            const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            const seen = new Set();
            for (let i = 0; i < data.length; i += 4) seen.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
            return seen.size;
        }"""
    )
    assert n_colours > 20


def test_a_drag_zooms_and_a_double_click_shows_all_again(page: Any) -> None:
    assert not is_zoomed(page)
    drag(page, 0.2, 0.4)
    assert is_zoomed(page)
    page.locator(".panel.main .u-over").dblclick()
    assert not is_zoomed(page)


def test_shift_drag_pans_and_the_wheel_with_control_zooms(page: Any) -> None:
    page.locator(".panel.main .u-over").hover()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    page.wait_for_function("() => !document.querySelector('.toolbar button').disabled")
    page.keyboard.down("Shift")
    drag(page, 0.5, 0.7)
    page.keyboard.up("Shift")
    assert is_zoomed(page)


def test_a_finding_leads_to_its_place_and_lights_up(page: Any) -> None:
    first = page.locator(".findings .place").first
    first.focus()
    assert "lit" in (page.locator(".findings li").first.get_attribute("class") or "")
    first.press("Enter")
    assert is_zoomed(page)


def test_the_keyboard_alone_reads_values_and_zooms(page: Any) -> None:
    page.locator(".panel.main .plot").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    read = page.locator(".panel.main .reading").inner_text()
    assert "step" in read
    assert "train_loss" in read
    page.keyboard.press("+")
    assert is_zoomed(page)
    page.keyboard.press("0")
    assert not is_zoomed(page)


def test_smoothing_and_the_log_axis_redraw_the_chart(page: Any) -> None:
    drawn = "document.querySelector('.panel.main canvas').toDataURL()"
    for change in (
        lambda: page.get_by_label("log axis").check(),
        lambda: page.get_by_label("smoothing").select_option(index=2),
        lambda: page.get_by_label("smoothing").select_option("none"),
        lambda: page.get_by_label("log axis").uncheck(),
    ):
        before = page.evaluate(drawn)
        change()
        page.wait_for_function(f"(old) => {drawn} !== old", arg=before)


def test_a_hostile_name_is_text_and_another_run_is_one_choice_away(page: Any) -> None:
    assert page.locator(".run .name").inner_text().startswith("</script><img")
    assert page.title() != "hurt"
    page.get_by_role("combobox", name="run").select_option("1")
    page.wait_for_function("() => document.querySelector('.run .name').textContent === 'calm'")
    assert "healthy" in page.locator(".verdict .badge").inner_text()


@pytest.mark.parametrize("dark", [False, True])
def test_no_serious_violation_of_accessibility(browser: Any, url: str, dark: bool) -> None:
    assert grave_violations(browser, url, dark) == []
