"""Opens the source that the settings name, and publishes it to the topic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from functools import partial
from itertools import takewhile
from pathlib import Path
from threading import Event

from sfcrime.domain.calls import SourceRecord
from sfcrime.domain.wall_clock import SAN_FRANCISCO
from sfcrime.kafka.origin import origin_of
from sfcrime.kafka.pace import Pace
from sfcrime.kafka.producer import OnProgress, ProducerPlan, Published, publish
from sfcrime.kafka.topic import Topic
from sfcrime.machine.clock import now_ms
from sfcrime.machine.own_folder import FolderKind, take_empty
from sfcrime.settings import Settings
from sfcrime.sources.file import open_files_source
from sfcrime.sources.input_files import (
    STANDARD_INPUT,
    InputFile,
    OnRead,
    files_of,
    spooled_input,
    without_repeats,
)
from sfcrime.sources.source import SYNTHETIC, Source
from sfcrime.sources.synthetic import open_synthetic_source, parse_synthetic_identity

FIRST_START_DAYS_AGO = 60


_SCRATCH = FolderKind("scratch folder of a producer", "--data-dir", ())


def open_source(settings: Settings, on_read: OnRead | None = None) -> Source:
    """The source that `settings.source` names: files, standard input, or the synthetic city.

    Args:
        settings: of a Kafka that answers; `refusals.require_publishable` has passed them.
        on_read: told how many bytes were read, of how many.

    A synthetic city whose first day is not set keeps the first day of the one that the topic holds;
    a new one starts `FIRST_START_DAYS_AGO` days ago.

    Raises:
        UsageError: there is no such file, or it holds something else.
        UnreadableFile: a file cannot be read to its end.
    """
    names = settings.source.names
    if names == [SYNTHETIC]:
        return open_synthetic_source(settings.source.seed, _first_day(settings))
    # What a killed one left is as large as its files: the next of this topic begins by removing it.
    work_dir = settings.data_dir / "run" / f"{settings.kafka.topic}.order"
    return _open_files(names, take_empty(work_dir, _SCRATCH), on_read)


def _open_files(names: Sequence[str], work_dir: Path, on_read: OnRead | None) -> Source:
    """All files together as one source; standard input is kept only until it is sorted."""
    with ExitStack() as spools:
        files: list[InputFile] = []
        for name in dict.fromkeys(names):
            if name == STANDARD_INPUT:
                files.append(spools.enter_context(spooled_input(work_dir, on_read)))
            else:
                files += files_of(name)
        return open_files_source(without_repeats(files), work_dir, on_read)


def _first_day(settings: Settings) -> date:
    if settings.source.start:
        return date.fromisoformat(settings.source.start)
    topic = Topic(settings.kafka).find()
    if topic is not None:
        identity = origin_of(settings.kafka, topic).identity
        known = parse_synthetic_identity(identity.name) if identity else None
        if known is not None and known.seed == settings.source.seed:
            return known.start
    return datetime.now(SAN_FRANCISCO).date() - timedelta(days=FIRST_START_DAYS_AGO)


def publish_source(
    settings: Settings,
    source: Source,
    stop: Event,
    on_progress: OnProgress,
    *,
    until_present: bool = False,
) -> Published:
    """Publishes an open source, or what of it has come by now; see `kafka.producer.publish`."""
    plan = ProducerPlan(
        kafka=settings.kafka,
        identity=source.identity,
        pace=Pace.from_speed(settings.source.speed),
        limit=settings.source.limit,
    )
    records_from = partial(records_until_present, source) if until_present else source.records
    return publish(plan, records_from, stop, on_progress)


def records_until_present(source: Source, start: int = 0) -> Iterator[SourceRecord]:
    """The source's records from `start` on that come before the first of the future."""
    return takewhile(lambda each: each.published_at_ms <= now_ms(), source.records(start))
