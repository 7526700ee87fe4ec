"""The report opened in headless Chromium from a file, without a network."""

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from results import load, open_store, render_report
from results.statistics.summary import SweepSummary
from tests.fixtures.browser import EVIL, errors, visit
from tests.fixtures.rows import FakeConfig, FakeSweep, write_fake_sweep


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [400, 768, 1600])
def test_it_fits_every_width_without_errors(
    browser: webdriver.Chrome, sweep: tuple[SweepSummary, Path], width: int, dark: bool
) -> None:
    visit(browser, sweep[1], width, dark)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert errors(browser) == []


def points(browser: webdriver.Chrome) -> list[Any]:
    """Return the markers that the front shows."""
    return browser.find_elements(By.CSS_SELECTOR, "#front-figure .scatterlayer .points path.point")


def choose(browser: webdriver.Chrome, selector: str) -> None:
    """Click a control of the front; it lies under its label."""
    browser.execute_script("document.querySelector(arguments[0]).click()", selector)


def shown_ids(browser: webdriver.Chrome) -> list[str]:
    """Return the configurations that the table lists."""
    buttons = browser.find_elements(By.CSS_SELECTOR, "#configuration-table .open")
    return [str(button.get_attribute("data-open")) for button in buttons]


def drawn(browser: webdriver.Chrome, role: str) -> list[dict[str, Any]]:
    """Return the traces of a role as plotly has drawn them."""
    return browser.execute_script(
        "return document.getElementById('front-figure').data.filter(one => one.meta.role === arguments[0])"
        ".map(one => ({x: one.x, y: one.y, ids: one.customdata, name: one.name}))",
        role,
    )


def test_every_configuration_is_one_point_and_every_trial_can_be(
    browser: webdriver.Chrome, sweep: tuple[SweepSummary, Path]
) -> None:
    visit(browser, sweep[1])
    assert len(points(browser)) == len(sweep[0].configurations) == 7
    assert len(shown_ids(browser)) == 7
    choose(browser, "[name=trials]")
    trials = [run for run in sweep[0].runs if run.target["control"] == "none"]
    assert sum(len(one["x"]) for one in drawn(browser, "trial")) == len(trials) == 11
    assert len(points(browser)) == 7 + 11


def test_the_switch_shows_the_accuracy_of_one_attack(
    browser: webdriver.Chrome, sweep: tuple[SweepSummary, Path]
) -> None:
    visit(browser, sweep[1])
    choose(browser, "[name=view][value=brepmi]")
    found = {
        name: y for one in drawn(browser, "family") for name, y in zip(one["ids"], one["y"], strict=True)
    }
    expected = {one.config_id: 100 * one.attacks["brepmi"].att_acc for one in sweep[0].configurations}
    assert found == pytest.approx(expected, abs=0.006)
    assert "BREP-MI: " in browser.find_element(By.ID, "front-hypervolume").text


def test_filters_leave_the_chosen_families_in_figure_and_table(
    browser: webdriver.Chrome, sweep: tuple[SweepSummary, Path]
) -> None:
    visit(browser, sweep[1])
    for family in ("no_def", "tl_dmi", "tl_dmi+bido_hsic"):
        choose(browser, f"[name=family][value='{family}']")
    expected = {one.config_id for one in sweep[0].configurations if one.defense == "bido_hsic"}
    assert set(shown_ids(browser)) == expected
    assert {name for one in drawn(browser, "family") for name in one["ids"]} == expected
    visit(browser, sweep[1])
    choose(browser, "[name=front-only]")
    front = {one.config_id for one in sweep[0].front}
    assert (
        set(shown_ids(browser)) == {name for one in drawn(browser, "family") for name in one["ids"]} == front
    )
    browser.find_element(By.NAME, "find").send_keys("depth 11")
    assert shown_ids(browser) == ["tl_dmi-11-None-none"]
    assert browser.find_element(By.ID, "table-count").text == "1 of 7 configurations"


def test_printed_points_are_marked_as_not_measured(
    browser: webdriver.Chrome, sweep: tuple[SweepSummary, Path]
) -> None:
    visit(browser, sweep[1])
    note = browser.find_element(By.ID, "front-printed")
    assert not note.is_displayed()
    Select(browser.find_element(By.NAME, "printed")).select_by_value("table1-brepmi-celeba-vgg16")
    assert note.is_displayed()
    assert "not measured" in note.text
    assert sorted(x for one in drawn(browser, "printed") for x in one["x"]) == [80.35, 83.41, 89.0]
    assert len(points(browser)) == 7 + 3


