"""docs/settings.md, docs/cli.md, docs/api.md and page/openapi.json are what the code says now."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from sfcrime.cli.main import COMMANDS
from sfcrime.settings import Settings
from sfcrime.settings_loading import as_environment

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def references(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import make_references as module

    return module


@pytest.mark.parametrize(
    "name", ["docs/settings.md", "docs/cli.md", "docs/api.md", "page/openapi.json"]
)
def test_a_generated_page_is_what_the_generator_writes_now(
    references: ModuleType, name: str
) -> None:
    path = ROOT / name
    wanted = references.pages()[path]

    assert path.read_text(encoding="utf-8") == wanted, f"{name}: {references.MENDED_BY}"


def test_a_page_that_is_out_of_date_is_named_with_what_mends_it(
    references: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stale, missing, current = (tmp_path / name for name in ("stale", "missing", "current"))
    stale.write_text("old", encoding="utf-8")
    current.write_text("new", encoding="utf-8")
    pages = {stale: "new", missing: "new", current: "new"}
    monkeypatch.setattr(references, "pages", lambda: pages)

    assert references.main(["--check"]) == 1

    said = capsys.readouterr().out
    assert f"{stale} is out of date" in said
    assert f"{missing} is out of date" in said
    assert str(current) not in said
    assert ".venv/bin/python tools/make_references.py" in said
    assert references.main([]) == 0
    assert references.main(["--check"]) == 0


def test_every_setting_has_one_row_with_its_variable() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rooms = msgspec.to_builtins(Settings())

    for room, settings in rooms.items():
        section = page.split(f"\n## {room}\n")[1].split("\n## ")[0]
        rows = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
        assert rows == list(settings), room
        for name in settings:
            assert f"`SFCRIME_{room}_{name}`".upper() in section.upper()


def test_a_row_has_flag_variable_default_bounds_and_meaning() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")

    assert (
        "| `window_minutes` | `--window` | `SFCRIME_STREAM_WINDOW_MINUTES` | `60` | `1`, `2`, `3`,"
        " `4`, `5`, `6`, `10`, `12`, `15`, `20`, `30`, `60` | width of a cell's window in minutes:"
    ) in page
    assert (
        "| `lateness_hours` | `--lateness-hours` | `SFCRIME_STREAM_LATENESS_HOURS` | not set |"
        " 0 to 1000000 or `off` |"
    ) in page


def test_the_short_variables_stand_before_the_long_ones() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")

    assert "`SFCRIME_DATA_DIR`<br>`SFCRIME_STORE_DATA_DIR`" in page
    assert "`SFCRIME_JAVA_HOME`<br>`SFCRIME_JVM_JAVA_HOME`" in page


def test_every_variable_that_a_child_process_gets_is_on_the_page() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")

    for variable in as_environment(Settings()):
        assert f"`{variable}`" in page


def test_every_command_has_its_section() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")

    assert re.findall(r"^## sfcrime ([\w-]+)$", page, re.MULTILINE) == list(COMMANDS)
    below = re.findall(r"^### sfcrime (\w+ \w+)$", page, re.MULTILINE)
    assert below == ["store copy"]
    assert page.count("Usage: sfcrime ") == len(COMMANDS) + len(below) + 1
