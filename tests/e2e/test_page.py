"""The live page in a real browser: what people see, hear and do, and what it costs."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from stream.contract.kinds import KINDS
from stream.serve.sections import entries
from tests.e2e.browser import chromium, expect, violations
from tests.e2e.page_server import PageServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAYLOAD_LIMIT = 120_000
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
    with PageServer("fine", history_h=4).running() as server:
        yield server


def ready(page: Page) -> Page:
    page.wait_for_selector("body[data-ready]")
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
        ("nothing", "No data yet", "no event has arrived yet"),
        ("restoring", "Restoring", "6 of 12 shards"),
        ("elsewhere", "Elsewhere", "Another worker holds the figures"),
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


def test_the_page_is_small_and_painted_within_a_second(fine, open_page):
    paints = []
    for _ in range(3):
        page, _ = open_page(fine)
        ready(page)
        paints.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
        files = page.evaluate(
            "[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]"
            ".filter((entry) => !entry.name.includes('/events')).map((entry) => entry.transferSize)"
        )
    stream = len(fine.live.message("shop", "1h")) + len(fine.live.first_message("shop", "1h"))
    print(f"first paint {min(paints):.0f} ms; {sum(files)} bytes of files, {stream} bytes of figures")
    assert sum(files) + stream < PAYLOAD_LIMIT
    assert min(paints) < 1_000


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


def test_everything_is_reached_by_keyboard(fine, open_page):
    page, _ = open_page(fine)
    ready(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**window=6h**")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "img"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert re.match(r"\d\d:\d\d:\d\d\s+\d", page.locator(".readout").first.inner_text())
    assert "from" in page.evaluate("document.activeElement.getAttribute('aria-label')")


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
