"""The live page in a real browser: what people see, hear and do, and what it costs."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from stream.catalog import METRICS
from stream.contract.kinds import KINDS
from stream.serve.sections import entries
from tests import fabric
from tests.e2e.browser import chromium, expect, violations
from tests.e2e.page_server import PageServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: Page, script and style over the wire, and what it shows first.
FILES_LIMIT, FIGURES_LIMIT = 150_000, 100_000
TOKEN = "correct-horse-battery-staple"
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 380, "height": 800}
Opened = tuple["Page", list[str]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Any]]:
    """Open the page of a server; what the browser complains of is collected."""
    contexts = contextlib.ExitStack()

    def opened(server: PageServer, path: str = "/", **options: Any) -> Opened:
        context = contexts.enter_context(browser.new_context(**{"viewport": DESKTOP, **options}))
        page = context.new_page()
        complaints: list[str] = []
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda r: None if r.url.startswith(server.url) else complaints.append(f"external: {r.url}"))
        page.goto(server.url + path)
        return page, complaints

    with contexts:
        yield opened


@pytest.fixture(scope="module")
def fine() -> Iterator[PageServer]:
    with PageServer("fine", history_h=1, weeks=True).running() as server:
        yield server


@pytest.fixture(scope="module")
def dropped() -> Iterator[PageServer]:
    with PageServer("drop", history_h=1, weeks=True).running() as server:
        yield server


def ready(page: Page) -> Page:
    page.wait_for_selector("body[data-ready]", state="attached")
    return page


def card(page: Page, title: str) -> str:
    return page.get_by_role("article", name=title).inner_text()


def test_the_overview_shows_each_main_figure_with_its_counts_and_state(fine, open_page):
    page, complaints = open_page(fine)
    ready(page)
    assert page.locator(".card h3").all_inner_texts() == [
        "Visit to lead", "Leads", "Chat conversion", "Click-through", "Deliverability", "Cost per lead", "Time to lead",
        "Visitors",
    ]  # fmt: skip
    assert re.search(r"\d\.\d\d\s%\s+\d+ of \d+ visitors", card(page, "Visit to lead"))
    assert "needed; usual" in card(page, "Visit to lead")
    assert re.search(r"chatbot\s*\d+", card(page, "Leads"))
    assert "No baseline yet" in card(page, "Cost per lead")
    assert page.locator(".card canvas").count() == 8
    assert page.locator("#badge").inner_text() == "Live"
    assert "all accounted for" in page.locator("#trust-verdict").inner_text()
    assert page.locator("#sources-table tbody tr").count() == len(KINDS)
    assert page.locator("#sections h2").all_inner_texts() == ["Leads", "Money"]
    assert page.locator("#sections tbody tr").count() == sum(map(len, entries().values()))
    assert re.search(r"Open leads\s+[\d,]+\s+\D+ [\d,]+", page.locator("#sections").inner_text())
    assert complaints == []


@pytest.mark.parametrize(
    ("scenario", "badge", "says"),
    [
        ("drop", "Live", "Drop"),
        ("lagging", "Catching up", "184,"),
        ("young", "Live", "Data covers"),
        ("nothing", "No data yet", "Waiting for the first event. Nothing has come in the topics page_view, form"),
        ("restoring", "Restoring", "6 of 12 shards"),
        ("elsewhere", "Restoring", "reads what another one publishes"),
    ],
)
@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "dark"), (PHONE, "light")], ids=["desktop", "phone"])
def test_the_page_tells_the_truth_and_axe_has_nothing_to_say(open_page, scenario, badge, says, size, scheme):
    with PageServer(scenario, history_h=3).running() as server:
        page, complaints = open_page(server, viewport=size, color_scheme=scheme)
        ready(page)
        page.wait_for_timeout(300)
        assert page.locator("#badge").inner_text() == badge
        assert says in page.locator("body").inner_text()
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert complaints == []


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
def test_axe_has_nothing_to_say_of_the_page_when_all_is_fine(fine, open_page, size, scheme):
    page, _ = open_page(fine, viewport=size, color_scheme=scheme)
    assert violations(ready(page)) == []


def test_the_page_is_small_and_says_how_soon_it_shows_figures(dropped, open_page):
    took = []
    for _ in range(3):
        page, _ = open_page(dropped)
        ready(page)
        took.append(page.evaluate("performance.now()"))
        expect(page.locator(".card canvas")).to_have_count(8)
        page.wait_for_timeout(500)
        sizes = page.evaluate(
            "[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]"
            ".map((entry) => [new URL(entry.name).pathname, entry.transferSize])"
        )
    files = sum(size for path, size in sizes if not path.startswith(("/events", "/api/")))
    asked = sum(size for path, size in sizes if path.startswith("/api/"))
    stream = len(dropped.live.message("shop", "1h"))
    print(f"figures after {min(took):.0f} ms; {files} bytes of files, {asked} + {stream} bytes of figures")
    assert files < FILES_LIMIT
    assert asked > 1_000
    assert asked + stream < FIGURES_LIMIT


def test_choices_are_kept_in_the_address_and_reach_every_card(fine, open_page):
    page, _ = open_page(fine)
    ready(page)
    hour = card(page, "Visit to lead")
    page.get_by_text("24h", exact=True).first.click()
    expect(page.locator(".counts").first).to_contain_text(re.compile(r"\d,\d{3} visitors"))
    assert card(page, "Visit to lead") != hour
    assert "window=24h" in page.url
    page.reload()
    assert ready(page).get_by_label("24h").is_checked()


def test_sites_can_be_told_apart_and_added_up(open_page):
    def visitors(page: Page) -> int:
        return int(page.get_by_role("article", name="Visitors").locator(".value").inner_text().replace(",", ""))

    with PageServer("fine", sites=("blog", "shop"), history_h=0.2).running(every_s=3_600) as server:
        page, _ = open_page(server)
        ready(page)
        total, each = visitors(page), []
        for site in ("blog", "shop"):
            page.get_by_label("Site").select_option(site)
            page.wait_for_url(f"**site={site}**")
            page.wait_for_timeout(600)
            each.append(visitors(page))
        assert sum(each) == total


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.textContent"))


def tab_to(page: Page, name: str, limit: int = 60) -> None:
    """Press Tab until something has the focus."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        if focused(page) == name:
            return
    raise AssertionError(f"{name} cannot be reached by keyboard")


