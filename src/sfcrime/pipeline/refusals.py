"""What a command can refuse before it starts anything.

A part would refuse the same, but only once Kafka or Spark runs: each check here is the part's own.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from sfcrime.errors import PortTaken, UsageError
from sfcrime.kafka.broker import require_startable
from sfcrime.kafka.connection import require_answer
from sfcrime.machine.ports import is_free
from sfcrime.pipeline.stream import job_lock
from sfcrime.settings import DashboardSettings, Settings
from sfcrime.sources.input_files import STANDARD_INPUT
from sfcrime.sources.source import SYNTHETIC
from sfcrime.spark.properties import require_settable
from sfcrime.store.address import store_address


def require_runnable(settings: Settings) -> None:
    """Refuses settings that no run can have; looks at nothing but the files of the source.

    Raises:
        UsageError: standard input, a source or start that cannot be, or a property of Spark or
            option of its source that sfcrime sets itself.
    """
    if STANDARD_INPUT in settings.source.names:
        raise UsageError(
            "The source is standard input.",
            rule="`sfcrime run` starts its producer again where it has to, and standard input can "
            "be read once.",
            next_step="run `sfcrime produce -` and `sfcrime stream`, or name a file",
        )
    require_publishable(settings)
    require_settable(settings)


def require_publishable(settings: Settings) -> None:
    """Refuses a source that cannot be opened; reads no file.

    Raises:
        UsageError: says which.
    """
    names = settings.source.names
    # Each import is of what this source needs: those of files take longer than all else here.
    if names == [SYNTHETIC]:
        if settings.source.start:
            from sfcrime.sources.synthetic import open_synthetic_source

            first_day = date.fromisoformat(settings.source.start)
            open_synthetic_source(settings.source.seed, first_day)
        return
    if SYNTHETIC in names or not names:
        raise UsageError(
            f"The source is {' and '.join(names) or 'empty'}.",
            rule="One topic holds one source: files, or the synthetic city.",
            next_step="name files alone, or `synthetic` alone",
        )
    from sfcrime.sources.content import open_content
    from sfcrime.sources.input_files import files_of

    for name in names:
        for file in files_of(name) if name != STANDARD_INPUT else ():
            with open_content(file):
                pass


def require_place(settings: Settings, *, with_dashboard: bool) -> None:
    """Refuses what a run would meet on this machine and data folder.

    A broker that a killed run left behind is ended, as by its next start.

    Args:
        settings: of the run.
        with_dashboard: whether the page is a part of it.

    Raises:
        UsageError: the page cannot listen on its address.
        AlreadyRunning: another process runs a job or the broker of the data folder.
        PortTaken: another program listens on the broker's port, or on the page's.
        FingerprintChanged: the stored numbers were made by other settings.
        KafkaUnavailable, StoreUnavailable: an outside cluster or the store cannot be used.
    """
    if with_dashboard:
        _require_page_address(settings.dashboard)
    if settings.kafka.bootstrap_servers:
        require_answer(settings.kafka)
    else:
        require_startable(settings)
    with job_lock(settings.data_dir):
        store = store_address(settings)
        if not isinstance(store, Path) or store.is_file():
            # Only here: the database takes longer to import than everything above.
            from sfcrime.streaming.generation_choice import require_stored_fits

            require_stored_fits(settings)


def _require_page_address(settings: DashboardSettings) -> None:
    """The page's process would refuse the same, but a run goes on without it."""
    address = f"{settings.host}:{settings.port}"
    other = "--dashboard-port 0 picks a free port, --no-dashboard leaves the page out"
    try:
        if settings.port == 0 or is_free(settings.port, settings.host):
            return
    except OSError as error:
        raise UsageError(
            f"The page cannot listen on {address}: {error.strerror}.",
            rule="It listens on an address of this machine.",
            next_step=f"correct SFCRIME_DASHBOARD_HOST; {other}",
        ) from error
    raise PortTaken(address, "page", other)
