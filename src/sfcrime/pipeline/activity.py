"""What a part is doing: one small file per part, written whole, read by the live view.

The store holds what was counted; this holds what is not counted yet (a producer's pace, where the
Spark UI and the page listen) and is thrown away at every start.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

ERROR_FILE = "_SFCRIME_ERROR_FILE"
"""The variable that names a file for the facts of the error that ends a part, as JSON: whoever
started it asks them there, and not its text."""


class ProducerActivity(msgspec.Struct, frozen=True):
    """How far the producer is."""

    sent: int = 0
    already_there: int = 0
    virtual_ms: int | None = None
    """Publication time of the last record, milliseconds since 1970 UTC."""
    step: str = "starting"
    finished: bool = False
    """The source, the limit or the present was reached."""


class StreamActivity(msgspec.Struct, frozen=True):
    """How far the start of the query is."""

    step: str = "starting"
    ui_url: str = ""


class DashboardActivity(msgspec.Struct, frozen=True):
    """Where the page answers."""

    url: str = ""
    """Its address, once it answers; empty before and after."""
    step: str = "starting"


PartCondition = Literal["starting", "up", "down", "done"]


class PartState(msgspec.Struct, frozen=True):
    """A part as its supervisor sees it."""

    name: str
    """`broker` (of an outside cluster, too), `producer`, `stream` or `dashboard`."""
    state: PartCondition
    """`starting` until it works for the first time; `down` until it works again, not only until it
    is started; `done` at a source's end."""
    since_ms: int
    """In this state since then, milliseconds since 1970 UTC."""
    restarts: int
    """Of this run."""
    reason: str
    """Why it was last down, in one line of words that follow its name; empty where it never was."""


class SupervisionActivity(msgspec.Struct, frozen=True):
    """Who supervises, and how the parts are."""

    started_ms: int = 0
    """When this run began, milliseconds since 1970 UTC; 0: there was none."""
    seen_ms: int = 0
    """Renewed every 5 s at least: where it is older than 15 s, nobody supervises."""
    parts: tuple[PartState, ...] = ()


Activity = ProducerActivity | StreamActivity | DashboardActivity | SupervisionActivity
_Activity = TypeVar(
    "_Activity", ProducerActivity, StreamActivity, DashboardActivity, SupervisionActivity
)


def activity_file(data_dir: Path, kind: type[msgspec.Struct]) -> Path:
    """Where a part's activity is kept."""
    return data_dir / "run" / f"{kind.__name__}.json"


def write_activity(data_dir: Path, activity: Activity) -> None:
    """Replaces the file as a whole, so a reader never sees half of it. Where the disk is full, the
    last one stays, and is as new as if it had been said again."""
    path = activity_file(data_dir, type(activity))
    partial = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial.write_bytes(msgspec.json.encode(activity))
        partial.replace(path)
    except OSError:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
            os.utime(path)


def read_activity(data_dir: Path, kind: type[_Activity]) -> _Activity:
    """The part's last word; its beginning where it has said nothing yet."""
    try:
        return msgspec.json.decode(activity_file(data_dir, kind).read_bytes(), type=kind)
    except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
        return kind()


def said_ns(data_dir: Path, kind: type[Activity]) -> int:
    """When the part said something last, also the same again, by the file system's clock; 0 where
    it has said nothing yet."""
    try:
        return activity_file(data_dir, kind).stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def clear_activity(data_dir: Path) -> None:
    """Forgets what the parts of an earlier run said."""
    for kind in (ProducerActivity, StreamActivity, DashboardActivity, SupervisionActivity):
        activity_file(data_dir, kind).unlink(missing_ok=True)
