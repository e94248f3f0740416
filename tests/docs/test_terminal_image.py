"""tools/make_terminal_image.py, without the terminal: from a captured screen to a picture."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]

SCREEN = """\
starting the broker
\x1b[36m╭─ sfcrime ─╮
│\x1b[0m \x1b[32m3 counted\x1b[0m \x1b[36m│
╰───────────╯\x1b[0m

"""


@pytest.fixture
def image(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import make_terminal_image as module

    return module


def test_only_the_frame_is_drawn(image: ModuleType) -> None:
    assert [line.plain for line in image.live_view(SCREEN)] == [
        "╭─ sfcrime ─╮",
        "│ 3 counted │",
        "╰───────────╯",
    ]


def test_a_colour_lasts_over_the_end_of_a_line(image: ModuleType) -> None:
    lines = image.live_view(SCREEN)

    assert [str(line.spans[0].style) for line in lines] == ["color(6)"] * 3


def test_the_picture_is_whole_and_needs_nothing_from_elsewhere(image: ModuleType) -> None:
    picture = image.as_svg(image.live_view(SCREEN), 20)

    assert ElementTree.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - our own
    assert "counted" in picture
    assert "font-face" not in picture
    assert "https://" not in picture
