"""Loaded by every Python process of a service under test: it dies at a named point, or is shown
another time.

Only where `FAULTS_FOLDER` names a folder. In it `point.json` says at which point whom to kill,
once: whoever gets there first renames the file, and so nobody else does. `clock.json` says by how
much and until when the clock of some processes is wrong. Nothing of this is known to sfcrime.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

_FOLDER = os.environ.get("FAULTS_FOLDER", "")
_POINT, _FIRED = Path(_FOLDER, "point.json"), Path(_FOLDER, "point.fired")
_CLOCK, _SEEN = Path(_FOLDER, "clock.json"), Path(_FOLDER, "clock.seen")
_CLOCK_ASKED_S = 0.1

_STORING_IS_SLOW = ("waiting", "reading")
"""Points that lie beside the storing of a batch, which is made to last."""
_SLOW_S = 1.0


def _order(file: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return found


def _reach(point: str) -> None:
    """Kills whom the order names, if it names this point and nobody was here before."""
    order = _order(_POINT)
    if order.get("point") == point:
        try:
            _POINT.rename(_FIRED)
        except OSError:
            return
        os.kill(order["pid"] or os.getpid(), signal.SIGKILL)


def _wrap(owner: Any, name: str, before: str = "", after: str = "") -> None:
    """Puts a point before a function, or behind it, or both."""
    inner = getattr(owner, name)

    @functools.wraps(inner)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if before:
            _reach(before)
        result = inner(*args, **kwargs)
        if after:
            _reach(after)
        return result

    setattr(owner, name, wrapped)


def _in_writer(module: ModuleType) -> None:
    writer = module.StoreWriter
    _wrap(writer, "commit_batch", "before-commit", "after-commit")
    _wrap(writer, "_write", after="in-commit")
    _wrap(module, "open_writer", after="opening")
    commit = writer.commit_batch

    @functools.wraps(commit)
    def slowed(*args: Any) -> Any:
        if _order(_POINT).get("point") in _STORING_IS_SLOW:
            time.sleep(_SLOW_S)
        return commit(*args)

    writer.commit_batch = slowed


def _in_batches(module: ModuleType) -> None:
    """A batch waits for the writer: read, handed over, and the one before it is being stored. The
    next is read: the query begins it, and the one before it is being stored."""
    wait, take = module.Handover.wait, module.BatchReader._take

    def is_storing(handover: Any) -> bool:
        return handover._pending is not None and not handover._pending.done()

    @functools.wraps(wait)
    def waits(self: Any) -> None:
        if is_storing(self):
            _reach("waiting")
        wait(self)

    @functools.wraps(take)
    def takes(self: Any, batch: Any, batch_id: int) -> None:
        if is_storing(self._storing):
            _reach("reading")
        take(self, batch, batch_id)

    module.Handover.wait, module.BatchReader._take = waits, takes


_IN: dict[str, Callable[[ModuleType], None]] = {
    "sfcrime.store.writer": _in_writer,
    "sfcrime.streaming.batches": _in_batches,
    "sfcrime.streaming.intake": lambda module: _wrap(module, "judged_batch", "in-task"),
    "sfcrime.streaming.job": lambda module: _wrap(module, "run_query", "query"),
}


class _AtImport(MetaPathFinder):
    """Puts the points into a module as it is imported, before anybody else has its names."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        put = _IN.get(name)
        if put is None:
            return None
        found = (each.find_spec(name, path, target) for each in sys.meta_path if each is not self)
        spec = next((each for each in found if each is not None), None)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_put(module: ModuleType) -> None:
            execute(module)
            put(module)

        spec.loader.exec_module = execute_and_put  # type: ignore[method-assign]
        return spec


class _Step:
    """By how many seconds this process's clock is wrong now."""

    def __init__(self) -> None:
        self._asked_s, self._step_s = 0.0, 0

    def __call__(self) -> int:
        now_s = time.monotonic()
        if now_s - self._asked_s >= _CLOCK_ASKED_S:
            self._asked_s = now_s
            order = _order(_CLOCK)
            ours = order and order["of"] in " ".join(sys.orig_argv)
            self._step_s = order["step_s"] if ours and now_s < order["until_s"] else 0
            if self._step_s:
                with contextlib.suppress(OSError):
                    _SEEN.touch()
        return self._step_s


def _move_clock() -> None:
    seconds, nanoseconds, step = time.time, time.time_ns, _Step()
    time.time = lambda: seconds() + step()
    time.time_ns = lambda: nanoseconds() + step() * 1_000_000_000


if _FOLDER:
    sys.meta_path.insert(0, _AtImport())
    _move_clock()
