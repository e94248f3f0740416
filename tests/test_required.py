"""What a test does where a program that it needs is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from required import VARIABLE, needs_chromium, needs_node


@pytest.fixture
def empty_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path


def test_a_test_whose_program_is_missing_is_skipped_with_the_reason(empty_path: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match="there is no chromium on PATH"):
        needs_chromium()
    with pytest.raises(pytest.skip.Exception, match="there is no Node with npm on PATH"):
        needs_node()


def test_a_test_whose_program_is_required_and_missing_fails(
    empty_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "node,chromium")

    with pytest.raises(pytest.fail.Exception, match="there is no chromium on PATH"):
        needs_chromium()
    with pytest.raises(pytest.fail.Exception, match="there is no Node with npm on PATH"):
        needs_node()


def test_a_requirement_of_one_program_says_nothing_of_another(
    empty_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "node")

    with pytest.raises(pytest.skip.Exception):
        needs_chromium()


def test_a_node_that_is_too_old_is_as_good_as_none(empty_path: Path) -> None:
    for name, said in (("node", "v20.18.1"), ("npm", "10.0.0")):
        (empty_path / name).write_text(f"#!/bin/sh\necho {said}\n")
        (empty_path / name).chmod(0o755)

    with pytest.raises(pytest.skip.Exception, match=r"Node is v20\.18\.1; 20\.19 is needed"):
        needs_node()
    (empty_path / "node").write_text("#!/bin/sh\necho v20.19.0\n")
    assert needs_node() == empty_path / "npm"
