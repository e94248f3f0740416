"""Standard input, kept in a file until it has been sorted."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sfcrime.errors import UsageError
from sfcrime.sources.input_files import spooled_input


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The end of a pipe that standard input reads from."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as standard_input:
        monkeypatch.setattr(sys, "stdin", standard_input)
        yield writing


def test_it_is_a_file_of_its_bytes_while_it_is_needed(typed: int, tmp_path: Path) -> None:
    os.write(typed, b"\x1f\x8b\x00 any bytes\n")
    os.close(typed)
    seen: list[tuple[int, int]] = []
    with spooled_input(tmp_path, lambda done, of: seen.append((done, of))) as file:
        assert file.path.read_bytes() == b"\x1f\x8b\x00 any bytes\n"
        assert file.path.parent == tmp_path
        assert file.name == "standard input"
    assert seen[-1] == (14, 0)
    assert list(tmp_path.iterdir()) == []


def test_waiting_for_it_can_be_ended(typed: int, tmp_path: Path) -> None:
    os.write(typed, b"half")

    def ask_to_stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), spooled_input(tmp_path, ask_to_stop):
        pass
    os.close(typed)
    assert list(tmp_path.iterdir()) == []


def test_nothing_that_comes_is_asked_about_again_and_again(typed: int, tmp_path: Path) -> None:
    seen: list[int] = []

    def stop_at_the_second_look(done: int, of: int) -> None:
        seen.append(done)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), spooled_input(tmp_path, stop_at_the_second_look):
        pass
    os.close(typed)
    assert seen == [0, 0]


def test_where_it_is_closed_a_file_has_to_be_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="closed"), spooled_input(tmp_path):
        pass