def test_attainment_is_drawn_on_demand(browser: webdriver.Chrome, sweep: tuple[SweepSummary, Path]) -> None:
    visit(browser, sweep[1])
    assert drawn(browser, "attainment") == []
    choose(browser, "[name=attainment]")
    names = [one["name"] for one in drawn(browser, "attainment")]
    assert names == ["Reached by 1 seed of 2", "Reached by all 2 seeds"]


def test_hovering_and_clicking_a_point_shows_its_trial(
    browser: webdriver.Chrome, sweep: tuple[SweepSummary, Path]
) -> None:
    visit(browser, sweep[1])
    one = next(one for one in sweep[0].configurations if one.config_id == "tl_dmi-13-None-none")
    place = browser.execute_script(
        "const figure = document.getElementById('front-figure');"
        "figure.scrollIntoView({block: 'center', behavior: 'instant'});"
        "const box = figure.querySelector('.nsewdrag').getBoundingClientRect(), axes = figure._fullLayout;"
        "return [box.left + axes.xaxis.d2p(arguments[0]), box.top + axes.yaxis.d2p(arguments[1])]",
        100 * one.acc,
        100 * one.point[1],
    )
    pointer = ActionChains(browser)
    pointer.w3c_actions.pointer_action.move_to_location(*(round(value) for value in place))
    pointer.perform()
    hover = WebDriverWait(browser, 10).until(
        lambda driver: driver.find_element(By.CSS_SELECTOR, "#front-figure .hovertext").get_property(
            "textContent"
        )
    )
    assert "TL-DMI (depth 13)" in hover
    pointer.click().perform()
    panel = browser.find_element(By.ID, "panel")
    WebDriverWait(browser, 10).until(lambda _: panel.get_property("open"))
    assert "tl_dmi-13-None-none" in panel.text
    assert "depth 13" in panel.text


def test_the_keyboard_opens_a_trial_and_escape_closes_it(
    browser: webdriver.Chrome, sweep: tuple[SweepSummary, Path]
) -> None:
    visit(browser, sweep[1])
    button = browser.find_element(By.CSS_SELECTOR, "#configuration-table [data-open='tl_dmi-6-None-none']")
    button.send_keys(Keys.ENTER)
    panel = browser.find_element(By.ID, "panel")
    assert panel.get_property("open")
    assert browser.switch_to.active_element.get_attribute("id") == "panel-title"
    for expected in (
        "Training curves",
        "Class by class",
        "Confidence of the classifier",
        "Trial 5, seed 0",
        "Trial 6, seed 1",
    ):
        assert expected in panel.text
    assert len(panel.find_elements(By.CSS_SELECTOR, ".people tbody tr")) == 20
    assert len(panel.find_elements(By.CSS_SELECTOR, ".sprite-cell")) == 40
    assert len(panel.find_elements(By.CSS_SELECTOR, ".chart .main-svg")) >= 3
    names = panel.find_elements(By.CSS_SELECTOR, ".people tbody th")
    assert EVIL in {name.get_property("textContent") for name in names}
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not panel.get_property("open")
    assert browser.switch_to.active_element == button
    assert errors(browser) == []


def test_the_second_trial_of_a_configuration_can_be_chosen(
    browser: webdriver.Chrome, sweep: tuple[SweepSummary, Path]
) -> None:
    visit(browser, sweep[1], 400)
    choose(browser, "[data-open='tl_dmi-6-None-none']")
    choose(browser, "#panel [name=trial][value='1']")
    facts = browser.find_element(By.CSS_SELECTOR, "#panel-trial .facts").text.split("\n")
    assert facts[:5] == ["Trial", "6", "confirmation", "Training seed", "1"]
    assert browser.execute_script("return document.getElementById('panel').scrollWidth") <= 400


def test_the_theme_switch_prevails_over_the_system(
    browser: webdriver.Chrome, sweep: tuple[SweepSummary, Path]
) -> None:
    visit(browser, sweep[1], dark=True)
    choose(browser, "#theme [value=light]")
    ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(250, 250, 248)"
    ink = browser.execute_script(
        "return getComputedStyle(document.querySelector('#front-figure .xtick text')).fill"
    )
    assert ink == "rgb(31, 35, 40)"


