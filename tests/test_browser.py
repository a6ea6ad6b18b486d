"""The page about a run in Chromium: it opens from disk, moves, fits, and complains of nothing."""

import re
import shutil
import subprocess

import pytest

from grucli.page.render import render_page
from grucli.runs.reporting import report_run
from tests.conftest import grucli

pytestmark = pytest.mark.browser

OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from selenium import webdriver

    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in programs:
        pytest.fail("these tests need Chromium: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location, driver = programs
    for option in (*OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(driver, log_output=subprocess.DEVNULL)
    opened = webdriver.Chrome(options=options, service=service)
    yield opened
    opened.quit()


@pytest.fixture(scope="module")
def page(trained, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_bytes(render_page(report_run(trained / "run")))
    return path


def show(browser, page, *, width=1280, height=900, scheme="light"):
    """Open the page as a screen of this size would, and check that it finished quietly."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(page.as_uri())
    assert browser.execute_script("return document.documentElement.dataset.ready") == "yes"
    assert browser.get_log("browser") == []


def pictures(browser):
    """What every heat map at the slider shows, as bytes of an image."""
    return browser.execute_script(
        "return [...document.querySelectorAll('#weights .pair > :nth-child(2) canvas')]"
        ".map((canvas) => canvas.toDataURL())"
    )


SCREENS = [(390, 844), (1280, 900)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_the_page_fits_the_screen_in_light_and_dark(browser, page, width, height, scheme):
    show(browser, page, width=width, height=height, scheme=scheme)
    root = "const root = document.documentElement; return root"
    seen = browser.execute_script(f"{root}.clientWidth")
    assert width - 20 <= seen <= width
    assert browser.execute_script(f"{root}.scrollWidth") == seen
    ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}[scheme]
    outside = browser.execute_script(
        "return [...document.querySelectorAll('svg text')].filter((text) => {"
        "const own = text.getBoundingClientRect();"
        "const all = text.ownerSVGElement.getBoundingClientRect();"
        "return own.left < all.left - 1 || own.right > all.right + 1 || own.top < all.top - 1"
        "    || own.bottom > all.bottom + 1;"
        "}).map((text) => text.textContent)"
    )
    assert outside == []
    cut = browser.execute_script(
        "return [...document.querySelectorAll('.scroll, nav ul, th, td, .legend, pre')]"
        ".filter((part) => part.scrollWidth > part.clientWidth + 1).map((part) => part.textContent)"
    )
    assert cut == []


FAINT = """
const light = (colour) => {
  const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((value) => value / 255)
    .map((value) => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (part) => {
  for (let place = part; place; place = place.parentElement) {
    const colour = getComputedStyle(place).backgroundColor;
    if (!/, 0\\)|transparent/.test(colour)) return colour;
  }
};
const own = (part) => [...part.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
return [...document.body.querySelectorAll("*")]
  .filter((part) => own(part) && part.getClientRects().length)
  .map((part) => {
    const style = getComputedStyle(part), ink = part.ownerSVGElement ? style.fill : style.color;
    const [low, high] = [light(ink), light(behind(part))].sort((one, other) => one - other);
    return [part.textContent.slice(0, 30), (high + 0.05) / (low + 0.05)];
  }).filter(([, ratio]) => !(ratio >= 4.5));
"""
"""Texts with less contrast to what lies behind them than the 4.5 of WCAG 2.2, level AA."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(browser, page, scheme):
    show(browser, page, scheme=scheme)
    assert browser.execute_script(FAINT) == []


def test_every_section_has_something_in_it(browser, page):
    show(browser, page)
    seen = browser.execute_script(
        "return Object.fromEntries([...document.querySelectorAll('section')].map((section) => "
        "[section.id, section.querySelectorAll('figure svg path, canvas, td, pre').length]))"
    )
    assert len(seen) == 9
    assert all(seen.values()), seen


def test_the_page_fetches_nothing(browser, page):
    show(browser, page)
    requests = [
        entry["message"]
        for entry in browser.get_log("performance")
        if '"Network.requestWillBeSent"' in entry["message"]
    ]
    assert len(requests) == 1
    assert page.as_uri() in requests[0]


def test_the_slider_moves_every_matrix_to_another_moment(browser, page):
    from selenium.webdriver.common.keys import Keys

    show(browser, page)
    slider = browser.find_element("id", "moment")
    words = browser.find_element("css selector", "#weights output")
    last, at_end = words.text, pictures(browser)
    slider.send_keys(Keys.HOME)
    assert words.text.startswith("step 0 ")
    at_start = pictures(browser)
    assert len(at_start) == 3
    assert all(one != other for one, other in zip(at_start, at_end, strict=True))
    slider.send_keys(Keys.ARROW_RIGHT)
    assert words.text.startswith("step 1 ")
    assert slider.get_attribute("aria-valuetext") == words.text
    slider.send_keys(Keys.END)
    assert (words.text, pictures(browser)) == (last, at_end)
    assert browser.get_log("browser") == []


def test_at_the_first_moment_both_heat_maps_are_the_same(browser, page):
    from selenium.webdriver.common.keys import Keys

    show(browser, page)
    browser.find_element("id", "moment").send_keys(Keys.HOME)
    first = browser.execute_script(
        "return [...document.querySelectorAll('#weights .pair > :nth-child(1) canvas')]"
        ".map((canvas) => canvas.toDataURL())"
    )
    assert first == pictures(browser)


def test_the_play_button_runs_to_the_end(browser, page):
    from selenium.webdriver.support.ui import WebDriverWait

    show(browser, page)
    button = browser.find_element("css selector", "#weights button")
    slider = browser.find_element("id", "moment")
    button.click()
    assert button.text == "Pause"
    assert slider.get_property("value") == "0"
    WebDriverWait(browser, 30).until(lambda _: button.text == "Play")
    assert slider.get_property("value") == slider.get_attribute("max")


def test_values_are_read_with_the_keyboard(browser, page):
    from selenium.webdriver.common.keys import Keys

    show(browser, page)
    chart = browser.find_element("css selector", "#steps svg[role=img]")
    readout = browser.find_element("css selector", "#steps .readout")
    chart.send_keys(Keys.HOME)
    assert readout.text.startswith("steps ahead 1 · this model 0.")
    chart.send_keys(Keys.ARROW_RIGHT)
    assert readout.text.startswith("steps ahead 2 · ")


def test_pointing_at_a_matrix_reads_its_value_and_its_colour_is_its_sign(browser, page, trained):
    from selenium.webdriver import ActionChains

    show(browser, page)
    canvas = browser.find_element("css selector", "#weights canvas")
    ActionChains(browser).move_to_element(canvas).perform()
    words = browser.find_element("css selector", "#weights figure .readout").text
    row, column = map(int, re.search(r"^W_hr unit (\d), column (\d): ", words).groups())
    matrix = next(m for m in report_run(trained / "run").matrices if m.name == "0.reset.hh")
    value = matrix.frames[0][8 * row + column]
    limit = max(abs(entry) for frame in matrix.frames for entry in frame)
    shown = float(words.rpartition(" ")[2].replace("\N{MINUS SIGN}", "-"))
    assert shown == pytest.approx(value, abs=1.1 * limit / 254)
    red, _, blue, _ = browser.execute_script(
        "return [...arguments[0].getContext('2d')"
        ".getImageData(arguments[1], arguments[2], 1, 1).data]",
        canvas, column, row,
    )  # fmt: skip
    assert (red > blue) == (value > 0)


def test_paper_gets_the_light_colours_and_the_screen_its_own_back(browser, page):
    show(browser, page, scheme="light")
    light = pictures(browser)
    show(browser, page, scheme="dark")
    dark = pictures(browser)
    browser.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    assert dark != pictures(browser) == light
    browser.execute_script("window.dispatchEvent(new Event('afterprint'))")
    assert pictures(browser) == dark


def test_another_layer_and_quantity_can_be_chosen(browser, page):
    from selenium.webdriver.support.ui import Select

    show(browser, page)
    quantity, layer = browser.find_elements("css selector", "#history select")
    before = browser.find_element("css selector", "#history svg path").get_attribute("d")
    Select(layer).select_by_visible_text("layer 1")
    after = browser.find_element("css selector", "#history svg path").get_attribute("d")
    assert after != before
    Select(quantity).select_by_visible_text("spectral radius")
    titles = browser.find_elements("css selector", "#history h3")
    assert [title.text for title in titles] == ["hidden to hidden"]
    assert browser.get_log("browser") == []


def test_a_page_of_a_run_without_its_files_says_so(browser, trained, tmp_path):
    run = shutil.copytree(trained / "run", tmp_path / "run")
    for name in ("weights.jsonl", "snapshots.jsonl", "metrics.jsonl"):
        (run / name).unlink()
    page = tmp_path / "report.html"
    page.write_bytes(render_page(report_run(run)))
    show(browser, page)
    for section in ("training", "weights", "history"):
        words = browser.find_element("css selector", f"#{section} .missing").text
        assert words.startswith("Not shown: ")
        assert ".jsonl" in words


def test_a_page_around_a_figure_opens_with_its_figure_in_shape(browser, trained, tmp_path):
    page = tmp_path / "plot.html"
    best = trained / "run" / "best.pt"
    assert grucli("inspect-weights", best, "--plot", page).returncode == 0
    browser.get_log("browser")
    browser.get(page.as_uri())
    assert browser.get_log("browser") == []
    box, shown, sides = browser.execute_script(
        "const svg = document.querySelector('figure svg'), box = svg.viewBox.baseVal;"
        "return [box.height / box.width, svg.clientHeight / svg.clientWidth,"
        " [document.documentElement.scrollWidth, document.documentElement.clientWidth]]"
    )
    assert shown == pytest.approx(box, rel=0.01)
    assert sides[0] == sides[1]
