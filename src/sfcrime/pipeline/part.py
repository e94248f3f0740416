"""One process of a run: started with the run's settings, and asked why it ended."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sfcrime.errors import EXIT_USAGE, ChildFailed, SfcrimeError
from sfcrime.machine.child import Child, last_lines, start_child
from sfcrime.machine.priority import lower
from sfcrime.pipeline.activity import ERROR_FILE, Activity, activity_file
from sfcrime.settings import Settings
from sfcrime.settings_loading import ENVIRONMENT_PREFIX, as_environment


@dataclass(frozen=True, slots=True)
class Ended:
    """Why a part ended."""

    reason: str
    """In one line of words that follow its name."""
    failure: SfcrimeError
    """What to raise where it is not started again."""


@dataclass(slots=True)
class Part:
    """A process of its own, so that it can be killed, started again and looked at alone.

    Linux ends a child with the thread that started it: call everything from the main thread.
    """

    name: str
    arguments: Sequence[str]
    """Of `sfcrime`."""
    settings: Settings
    """It gets these and no others."""
    priority: int = 0
    """Lower with each number, down to 19."""
    says: type[Activity] | None = None
    """What it says of itself; that of the one before is forgotten by each start."""
    speaks_for_itself: bool = False
    """What it prints goes where our own output goes, and not into its log."""
    child: Child | None = None

    @property
    def log_path(self) -> Path:
        """Takes what it prints; emptied by each start."""
        return self.settings.data_dir / "run" / f"{self.name}.log"

    def start(self) -> None:
        """Starts it; OSError where the machine has no room for it."""
        facts = error_file(self.log_path)
        facts.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts.unlink(missing_ok=True)
        if self.says is not None:
            activity_file(self.settings.data_dir, self.says).unlink(missing_ok=True)
        self.child = start_child(
            self.command(),
            None if self.speaks_for_itself else self.log_path,
            environment={**environment_of_part(self.settings), ERROR_FILE: str(facts)},
        )
        if self.priority:
            lower(self.child.pid, self.priority)

    def command(self) -> list[str]:
        """What is started."""
        return [sys.executable, "-m", "sfcrime", *self.arguments]

    @property
    def exit_code(self) -> int | None:
        """None while it runs, and before its first start."""
        return self.child.exit_code if self.child else None

    def kill(self) -> None:
        """Ends it and everything below it at once."""
        if self.child is not None:
            self.child.kill_tree()

    def ended(self, code: int) -> Ended:
        """Why it ended with this exit code."""
        return ended_part(self.name, code, self.log_path)


def environment_of_part(settings: Settings) -> dict[str, str]:
    """A part gets every setting as this process resolved it, and from nowhere else."""
    others = {k: v for k, v in os.environ.items() if not k.startswith(ENVIRONMENT_PREFIX)}
    return {**others, **as_environment(settings)}


def ended_part(name: str, code: int, log_path: Path) -> Ended:
    """Why a part ended: its own error, told once, or the end of its log where it told none.

    Args:
        name: of the part.
        code: its exit code, below 0 where a signal ended it; the run leaves with the same.
        log_path: takes all that the part said; the facts of its error are beside it.
    """
    own = _own_error(log_path)
    told = own["next_step"]
    failure = ChildFailed(
        f"The {name} ended (exit code {code}): {own['happened']}",
        rule=own["rule"],
        next_step=f"{told}; its log is {log_path}" if told else f"read {log_path}",
        # An error of its own says so; of one that told none, all but a wrong call may pass.
        may_pass=own.get("may_pass", code != EXIT_USAGE),
    )
    if code > 0:
        failure.exit_code = code
    first = own["happened"].partition("\n")[0]
    return Ended(how_ended(code) if code < 0 else f"{how_ended(code)}: {first}", failure)


def how_ended(code: int) -> str:
    """What an exit code says, in words that follow the name of what ended."""
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"


def _own_error(log_path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(error_file(log_path).read_bytes())
        return found
    except (OSError, ValueError):  # it was killed
        return {"happened": last_lines(log_path), "rule": "", "next_step": ""}


def error_file(log_path: Path) -> Path:
    """Where a part leaves the facts of the error that ends it."""
    return log_path.with_suffix(".error.json")