def test_everything_is_reached_by_keyboard_alone(dropped, open_page):
    page, _ = open_page(dropped)
    ready(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    tab_to(page, "window-1h")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**window=6h**")
    tab_to(page, "theme")
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    tab_to(page, "Visit to lead")
    page.keyboard.press("Tab")
    page.wait_for_selector(".card canvas")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "img"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert re.search(r"\d\d:\d\d:\d\d (CET|CEST|GMT\+\d)\s+\d", page.locator(".readout").first.inner_text())
    assert "from" in page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#opened-title")).to_be_focused()
    assert "figure=visit_to_lead_ratio" in page.url
    page.keyboard.press("Escape")
    expect(page.locator("#overview-title")).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()


def test_the_chosen_theme_stays(fine, open_page):
    page, _ = open_page(fine, color_scheme="light")
    ready(page)
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(ground)
    for _ in range(2):
        page.locator("#theme").click()
    assert page.locator("#theme").inner_text() == "Theme: dark"
    page.reload()
    assert ready(page).evaluate(ground) != light


def test_a_stream_that_stops_is_told_and_a_worker_that_comes_back_is_found(open_page):
    with PageServer("fine", history_h=0.1).running() as server:
        address = server.url.removeprefix("http://")
        page, _ = open_page(server)
        ready(page)
        assert page.locator("#badge").inner_text() == "Live"
    expect(page.locator("#badge")).to_have_text("Stale", timeout=20_000)
    assert "No word from the worker since" in page.locator("#banner").inner_text()
    assert "Stale" in page.locator("#announce").inner_text()
    assert violations(page) == []
    with PageServer("fine", history_h=0.1, http=address).running():
        expect(page.locator("#badge")).to_have_text("Live", timeout=20_000)
        assert page.locator("#banner").is_hidden()


def test_with_a_token_the_page_asks_once_and_keeps_a_cookie(open_page):
    with PageServer("fine", history_h=0.1, token=TOKEN).running() as server:
        page, _ = open_page(server)
        assert violations(page) == []
        page.get_by_label("Token").fill("something else entirely")
        page.get_by_role("button").click()
        assert page.get_by_label("Token").is_visible()
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_role("button").click()
        ready(page)
        assert page.locator("#badge").inner_text() == "Live"
        cookie = page.context.cookies()[0]
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        page.context.clear_cookies()
        page.reload()
        assert page.get_by_label("Token").is_visible()


# -- opened, looked up


def text_of(page: Page, selector: str) -> str:
    return page.locator(selector).inner_text().replace("\u00a0", " ")


def test_a_click_opens_a_figure_and_back_closes_it(dropped, open_page):
    page, complaints = open_page(dropped)
    ready(page)
    page.get_by_role("link", name="Visit to lead", exact=True).click()
    expect(page.locator("#opened-title")).to_have_text("Visit to lead")
    page.wait_for_selector("#opened-chart canvas")
    opened = text_of(page, "#opened")
    for said in (
        "converted visitors / visitors",
        "form demo",
        "13.1 missing",
        "since ",
        "By channel",
        "By form",
        "In each window",
    ):
        assert said in opened
    assert page.locator("#opened-means a").get_attribute("href") == "/runbook#visit-to-lead-drop"
    assert page.locator("#opened-chip").inner_text().strip().endswith("Drop")
    page.get_by_role("link", name="Channel visit to lead").click()
    expect(page.locator("#opened-title")).to_have_text("Channel visit to lead")
    page.go_back()
    expect(page.locator("#opened-title")).to_have_text("Visit to lead")
    page.go_back()
    expect(page.locator("#cards")).to_be_visible()
    assert "figure" not in page.url
    page.go_forward()
    expect(page.locator("#opened-title")).to_have_text("Visit to lead")
    assert complaints == []


def test_a_link_names_site_window_and_figure(open_page):
    with PageServer("fine", sites=("blog", "shop"), history_h=0.1).running() as server:
        page, _ = open_page(server, "/#site=blog&window=24h&figure=visitors")
        expect(page.locator("#opened-title")).to_have_text("Visitors")
        expect(page.locator("#opened-window")).to_have_text("24h")
        assert page.get_by_label("Site").input_value() == "blog"
        page, complaints = open_page(server, "/#figure=no_such_figure")
        expect(page.locator("#missing")).to_be_visible()
        assert [each for each in complaints if "404" not in each] == []


def test_charts_show_the_usual_and_the_week_before_in_each_span(fine, open_page):
    page, _ = open_page(fine, "/#figure=visit_to_lead_ratio")
    page.wait_for_selector("#opened-chart canvas")
    chart = page.locator("#opened-chart .chart")
    for span, within in (("2 days", "1 d 2"), ("week", "7 d"), ("5 weeks", "35 d")):
        page.locator("#view-figure .spans").get_by_text(span, exact=True).click()
        expect(chart).to_have_attribute("aria-label", re.compile(f"over the last {within}"))
        chart.hover()
        readout = page.locator("#opened-chart .readout")
        expect(readout).to_contain_text("usual")
        expect(readout).to_contain_text("a week before")
    assert "span=35d" in page.url


def test_all_figures_are_there_and_are_found_by_words(fine, open_page):
    page, complaints = open_page(fine, "/#view=figures")
    page.wait_for_selector("#view-figures[data-drawn]")
    assert page.locator("#all-figures tbody tr").count() == len(METRICS)
    assert page.locator(".funnel").count() >= 5
    assert "median" in text_of(page, ".funnel >> nth=0")
    page.locator("#search").fill("bounce email")
    expect(page.locator("#search-found")).to_have_text(re.compile(r"^\d+ found"))
    shown = page.locator("#all-figures tbody tr:visible")
    assert 0 < shown.count() < 12
    assert all("ounce" in row for row in shown.all_inner_texts())
    page.locator("#search").fill("no such figure")
    expect(page.locator("#search-found")).to_have_text("0 found")
    page.locator("#search").fill("Time to lead")
    page.get_by_role("link", name="Time to lead", exact=True).first.click()
    expect(page.locator("#opened-title")).to_have_text("Time to lead")
    assert complaints == []


def test_alerts_stand_above_everything_and_are_listed_with_what_is_over(dropped, open_page):
    page, _ = open_page(dropped)
    ready(page)
    assert "Fewer visitors become leads than usual" in text_of(page, "#strip")
    page.locator("#nav-alerts").click()
    page.wait_for_selector("#view-alerts[data-drawn]")
    assert "Visit to lead drop" in text_of(page, "#alerts-now")
    assert "Bounce rise" in text_of(page, "#alerts-over")
    assert re.search(r"since \d\d:\d\d \w+", text_of(page, "#alerts-now"))


def test_trust_has_where_records_ended_examples_and_ignored_fields(fine, open_page):
    page, _ = open_page(fine, "/#view=trust")
    page.wait_for_selector("#view-trust[data-drawn]")
    assert "form-2-1204" in text_of(page, "#trust-letters")
    assert "geo.country" in text_of(page, "#trust-fields")
    assert page.locator("#trust-kinds tbody tr").count() == len(KINDS)


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "dark"), (PHONE, "light")], ids=["desktop", "phone"])
@pytest.mark.parametrize("view", ["view=figures", "figure=visit_to_lead_ratio", "view=alerts", "view=trust"])
def test_axe_has_nothing_to_say_of_what_is_looked_up(dropped, open_page, view, size, scheme):
    page, complaints = open_page(dropped, f"/#{view}", viewport=size, color_scheme=scheme)
    page.wait_for_selector("[data-drawn]")
    page.wait_for_timeout(300)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []


