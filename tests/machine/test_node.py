"""A process of a cluster on this machine: started, killed, started again, ended with the others."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from running import alive, tree_of, wait_until
from sfcrime.machine import node as node_module
from sfcrime.machine.node import Node, stop_all

WAITS = "import sys, time; print(sys.argv[1], flush=True); time.sleep(600)"
IGNORES = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAITS}"


def _node(folder: Path, name: str, program: str = WAITS) -> Node:
    command = [sys.executable, "-c", program, name]
    return Node(name, command, folder / f"{name}.out", folder / f"{name}.log")


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[Node]]:
    made = [_node(tmp_path, "one"), _node(tmp_path, "other", IGNORES)]
    yield made
    for each in made:
        if each.child is not None:
            each.child.kill_tree()


def test_a_node_that_was_killed_says_so_and_is_started_again(nodes: list[Node]) -> None:
    node = nodes[0]
    assert (node.is_running(), node.exit_code) == (False, None)
    node.start()
    wait_until(lambda: node.last_words() == "one", "its word")
    first = node.pid
    assert node.child is not None
    node.child.kill_tree()

    assert (node.is_running(), node.exit_code) == (False, -9)

    node.start()
    assert node.is_running()
    assert node.pid != first


def test_nodes_end_together_and_one_that_does_not_is_killed(
    nodes: list[Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_module, "STOP_GRACE_S", 0.5)
    for each in nodes:
        each.start()
        wait_until(lambda each=each: each.last_words() == each.name, "its word")  # type: ignore[misc]
    running = [process for each in nodes for process in tree_of(each.pid)]
    assert len(running) == 2

    stop_all(nodes)

    assert alive(running) == []
    assert [each.exit_code for each in nodes] == [-15, -9]