def test_a_class_name_stays_text(browser: webdriver.Chrome, sweep: tuple[SweepSummary, Path]) -> None:
    visit(browser, sweep[1])
    assert browser.title == f"{EVIL} on orl_faces · tldmi-sweep"
    names = [
        cell.get_property("textContent")
        for cell in browser.find_elements(By.CSS_SELECTOR, ".gallery tbody th")
    ]
    assert names.count(EVIL) == 2
    assert browser.find_element(By.TAG_NAME, "h1").text == f"{EVIL} on orl_faces"


def test_reconstructions_are_decoded_pictures(
    browser: webdriver.Chrome, sweep: tuple[SweepSummary, Path]
) -> None:
    visit(browser, sweep[1])
    widths = browser.execute_script(
        "return [...document.querySelectorAll('.gallery img')].map(x => x.naturalWidth)"
    )
    assert len(widths) == 20 * 6 * 2
    assert set(widths) == {32}


def test_columns_sort_both_ways(browser: webdriver.Chrome, sweep: tuple[SweepSummary, Path]) -> None:
    visit(browser, sweep[1])
    head = browser.find_element(
        By.XPATH, "//section[@id='configurations']//th[contains(., 'Worst AttAcc')]//button"
    )
    shown = []
    for _ in range(2):
        browser.execute_script("arguments[0].click()", head)
        cells = browser.find_elements(By.CSS_SELECTOR, "#configurations tbody td:nth-child(3)")
        shown.append([float(cell.get_attribute("data-value")) for cell in cells])
    assert shown[0] == sorted(shown[0])
    assert shown[1] == shown[0][::-1]


@pytest.mark.parametrize(("dark", "brightness"), [(False, range(200, 256)), (True, range(0, 60))])
def test_it_follows_the_colour_scheme_of_the_reader(
    browser: webdriver.Chrome, sweep: tuple[SweepSummary, Path], dark: bool, brightness: range
) -> None:
    visit(browser, sweep[1], dark=dark)
    picture = Image.open(io.BytesIO(base64.b64decode(browser.get_screenshot_as_base64()))).convert("L")
    assert picture.getpixel((5, 5)) in brightness
    ink = browser.execute_script(
        "return getComputedStyle(document.querySelector('#front-figure .xtick text')).fill"
    )
    level = int(ink.removeprefix("rgb(").split(",")[0])
    assert (level > 128) == dark


@pytest.mark.parametrize("configs", [[], [FakeConfig("no_def", 0.9, {"gmi": 0.5})]])
def test_an_empty_store_and_one_point_open_too(
    browser: webdriver.Chrome, tmp_path: Path, configs: list[FakeConfig]
) -> None:
    store = open_store(str(tmp_path / "runs"), create=True)
    if configs:
        write_fake_sweep(store, FakeSweep(configs))
    page = tmp_path / "report.html"
    page.write_text(render_report(load(store.uri)), encoding="utf-8")
    visit(browser, page, 400)
    assert len(browser.find_elements(By.CSS_SELECTOR, "#front-figure path.point")) == len(configs)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 400
    assert errors(browser) == []


def test_compressed_data_show_the_same_page(
    browser: webdriver.Chrome,
    sweep: tuple[SweepSummary, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("results.report.page_data.PACKED_FROM", 1)
    page = tmp_path / "packed.html"
    page.write_text(render_report(load(str(sweep[1].parent / "runs"))), encoding="utf-8")
    assert page.read_text(encoding="utf-8").count(" data-packed>") > 3
    texts = []
    for one in (sweep[1], page):
        visit(browser, one)
        assert len(points(browser)) == len(sweep[0].configurations)
        shown = [browser.find_element(By.ID, "configuration-table").text]
        for opener in ("main [data-open]", "[data-failed]"):
            browser.execute_script("arguments[0].click()", browser.find_element(By.CSS_SELECTOR, opener))
            WebDriverWait(browser, 10).until(lambda driver: driver.find_elements(By.ID, "panel-title"))
            shown.append(browser.find_element(By.ID, "panel").text)
            browser.find_element(By.CSS_SELECTOR, ".panel-head button").click()
        texts.append(shown)
    assert texts[0] == texts[1]
    assert errors(browser) == []
