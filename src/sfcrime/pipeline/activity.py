"""What a part is doing: one small file per part, written whole, read by the live view.

The store holds what was counted; this holds what is not counted yet (a producer's pace, where the
Spark UI and the page listen) and is thrown away at every start.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TypeVar

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


_Activity = TypeVar("_Activity", ProducerActivity, StreamActivity, DashboardActivity)


def activity_file(data_dir: Path, kind: type[msgspec.Struct]) -> Path:
    """Where a part's activity is kept."""
    return data_dir / "run" / f"{kind.__name__}.json"


def write_activity(
    data_dir: Path, activity: ProducerActivity | StreamActivity | DashboardActivity
) -> None:
    """Replaces the file as a whole, so a reader never sees half of it."""
    path = activity_file(data_dir, type(activity))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
    partial.write_bytes(msgspec.json.encode(activity))
    partial.replace(path)


def read_activity(data_dir: Path, kind: type[_Activity]) -> _Activity:
    """The part's last word; its beginning where it has said nothing yet."""
    try:
        return msgspec.json.decode(activity_file(data_dir, kind).read_bytes(), type=kind)
    except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
        return kind()


def clear_activity(data_dir: Path) -> None:
    """Forgets what the parts of an earlier run said."""
    for kind in (ProducerActivity, StreamActivity, DashboardActivity):
        activity_file(data_dir, kind).unlink(missing_ok=True)
