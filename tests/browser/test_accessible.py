"""The page without a mouse, without eyes, on a small screen, and on paper."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from page_in_browser import VIEWS, Theme
from served_page import OpenPage

_FOCUSED = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  window.stops ??= new Map();
  if (!window.stops.has(element)) window.stops.set(element, window.stops.size);
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  return {
    number: window.stops.get(element),
    text: `${element.tagName} ${element.textContent.trim().slice(0, 40)}`,
    outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1
      || style.boxShadow !== "none",
    inside: box.bottom > 0 && box.top < innerHeight && box.width > 0 && box.height > 0,
  };
}"""
_REACHABLE = """() => [...document.querySelectorAll(
  "a[href], button, input, select, textarea, summary, [tabindex='0']",
)].filter((element) => {
  const group = element.getAttribute("type") === "radio";
  return !group && !element.disabled && element.tabIndex >= 0
    && element.checkVisibility({ visibilityProperty: true });
}).length"""
_COLOURS_ARE_THERE = "() => !document.getAnimations().some((each) => each instanceof CSSTransition)"
"""A button's background takes a moment to become another one."""
_MOST_STOPS = 600
_THEMES: tuple[Theme, ...] = ("light", "dark")


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_in_light_and_dark_on_large_and_small_screens(
    open_page: OpenPage, view: str
) -> None:
    with open_page() as window:
        window.open(VIEWS[view])
        for theme in _THEMES:
            window.page.emulate_media(color_scheme=theme)
            window.page.wait_for_function(
                "(theme) => document.documentElement.dataset.theme === theme", arg=theme
            )
            window.page.wait_for_function(_COLOURS_ARE_THERE)
            for width in (1440, 360):
                window.page.set_viewport_size({"width": width, "height": 900})
                found = Axe().run(window.page)
                assert found.violations_count == 0, f"{theme} {width}: {found.generate_report()}"


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_scrolls_sideways_at_360_pixels(open_page: OpenPage, view: str) -> None:
    with open_page(width=360) as window:
        window.open(VIEWS[view])
        wide = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
        assert window.evaluate(wide) <= 0


@pytest.mark.parametrize("view", VIEWS)
def test_tab_reaches_everything_and_the_focus_can_be_seen(open_page: OpenPage, view: str) -> None:
    with open_page() as window:
        window.open(VIEWS[view])
        stops = _walk(window.page)
        assert [stop["text"] for stop in stops if not stop["outlined"]] == []
        assert [stop["text"] for stop in stops if not stop["inside"]] == []
        assert stops[0]["text"].startswith("A Skip to")
        assert len(stops) >= window.evaluate(f"({_REACHABLE})()")


def _walk(page: Page) -> list[dict[str, object]]:
    """Each stop of the Tab key, until it leaves the page or comes back to the first."""
    stops: list[dict[str, object]] = []
    while len(stops) < _MOST_STOPS:
        page.keyboard.press("Tab")
        stop = page.evaluate(_FOCUSED)
        if stop is None or (stops and stop["number"] == 0):
            return stops
        if stop["number"] == len(stops):
            stops.append(stop)
        elif stop["number"] != stops[-1]["number"]:  # within one element, e.g. a date's parts
            pytest.fail(f"Tab goes back from {stops[-1]['text']} to {stop['text']}")
    pytest.fail(f"{_MOST_STOPS} stops")


def test_the_skip_link_leads_past_the_header(open_page: OpenPage) -> None:
    with open_page() as window:
        window.open()
        window.page.keyboard.press("Tab")
        window.page.keyboard.press("Enter")
        assert window.evaluate("document.activeElement.tagName") == "MAIN"
        window.page.keyboard.press("Tab")
        assert window.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_enter_opens_a_view_and_space_presses_a_button(open_page: OpenPage) -> None:
    with open_page() as window:
        window.open()
        window.page.get_by_role("link", name="History", exact=True).focus()
        window.page.keyboard.press("Enter")
        expect(window.page).to_have_url(f"{window.address}/history")
        expect(window.page.get_by_role("main")).to_be_focused()
        pause = window.page.get_by_role("banner").get_by_role("button")
        pause.focus()
        window.page.keyboard.press("Space")
        expect(pause).to_contain_text("Paused")
        expect(pause).to_be_focused()


def test_a_dialog_is_left_with_escape_and_gives_the_focus_back(open_page: OpenPage) -> None:
    with open_page() as window:
        window.open()
        method = window.page.get_by_role("button", name="How is this counted?").first
        method.focus()
        window.page.keyboard.press("Enter")
        expect(window.page.get_by_role("dialog")).to_contain_text("sfcrime audit")
        window.page.keyboard.press("Escape")
        expect(window.page.get_by_role("dialog")).to_have_count(0)
        expect(method).to_be_focused()


@pytest.mark.parametrize("view", VIEWS)
def test_a_printed_view_keeps_its_numbers_and_leaves_its_controls_out(
    open_page: OpenPage, view: str
) -> None:
    with open_page() as window:
        window.open(VIEWS[view])
        window.page.emulate_media(media="print")
        expect(window.page.get_by_test_id("as-of")).to_be_visible()
        expect(window.page.get_by_test_id("synthetic").first).to_be_visible()
        expect(window.page.get_by_role("navigation")).to_have_count(0)
        expect(window.page.get_by_role("button", name="Pause")).to_have_count(0)
        expect(window.page.get_by_role("button", name="How is this counted?")).to_have_count(0)
        paper = window.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")


def test_nothing_moves_for_readers_who_want_no_motion(open_page: OpenPage) -> None:
    with open_page(reduced_motion=True) as window:
        window.open()
        moving = window.evaluate(
            """[...document.querySelectorAll("*")].filter((element) => {
                 const style = getComputedStyle(element);
                 const long = (times) => times.split(", ").some((time) => parseFloat(time) > 0.01);
                 return long(style.transitionDuration)
                   || style.animationName !== "none" && long(style.animationDuration);
               }).map((element) => element.outerHTML.slice(0, 80))"""
        )
        assert moving == []
        assert window.evaluate("document.getAnimations().length") == 0
