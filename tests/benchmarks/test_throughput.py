"""Which stages the throughput benchmark runs."""

from __future__ import annotations

from io import StringIO

import pytest
import throughput
from rich.console import Console


def test_without_flink_its_stages_are_left_out_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(throughput, "flink_is_there", lambda: False)
    said = StringIO()

    stages = throughput.runnable(["a", "f", "d", "g"], Console(file=said, width=100))

    assert stages == ["a", "d"]
    assert said.getvalue().startswith("without f, g: ")
    assert said.getvalue().endswith("run: make peers\n")


def test_with_both_installed_nothing_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "flink_is_there", lambda: True)
    monkeypatch.setattr(throughput, "postgres_is_there", lambda: True)
    said = StringIO()

    assert throughput.runnable(["d", "f"], Console(file=said)) == ["d", "f"]
    assert said.getvalue() == ""
