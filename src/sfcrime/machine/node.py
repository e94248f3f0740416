"""A child process whose command stays the same, so that it can be started again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sfcrime.machine.child import STOP_GRACE_S, Child, last_words, start_child


@dataclass(slots=True)
class Node:
    """A process of a cluster on this machine.

    Linux ends it with the thread that started it: call everything from the main thread.
    """

    name: str
    command: Sequence[str]
    output: Path
    """Takes what it says outside of its log; emptied by each start."""
    log: Path
    environment: Mapping[str, str] | None = None
    """All of its variables; ours where None."""
    child: Child | None = None

    @property
    def pid(self) -> int:
        """Of the process that runs, or ran last."""
        assert self.child is not None
        return self.child.pid

    def is_running(self) -> bool:
        return self.child is not None and self.child.is_running()

    @property
    def exit_code(self) -> int | None:
        """None while it runs, and before its first start; below 0: the number of the signal that
        ended it."""
        return None if self.child is None else self.child.exit_code

    def start(self) -> None:
        """Starts it, and does not wait until it answers."""
        self.child = start_child(self.command, self.output, environment=self.environment)

    def last_words(self) -> str:
        """The ends of what it said."""
        return last_words(self.output, self.log)


def stop_all(nodes: Iterable[Node]) -> None:
    """Ends them together: SIGTERM to each, then SIGKILL to what takes longer than 10 s."""
    running = [each.child for each in nodes if each.child is not None]
    for child in running:
        if child.is_running():
            child.ask_to_end()
    for child in running:
        child.wait(STOP_GRACE_S)
        child.stop(0)
