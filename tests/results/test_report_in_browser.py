"""The report opened in headless Chromium from a file, without a network."""

import base64
import io
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from results import load, open_store, render_report
from results.summary import SweepSummary
from tests.fixtures.rows import FakeConfig, FakeSweep, helping_configs, write_fake_sweep

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
EVIL = "<img src=x onerror=document.title='owned'>"


def find(*names: str) -> str:
    """Return the first of these programs that is installed; the tests fail, not skip, without one."""
    for name in names:
        if found := shutil.which(name):
            return found
    pytest.fail(f"None of {', '.join(names)} is installed: apt-get install -y chromium chromium-driver")


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    """Chromium with an empty profile of its own."""
    with tempfile.TemporaryDirectory() as profile:
        options = webdriver.ChromeOptions()
        wrapped = Path("/usr/lib/chromium/chromium")
        options.binary_location = (
            str(wrapped) if wrapped.exists() else find("chromium", "chromium-browser", "google-chrome")
        )
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = webdriver.Chrome(options=options, service=Service(find("chromedriver")))
        yield driver
        driver.quit()


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> tuple[SweepSummary, Path]:
    """A sweep with a hostile class name, and its page."""
    folder = tmp_path_factory.mktemp("page")
    store = open_store(str(folder / "runs"), create=True)
    names = (EVIL, *(f"person_{index:02d}" for index in range(1, 20)))
    sweep = FakeSweep(helping_configs(), class_names=names, failures=("the loss became NaN",))
    write_fake_sweep(store, sweep)
    results = load(store.uri)
    page = folder / "report.html"
    page.write_text(render_report(results), encoding="utf-8")
    return results.summary(), page


def visit(browser: webdriver.Chrome, page: Path, width: int = 1600, dark: bool = False) -> None:
    """Open ``page`` at a width and wait until its figure is drawn."""
    scheme = "dark" if dark else "light"
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.get(page.as_uri())
    WebDriverWait(browser, 60).until(
        lambda driver: driver.execute_script("return document.documentElement.dataset.ready === 'yes'")
    )


def errors(browser: webdriver.Chrome) -> list[str]:
    return [
        entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")
    ]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [400, 768, 1600])
def test_it_fits_every_width_without_errors(
    browser: webdriver.Chrome, sweep: tuple[SweepSummary, Path], width: int, dark: bool
) -> None:
    visit(browser, sweep[1], width, dark)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert errors(browser) == []


def test_every_configuration_is_one_point(
    browser: webdriver.Chrome, sweep: tuple[SweepSummary, Path]
) -> None:
    visit(browser, sweep[1])
    points = browser.find_elements(By.CSS_SELECTOR, "#front-figure .scatterlayer .points path.point")
    assert len(points) == len(sweep[0].configurations) == 7
    rows = browser.find_elements(By.CSS_SELECTOR, "#configurations tbody tr")
    assert len(rows) == 7


def test_a_class_name_stays_text(browser: webdriver.Chrome, sweep: tuple[SweepSummary, Path]) -> None:
    visit(browser, sweep[1])
    assert "owned" not in browser.title
    names = [
        cell.get_property("textContent")
        for cell in browser.find_elements(By.CSS_SELECTOR, ".gallery tbody th")
    ]
    assert names.count(EVIL) == 2


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
