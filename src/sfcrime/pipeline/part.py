"""One process that `run` supervises: started with the run's settings, started again, told of."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sfcrime.errors import ChildFailed, SfcrimeError
from sfcrime.machine.child import Child, last_lines, start_child
from sfcrime.machine.priority import lower
from sfcrime.pipeline.activity import ERROR_FILE
from sfcrime.settings import Settings
from sfcrime.settings_loading import ENVIRONMENT_PREFIX, as_environment

MAX_RESTARTS = 5
RESTART_WINDOW_S = 60.0


@dataclass(slots=True)
class Part:
    """A process of its own, so that it can be killed, started again and looked at alone.

    Linux ends a child with the thread that started it: call everything from the main thread.
    """

    name: str
    arguments: Sequence[str]
    """Of `sfcrime`."""
    data_dir: Path
    priority: int = 0
    """Lower with each number, down to 19."""
    child: Child | None = None
    _restarts: list[float] = field(default_factory=list)

    @property
    def log_path(self) -> Path:
        """Takes what it prints; emptied by each start."""
        return self.data_dir / "run" / f"{self.name}.log"

    def start(self, settings: Settings) -> None:
        """Starts it, with these settings and no others."""
        facts = error_file(self.log_path)
        facts.unlink(missing_ok=True)
        self.child = start_child(
            [sys.executable, "-m", "sfcrime", *self.arguments],
            self.log_path,
            environment={**environment_of_part(settings), ERROR_FILE: str(facts)},
        )
        if self.priority:
            lower(self.child.pid, self.priority)

    @property
    def exit_code(self) -> int | None:
        """None while it runs, and before its first start."""
        return self.child.exit_code if self.child else None

    def may_start_again(self) -> bool:
        """Takes note of one more start; whether there were not too many within a minute."""
        now = time.monotonic()
        self._restarts = [at for at in self._restarts if now - at < RESTART_WINDOW_S] + [now]
        return len(self._restarts) <= MAX_RESTARTS


def environment_of_part(settings: Settings) -> dict[str, str]:
    """A part gets every setting as this process resolved it, and from nowhere else."""
    others = {k: v for k, v in os.environ.items() if not k.startswith(ENVIRONMENT_PREFIX)}
    return {**others, **as_environment(settings)}


def part_failure(name: str, code: int, log_path: Path) -> SfcrimeError:
    """How a part failed: its own error, told once, or the end of its log where it told none.

    Args:
        name: of the part.
        code: its exit code, below 0 where a signal ended it; the run leaves with the same.
        log_path: takes all that the part said; the facts of its error are beside it.
    """
    try:
        own = json.loads(error_file(log_path).read_bytes())
    except (OSError, ValueError):  # it was killed
        own = {"happened": last_lines(log_path), "rule": "", "next_step": ""}
    told = own["next_step"]
    failure = ChildFailed(
        f"The {name} ended (exit code {code}): {own['happened']}",
        rule=own["rule"],
        next_step=f"{told}; its log is {log_path}" if told else f"read {log_path}",
    )
    if code > 0:
        failure.exit_code = code
    return failure


def error_file(log_path: Path) -> Path:
    """Where a part leaves the facts of the error that ends it."""
    return log_path.with_suffix(".error.json")