def test_what_is_shown_is_had_as_files(dropped, open_page):
    page, _ = open_page(dropped, "/#figure=visitors&window=24h")
    page.wait_for_selector("#view-figure[data-drawn]")
    with page.expect_download() as download:
        page.locator("#as-csv").click()
    assert download.value.suggested_filename == "leadpulse-visitors.csv"
    assert "visitors,,Visitors,24h" in download.value.path().read_text()
    found = page.request.get(f"{dropped.url}{page.locator('#as-json').get_attribute('href')}").json()
    assert (found["metric"], found["window"]) == ("visitors", "24h")


def test_times_are_those_of_the_site_and_say_so(fine, open_page):
    page, _ = open_page(fine, timezone_id="America/New_York")
    ready(page)
    assert re.search(r"as of \d\d:\d\d:\d\d (CET|CEST|GMT\+[12])", text_of(page, "#asof"))
    assert page.locator("#asof").get_attribute("title") == "Europe/Berlin"


def test_the_foot_says_which_version_this_is(fine, open_page):
    page, _ = open_page(fine)
    ready(page)
    assert re.fullmatch(r"leadpulse \S+ · catalog \w{8}, Python 3\.\d+\.\d+", page.locator("#foot").inner_text())


def test_a_drop_comes_and_goes(open_page):
    with PageServer("fine", history_h=0.1).running() as server:
        page, _ = open_page(server)
        ready(page)
        assert page.locator("#strip").is_hidden()
        server.factors = {"visit_to_lead_ratio": 0.4}
        server.alert(server.now_ms())
        lead = page.get_by_role("article", name="Visit to lead")
        expect(lead).to_have_attribute("data-state", "drop", timeout=15_000)
        expect(page.locator("#strip")).to_contain_text("Visit to lead drop")
        assert "Visit to lead: Drop" in page.locator("#announce").inner_text()
        server.alert(server.now_ms(), over=True)
        server.factors = {}
        expect(page.locator("#strip")).to_be_hidden(timeout=15_000)
        expect(lead).not_to_have_attribute("data-state", "drop")


