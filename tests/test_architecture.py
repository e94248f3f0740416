"""What the code must stay: rooms that import one way, small modules, no trace of a workplace."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
SOURCE = PROJECT / "src" / "sfcrime"
MODULES = sorted(SOURCE.rglob("*.py"))

LONGEST_MODULE = 400
LONGEST_FUNCTION_P95 = 45
MOST_PARAMETERS = 5

_MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|root|home|Users)/|\.\./shared", re.IGNORECASE)

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions() -> list[tuple[str, _Function]]:
    return [
        (f"{module.relative_to(SOURCE)}:{node.name}", node)
        for module in MODULES
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, _Function)
    ]


def _p95(numbers: list[int]) -> int:
    return sorted(numbers)[len(numbers) * 95 // 100]


def test_the_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run(
        [str(linter), "--no-cache"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_room_has_its_place_in_the_contract() -> None:
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = contracts["tool"]["importlinter"]["contracts"][0]
    placed = {room.strip() for layer in layers["layers"] for room in layer.split("|")}
    found = {path.stem for path in SOURCE.iterdir() if path.suffix == ".py" or _is_room(path)}

    assert layers["exhaustive"] is True
    assert found - {"__init__", "__main__"} == placed


def test_the_documentation_draws_the_contract() -> None:
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = contracts["tool"]["importlinter"]["contracts"][0]["layers"]
    page = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
    (drawn,) = re.findall(r"^cli ->[^`]+", page, re.MULTILINE)

    assert [" ".join(layer.strip(" ()\n").split()) for layer in drawn.split("->")] == layers


def _is_room(path: Path) -> bool:
    return path.is_dir() and any(path.glob("*.py"))


def test_commands_parse_and_print_only() -> None:
    """What is asked of a topic, and what is refused for its sake, is another room's to say; so is
    every thread. A `TopicRecord` is what it prints, an `Event` how it says stop."""
    elsewhere = {"sfcrime.kafka.topic", "sfcrime.kafka.consumer", "sfcrime.domain.topic_state"}
    found = {
        f"{module.name}: {node.module}"
        for module in (SOURCE / "cli").glob("*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        if (node.module in elsewhere and [each.name for each in node.names] != ["TopicRecord"])
        or (node.module == "threading" and [each.name for each in node.names] != ["Event"])
    }

    assert found == set()


def test_no_module_is_too_long_to_read() -> None:
    lengths = {
        str(module.relative_to(SOURCE)): len(module.read_text(encoding="utf-8").splitlines())
        for module in MODULES
    }
    assert len(lengths) > 40
    assert {name: n for name, n in lengths.items() if n > LONGEST_MODULE} == {}


def test_functions_are_short() -> None:
    lengths = [(node.end_lineno or 0) - node.lineno + 1 for _, node in _functions()]
    assert len(lengths) > 300
    assert _p95(lengths) <= LONGEST_FUNCTION_P95


def test_functions_have_few_parameters() -> None:
    """But for commands: click hands over one a flag."""
    crowded = {}
    for name, node in _functions():
        given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        own = [each for each in given if each.arg not in ("self", "cls")]
        if len(own) > MOST_PARAMETERS and node.name != "command":
            crowded[name] = len(own)
    assert crowded == {}


def test_no_page_or_module_names_a_path_of_one_machine() -> None:
    texts = [PROJECT / "README.md", PROJECT / "Makefile", PROJECT / "pyproject.toml"]
    texts += [each for each in (PROJECT / "page" / "src").rglob("*.*") if each.suffix != ".svg"]
    texts += [*MODULES, *(PROJECT / "docs").rglob("*.md"), *(PROJECT / "tools").rglob("*.py")]
    named = {
        f"{text.relative_to(PROJECT)}:{number}": line.strip()
        for text in texts
        for number, line in enumerate(text.read_text(encoding="utf-8").splitlines(), 1)
        if _MACHINE_PATH.search(line)
    }
    assert named == {}
