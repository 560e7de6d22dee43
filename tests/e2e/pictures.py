"""Pictures: the live page as the documents show it, with made-up figures (`python -m tests.e2e.pictures`).

In:  a folder, docs/images if none is named.
Out: PNG files of the page with a drop: desktop, an opened figure, dark, phone, wall.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.e2e.browser import chromium
from tests.e2e.page_server import PageServer

DESKTOP, PHONE, WALL = {"width": 1280, "height": 900}, {"width": 390, "height": 844}, {"width": 1920, "height": 1080}
SHOTS = (
    ("page.png", "/", DESKTOP, "light"),
    ("page-figure.png", "/#figure=visit_to_lead_ratio", {"width": 1280, "height": 1000}, "light"),
    ("page-dark.png", "/#window=24h&span=35d", DESKTOP, "dark"),
    ("page-phone.png", "/", PHONE, "light"),
    ("page-wall.png", "/?wall", WALL, "light"),
    ("page-figures.png", "/#view=figures", DESKTOP, "light"),
)


def take(folder: Path) -> None:
    """Take all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    with PageServer("drop", history_h=0.3, weeks=True).running() as server, chromium() as browser:
        for name, path, size, scheme in SHOTS:
            with browser.new_context(viewport=size, color_scheme=scheme) as context:
                page = context.new_page()
                page.goto(server.url + path)
                page.wait_for_selector("body[data-ready]", state="attached")
                if name == "page-figures.png":
                    page.locator("#search").fill("step")
                    page.wait_for_selector("#all-figures tbody tr:visible")
                    page.locator("#search").fill("")
                    page.get_by_role("heading", name="Funnel timings").scroll_into_view_if_needed()
                    page.evaluate("scrollBy(0, 500)")
                page.wait_for_timeout(2_000)
                page.screenshot(path=str(folder / name))


if __name__ == "__main__":
    take(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2] / "docs" / "images")