# -- the wall

WALL = {"width": 1920, "height": 1080}
#: At four metres a letter of 20 mm is read with ease; a screen of 55 inches has 0.63 mm a pixel, a letter 0.7 of its size.
READABLE_PX = 32


def cut_off(page: Page) -> list[str]:
    """Name what does not fit its place or the screen."""
    return page.evaluate(
        """[...document.querySelectorAll('.wall, .wall *')].filter((each) => each.checkVisibility()).filter((each) => {
             const box = each.getBoundingClientRect();
             return each.scrollWidth > each.clientWidth + 1 && each.clientWidth || each.scrollHeight > each.clientHeight + 1
               && each.clientHeight || box.right > innerWidth + 1 || box.bottom > innerHeight + 1;
           }).map((each) => `${each.className} ${each.textContent.slice(0, 60)}`)"""
    )


@pytest.mark.parametrize("scenario", ["fine", "drop", "nothing", "lagging"])
@pytest.mark.parametrize("size", [WALL, {"width": 1280, "height": 720}, {"width": 3840, "height": 2160}], ids=str)
def test_the_wall_fills_the_screen_and_cuts_nothing_off(open_page, scenario, size):
    with PageServer(scenario, history_h=0.05).running() as server:
        page, complaints = open_page(server, "/?wall", viewport=size)
        ready(page)
        page.wait_for_selector("#wall-slide > *")
        slides = page.locator("#wall-dots span").count()
        assert slides == (3 if scenario == "drop" else 2)
        for _ in range(slides):
            assert cut_off(page) == []
            sizes = page.evaluate("[...document.querySelectorAll('.wall p, .wall h2')].filter((each) => each.textContent.trim()"
                                  " && each.checkVisibility()).map((each) => parseFloat(getComputedStyle(each).fontSize))")  # fmt: skip
            assert min(sizes) >= READABLE_PX * size["height"] / WALL["height"] - 0.5
            page.keyboard.press("ArrowRight")
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        assert violations(page) == []
        assert complaints == []


