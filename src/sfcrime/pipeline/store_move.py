"""Copies the store between a data folder and a database of PostgreSQL, in either direction."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import msgspec

from sfcrime.errors import UsageError
from sfcrime.pipeline.stream import job_lock
from sfcrime.settings import Settings
from sfcrime.store import STORE_FILE
from sfcrime.store.address import StoreAddress, store_address
from sfcrime.store.row_copy import CopiedStore, OnRows, copy_rows


def copy_between(settings: Settings, source: str, target: str, on_rows: OnRows) -> CopiedStore:
    """Copies one store; a job may go on writing to the source, and none writes to the target.

    Args:
        settings: how a database is reached, other than by its URL.
        source, target: a data folder, or the URL of a database.
        on_rows: told how far it is.

    Raises:
        UsageError: a name that names no store, or a target that holds something.
        AlreadyRunning: a job runs on the target.
        StoreEmpty, StoreUnavailable, BackupFailed: see `copy_rows`.
    """
    wanted, place = _address(settings, source), _address(settings, target)
    with ExitStack() as held:
        if isinstance(place, Path):
            held.enter_context(job_lock(place.parent))
        return copy_rows(wanted, place, on_rows)


def _address(settings: Settings, name: str) -> StoreAddress:
    if "://" in name:
        return store_address(
            msgspec.structs.replace(
                settings, store=msgspec.structs.replace(settings.store, url=name)
            )
        )
    folder = Path(name).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise UsageError(
            f"{name} is no folder.",
            rule="A store is named by its data folder, or by the URL of its database.",
            next_step=f"name the folder: {folder.parent}",
        )
    return folder / STORE_FILE
