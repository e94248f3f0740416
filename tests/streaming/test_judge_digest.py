"""The digest covers all that decides a verdict."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path

import msgspec
import pytest

from sfcrime.streaming import judge_digest
from sfcrime.streaming.judge_digest import JUDGE_DIGEST, JUDGING_MODULES


def _imports(module: str) -> set[str]:
    """The modules of sfcrime that it imports."""
    spec = find_spec(module)
    assert spec is not None and spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    found = {each.module or "" for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)}
    return {name for name in found if name.startswith("sfcrime.")}


def test_every_module_that_a_worker_imports_is_in_it() -> None:
    reached, todo = set[str](), {"sfcrime.streaming.intake"}
    while todo:
        module = todo.pop()
        reached.add(module)
        todo |= _imports(module) - reached
    assert reached == set(JUDGING_MODULES)


def test_a_process_says_the_same_each_time() -> None:
    assert judge_digest.judge_digest() == JUDGE_DIGEST
    assert len(JUDGE_DIGEST) == 12


def test_another_rule_parser_or_zone_is_another_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {JUDGE_DIGEST}
    with monkeypatch.context() as patched:
        patched.setattr(judge_digest, "RULES_VERSION", 99)
        found.add(judge_digest.judge_digest())
    with monkeypatch.context() as patched:
        patched.setattr(msgspec, "__version__", "0.0.1")
        found.add(judge_digest.judge_digest())
    with monkeypatch.context() as patched:
        patched.setattr(judge_digest, "wall_offset_ms", lambda hour: -28_800_000)
        found.add(judge_digest.judge_digest())
    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", lambda path: b"pass")
        found.add(judge_digest.judge_digest())
    assert len(found) == 5