def test_the_wall_turns_its_colour_with_a_drop_and_its_pages_by_itself(open_page):
    with PageServer("fine", history_h=0.05).running() as server:
        page, _ = open_page(server, "/?wall", viewport=WALL)
        ready(page)
        page.wait_for_selector("#wall-slide > *")
        ground = "getComputedStyle(document.querySelector('.wall')).backgroundColor"
        calm, first = page.evaluate(ground), text_of(page, "#wall-slide")
        assert "Visit to lead" in first
        expect(page.locator("#wall-slide")).not_to_contain_text("Visit to lead", timeout=20_000)
        server.factors = {"visit_to_lead_ratio": 0.4}
        server.alert(server.now_ms())
        expect(page.locator("body")).to_have_attribute("data-alarm", "yes", timeout=15_000)
        assert page.evaluate(ground) != calm


# -- bad input

ODD = ("<img src=x onerror=alert(1)>", "مرحبا بالعالم", "🙂" * 64, "   ", "a" * 200)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_whatever_a_label_says_stays_text_in_its_place(open_page, monkeypatch, size):
    monkeypatch.setitem(fabric.LABELS, "bot", ODD)
    monkeypatch.setitem(fabric.LABELS, "form", ODD)
    with PageServer("fine", sites=ODD[:2], history_h=0.05).running() as server:
        page, complaints = open_page(server, viewport=size)
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        ready(page)
        for path in (
            "/#",
            "/#view=figures",
            "/#figure=form_completion_ratio",
            f"/#site={quote(ODD[0])}&figure=chat_conversion_ratio",
        ):
            page.goto(server.url + path)
            ready(page)
            page.wait_for_timeout(800)
            assert page.locator("main img").count() == 0
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        expect(page.locator("#opened-parts")).to_contain_text(ODD[0])
        expect(page.locator("#opened-parts")).to_contain_text("(blank)")
        assert complaints == []


def test_what_stands_still_is_never_shown_as_live(open_page):
    with PageServer("fine", history_h=0.05).running() as server:
        page, _ = open_page(server)
        ready(page)
        server.pause()
        expect(page.locator("#badge")).to_have_text("Stalled", timeout=20_000)
        assert "Nothing was published for" in text_of(page, "#banner")


def test_a_clock_that_is_wrong_moves_nothing(open_page):
    with PageServer("fine", history_h=0.05).running() as server:
        page, _ = open_page(server)
        page.clock.install(time=0)
        page.reload()
        ready(page)
        page.clock.run_for(3_000)
        expect(page.locator("#badge")).to_have_text("Live")
        assert re.search(r"^(now|\d\ss ago)$", page.locator("#sources-table td").first.inner_text())
