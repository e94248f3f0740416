"""What the pages say exists: links, commands, flags, settings, targets of make, words."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import pytest

from sfcrime import __version__
from sfcrime.cli.main import COMMANDS, sfcrime
from sfcrime.domain.outcomes import Outcome, Reason
from sfcrime.settings import Settings
from sfcrime.settings_loading import SHORT_VARIABLES

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "exercise/README.md"])
NAMES = [str(path.relative_to(ROOT)) for path in PAGES]

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)")
VARIABLE = re.compile(r"SFCRIME_[A-Z_]+")
FLAG = re.compile(r"--[a-z][a-z-]+")

WHOLE = click.Context(sfcrime, info_name="sfcrime", **sfcrime.context_settings)
"""What a command inherits when it is called as `sfcrime COMMAND`."""

OTHER_VARIABLES = {"SFCRIME_CONFIG"}
FILE_ENDINGS = {"py", "md", "db", "lock", "json"}
FLAGS_OF_OTHERS = {"--check", "--sun-misc-unsafe-memory-access"} | {
    *("--packages", "--master", "--bootstrap-server", "--from-beginning"),
    *("--shuffle-partitions", "--state-store", "--trigger-ms", "--spark-property", "--reports"),
}
"""Of tools/make_references.py, of Java, of spark-submit, of Kafka's tools and of the exercise's
data_stream.py."""

SAID_OTHERWISE = {
    r"dead.letters?": "rejected records are set aside",
    r"quarantin\w+": "rejected records are set aside",
    r"malformed": "rejected, by a rule",
    r"deduplicat\w+": "repeats are dropped, copies are duplicates",
    r"incidents?": "a call",
    r"emergency calls?": "a call for service",
    r"late data": "late records",
    r"buckets?": "windows, or cells",
    r"consumer lag": "lag",
}
"""Words that others use for what docs/glossary.md has one word for."""


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands_on(name: str) -> Iterator[list[str]]:
    """Every `sfcrime ...` of a page, in blocks for a shell and in running text, as words."""
    text = text_of(name)
    lines = [
        line.removeprefix("$ ")
        for language, block in BLOCK.findall(text)
        if language in ("sh", "console")
        for line in block.splitlines()
        if language == "sh" or line.startswith("$ ")
    ]
    lines += [" ".join(each.split()) for each in INLINE.findall(BLOCK.sub("", text))]
    for line in lines:
        if re.match(r"(\.venv/bin/)?sfcrime ", line):
            yield shlex.split(line, comments=True)[1:]


def all_flags() -> set[str]:
    commands = [sfcrime, *(sfcrime.get_command(WHOLE, name) for name in COMMANDS)]
    found = {
        flag
        for command in commands
        if command is not None
        for parameter in command.params
        for flag in parameter.opts
    }
    return found | {"--help"}


def anchor_of(heading: str) -> str:
    """What GitHub makes of a heading."""
    words = re.sub(r"[^\w\- ]", "", heading.lower())
    return words.replace(" ", "-")


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(name: str) -> None:
    text = BLOCK.sub("", text_of(name))

    for target in LINK.findall(text):
        if target.startswith("https://"):
            continue
        place, _, anchor = target.partition("#")
        path = (ROOT / name).parent / place if place else ROOT / name
        assert path.exists(), f"{name} links {target}"
        if anchor:
            headings = HEADING.findall(path.read_text(encoding="utf-8"))
            assert anchor in [anchor_of(each) for each in headings], f"{name} links {target}"


@pytest.mark.parametrize("name", NAMES)
def test_every_command_line_parses(name: str) -> None:
    for words in commands_on(name):
        if words == ["--verbose", "COMMAND"]:
            continue
        command = sfcrime.get_command(WHOLE, words[0])
        assert command is not None, f"{name}: there is no `sfcrime {words[0]}`"
        try:
            command.make_context(words[0], words[1:], parent=WHOLE)
        except click.ClickException as error:
            pytest.fail(f"{name}: sfcrime {shlex.join(words)}: {error.format_message()}")


def test_command_lines_are_found_where_they_stand() -> None:
    found = list(commands_on("README.md"))

    assert ["report", "--by", "type", "--top", "6"] in found
    assert ["audit"] in found
    assert ["rejected", "--bytes", "--data-dir", "mine"] in found
    assert len(found) >= 10


@pytest.mark.parametrize("name", NAMES)
def test_every_flag_in_running_text_exists(name: str) -> None:
    text = " ".join(INLINE.findall(BLOCK.sub("", text_of(name))))
    ours = all_flags() | FLAGS_OF_OTHERS

    assert set(FLAG.findall(text)) <= ours, name


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_is_a_setting(name: str) -> None:
    known = {
        f"SFCRIME_{room}_{setting}".upper()
        for room, settings in msgspec.to_builtins(Settings()).items()
        for setting in settings
    }
    known |= set(SHORT_VARIABLES) | OTHER_VARIABLES

    assert set(VARIABLE.findall(text_of(name))) <= known, name


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_that_is_named_with_its_room_exists(name: str) -> None:
    rooms = msgspec.to_builtins(Settings())

    for each in INLINE.findall(BLOCK.sub("", text_of(name))):
        named = re.fullmatch(rf"({'|'.join(rooms)})\.(\w+)", each)
        if named is not None and named[2] not in FILE_ENDINGS:
            assert named[2] in rooms[named[1]], f"{name}: {each}"


@pytest.mark.parametrize("name", NAMES)
def test_every_target_of_make_exists(name: str) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    text = text_of(name)
    lines = [line for _, block in BLOCK.findall(text) for line in block.splitlines()]
    lines += INLINE.findall(BLOCK.sub("", text))

    for line in lines:
        called = re.match(r"make ([a-z-]+)", line)
        if called is not None:
            assert called[1] in targets, f"{name}: {line}"


@pytest.mark.parametrize("name", NAMES)
def test_one_word_is_used_for_one_idea(name: str) -> None:
    text = BLOCK.sub("", text_of(name))

    for word, instead in SAID_OTHERWISE.items():
        found = re.search(rf"\b{word}\b", text, re.IGNORECASE)
        assert found is None, f"{name} says {found and found[0]!r}: {instead} (docs/glossary.md)"


def test_the_glossary_has_every_word_once() -> None:
    words = re.findall(r"^\| ([^|]+?) \| ", text_of("docs/glossary.md"), re.MULTILINE)
    words = [word for word in words if word != "Word"]

    assert sorted(words) == sorted(set(words))
    assert {outcome.value for outcome in Outcome} <= set(words)


def test_every_reason_is_a_heading_of_the_rules() -> None:
    headings = HEADING.findall(text_of("docs/rules.md"))

    assert [each for each in headings if re.match(r"R\d", each)] == [
        f"{reason.rule} `{reason.value}`" for reason in Reason
    ]


def test_the_readme_names_the_python_that_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    floor = project["requires-python"].removeprefix(">=")

    said = re.findall(r"Python (\d+\.\d+) or newer", text_of("README.md"))
    assert said == [floor]
    assert f"Python {floor} or newer" in " ".join(text_of("CHANGELOG.md").split())


def test_the_changelog_names_the_version_of_the_project() -> None:
    assert __version__ in text_of("CHANGELOG.md")


def test_the_markers_on_the_page_are_those_of_the_tests() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    markers = [each.split(":")[0] for each in project["tool"]["pytest"]["ini_options"]["markers"]]

    page = text_of("CONTRIBUTING.md")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == markers


def test_every_decision_is_in_the_list() -> None:
    listed = re.findall(r"\((\d{4}-[\w-]+\.md)\)", text_of("docs/decisions/README.md"))
    there = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md"))

    assert listed == there
    for name in there:
        text = text_of(f"docs/decisions/{name}")
        assert text.startswith(f"# {name[:4]} ")
        for part in ("Context", "Decision", "Consequences"):
            assert f"\n## {part}\n" in text, f"{name} has no {part}"


def test_the_picture_fetches_nothing_and_says_that_its_data_is_synthetic() -> None:
    picture = (ROOT / "docs" / "images" / "run.svg").read_text(encoding="utf-8")

    assert "SYNTHETIC" in picture
    assert not re.search(r"url\((?!#)|@import|@font-face|<image|<script|href=", picture)
    assert set(re.findall(r"https?://([\w.-]+)", picture)) <= {"127.0.0.1", "www.w3.org"}
