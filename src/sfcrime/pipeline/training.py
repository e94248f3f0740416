"""The training run of the start-up cache: a small replay through the real broker and query.

    python -m sfcrime.pipeline.training [--make-way]

is started by `training_process`, with the settings in its environment.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event

import msgspec

from sfcrime.errors import ChildFailed, SfcrimeError
from sfcrime.jvm.java import StartupCache
from sfcrime.kafka.broker import open_kafka
from sfcrime.kafka.broker_files import keep_features
from sfcrime.kafka.broker_record import broker_folder
from sfcrime.machine.priority import make_way
from sfcrime.pipeline.publishing import open_source, publish_source
from sfcrime.pipeline.stream import StreamHooks, StreamRequest, stream_topic
from sfcrime.pipeline.training_process import (
    MAKE_WAY,
    forget_orphans,
    only_training,
    startup_caches,
)
from sfcrime.settings import Settings, StreamSettings
from sfcrime.settings_loading import load_settings
from sfcrime.sources.source import SYNTHETIC
from sfcrime.spark.cluster import is_local

TRAINING_RECORDS = 40_000
_RECORDS_PER_BATCH = 10_000
"""Several batches: methods get warm enough to be noted."""

_OnStep = Callable[[str], None]


def train_startup_cache(settings: Settings, on_step: _OnStep) -> None:
    """Replays some thousand invented calls, and lets both JVMs write what they learned.

    Takes about a minute, and nothing where the caches are there, off, or not possible with this
    Java. What is made in between lies beside them and is removed; each cache gets its name when it
    is whole.

    Raises:
        AlreadyRunning: another process trains.
        SfcrimeError: a part could not be started; starts work without the cache, too.
    """
    with only_training(settings.jvm) as data_dir:
        caches = startup_caches(settings.jvm)
        if all(cache.mode == "off" or cache.is_there for cache in caches):
            return
        on_step("starting broker and Spark")
        _replay(_training_settings(settings, data_dir), on_step)
        keep_features(broker_folder(data_dir), caches[0].features)
        for cache in caches:
            _put_in_place(cache)


def _put_in_place(cache: StartupCache) -> None:
    try:
        cache.partial.replace(cache.path)
    except FileNotFoundError as error:
        raise ChildFailed(
            f"The JVM wrote no start-up cache {cache.partial}.",
            next_step="look for jvm.startup_cache in docs/settings.md to do without",
        ) from error
    forget_orphans(cache)


def _replay(training: Settings, on_step: _OnStep) -> None:
    with open_kafka(training) as training:
        on_step("replaying invented calls")
        source = open_source(training)
        publish_source(training, source, Event(), lambda _: None)
        source.close()
        hooks = StreamHooks(lambda _: None, lambda *_: None, lambda _: on_step("counting them"))
        stream_topic(StreamRequest(training, Event(), hooks, until_caught_up=True))
        on_step("writing the caches")


def _training_settings(settings: Settings, data_dir: Path) -> Settings:
    replace = msgspec.structs.replace
    return replace(
        settings.in_folder(data_dir),
        jvm=replace(settings.jvm, startup_cache="train"),
        kafka=replace(settings.kafka, port=0, bootstrap_servers="", config_file=""),
        stream=replace(
            _on_this_machine(settings.stream),
            ui_port=0,
            max_records_per_batch=_RECORDS_PER_BATCH,
            trigger_ms=0,
        ),
        source=replace(settings.source, source=SYNTHETIC, speed="max", limit=TRAINING_RECORDS),
    )


def _on_this_machine(stream: StreamSettings) -> StreamSettings:
    """The driver's cache is trained by a local query, without what only a cluster has."""
    if is_local(stream.master):
        return stream
    local = StreamSettings().master
    return msgspec.structs.replace(
        stream, master=local, spark_properties={}, spark_properties_file=""
    )


def main(arguments: list[str]) -> int:
    """Trains; the exit code."""
    if MAKE_WAY in arguments:
        make_way()
    try:
        train_startup_cache(load_settings(), _say)
    except SfcrimeError as error:
        _say(f"error: {error}")
        return error.exit_code
    return 0


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()  # it is a file, and is read meanwhile


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
