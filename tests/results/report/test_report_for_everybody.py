"""The page for eyes, ears, keyboards and paper: checked by axe-core and in print."""

from pathlib import Path
from typing import Any

import axe_core_python
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from results.statistics.summary import SweepSummary
from tests.fixtures.browser import EVIL, errors, visit

AXE = Path(axe_core_python.__file__).parent / "axe.min.js"
RUN = """
const [within, done] = arguments;
const alike = [".main-svg", "tbody tr:nth-child(n+4)"].map((one) => [one]);
axe.run({ include: [[within]], exclude: alike }, { resultTypes: ["violations"] })
  .then((found) => done(found.violations));
"""
"""Looks at the first rows of each table alone, since the others are alike, and not into the figures."""
GRAVE = {"serious", "critical", "moderate"}


def violations(browser: webdriver.Chrome, within: str) -> list[str]:
    """Return what axe finds wrong with a part of the page as it is shown: the rule and the first place."""
    browser.set_script_timeout(120)
    found: list[dict[str, Any]] = browser.execute_async_script(RUN, within)
    return [
        f"{one['id']} ({one['impact']}): {one['nodes'][0]['html'][:160]} {one['nodes'][0]['failureSummary']}"
        for one in found
        if one["impact"] in GRAVE
    ]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [400, 1600])
def test_axe_finds_nothing_grave_on_the_page_and_in_its_panels(
    browser: webdriver.Chrome, sweep: tuple[SweepSummary, Path], width: int, dark: bool
) -> None:
    visit(browser, sweep[1], width, dark)
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    assert violations(browser, "html") == []
    browser.execute_script("document.querySelector('footer').append(document.createElement('img'))")
    assert [one.split()[0] for one in violations(browser, "footer")] == ["image-alt"], "it looks at all"
    for opener in ("main [data-open]", "main [data-failed]"):
        browser.execute_script("arguments[0].click()", browser.find_element(By.CSS_SELECTOR, opener))
        assert violations(browser, "#panel") == []
        browser.find_element(By.CSS_SELECTOR, ".panel-head button").click()


def test_a_failed_trial_opens_by_keyboard_with_reason_log_and_command(
    browser: webdriver.Chrome, sweep: tuple[SweepSummary, Path]
) -> None:
    visit(browser, sweep[1])
    (failure,) = sweep[0].failures
    button = browser.find_element(By.CSS_SELECTOR, "[data-failed]")
    assert button.text == str(failure.number)
    button.send_keys(Keys.ENTER)
    shown = browser.find_element(By.ID, "panel").text
    assert shown.startswith(f"Trial {failure.number} failed")
    for part in (failure.reason, "TL-DMI", "freeze_depth 9", "host-1", f"Traceback\n{EVIL}\nValueError"):
        assert part in shown
    assert browser.find_elements(By.CSS_SELECTOR, "#panel img") == []
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert browser.switch_to.active_element == button
    assert errors(browser) == []


def shown_in_print(browser: webdriver.Chrome, selector: str) -> list[bool]:
    """Return for each element whether it takes room on paper."""
    script = (
        "return [...document.querySelectorAll(arguments[0])].map((one) => one.getClientRects().length > 0)"
    )
    found: list[bool] = browser.execute_script(script, selector)
    return found


@pytest.fixture
def printed(browser: webdriver.Chrome, sweep: tuple[SweepSummary, Path]) -> Any:
    """The page as a dark screen sends it to a printer, on A4 without margins."""
    visit(browser, sweep[1], 794, dark=True)
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    yield browser
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_on_paper_there_are_no_controls(printed: webdriver.Chrome) -> None:
    for selector in ("nav", "#theme", ".controls", ".more", ".skip", "#panel"):
        assert not any(shown_in_print(printed, selector)), selector
    for selector in ("h1", "#front-figure", "#configuration-table", "#failures table"):
        assert shown_in_print(printed, selector) == [True], selector


def test_on_paper_the_front_names_its_families_and_fits(printed: webdriver.Chrome) -> None:
    named = printed.find_element(By.CSS_SELECTOR, "#front .paper").text
    assert all(name in named for name in ("No-Def", "BiDO-HSIC", "TL-DMI", "TL-DMI + BiDO-HSIC"))
    assert printed.find_element(By.CSS_SELECTOR, "#front-figure .main-svg").rect["width"] == 640


def test_on_paper_the_answer_and_the_front_stand_on_the_first_sheet(
    printed: webdriver.Chrome, sweep: tuple[SweepSummary, Path]
) -> None:
    """A4 within its margins of 14 mm is 688 x 1017 pixels."""
    visit(printed, sweep[1], 688)
    printed.execute_script("dispatchEvent(new Event('beforeprint'))")
    printed.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    end = "return document.querySelector('#front figure').getBoundingClientRect().bottom + scrollY"
    assert printed.execute_script(end) <= 1017


def test_on_paper_ink_is_dark_and_no_table_is_cut(printed: webdriver.Chrome) -> None:
    colour = "return getComputedStyle(document.body).getPropertyValue(arguments[0])"
    assert printed.execute_script(colour, "background-color") == "rgb(255, 255, 255)"
    assert printed.execute_script(colour, "color") == "rgb(0, 0, 0)"
    wide = """return [...document.querySelectorAll("main table")].filter((one) =>
      one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.caption.textContent)"""
    assert printed.execute_script(wide) == []
    assert printed.execute_script("return document.documentElement.scrollWidth") <= 794
