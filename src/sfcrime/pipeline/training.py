"""The training run of the start-up cache: a small replay through the real broker and query."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import msgspec

from sfcrime.jvm.jars import cache_folder, jar_paths
from sfcrime.jvm.java import find_java
from sfcrime.jvm.startup_cache import StartupCache, forget_orphans, startup_cache
from sfcrime.kafka.broker import open_kafka
from sfcrime.kafka.broker_files import broker_class_path, broker_folder, keep_features
from sfcrime.machine.locks import file_lock
from sfcrime.pipeline.publishing import SYNTHETIC, open_source, publish_source
from sfcrime.pipeline.stream import stream_topic
from sfcrime.pipeline.stream_request import StreamHooks, StreamRequest
from sfcrime.settings import JvmSettings, Settings
from sfcrime.spark.driver import driver_class_path

TRAINING_RECORDS = 40_000
_RECORDS_PER_BATCH = 10_000
"""Several batches: methods get warm enough to be noted."""


def startup_caches(jvm: JvmSettings) -> tuple[StartupCache, ...]:
    """The caches of broker and driver, there or not.

    Raises:
        JavaUnavailable: there is no Java they could be for.
    """
    java = find_java(jvm)
    return (
        startup_cache("kafka", java, broker_class_path(jar_paths("kafka", jvm)), jvm),
        startup_cache("spark", java, driver_class_path(jar_paths("spark", jvm)), jvm),
    )


def train_startup_cache(
    settings: Settings, on_step: Callable[[str], None]
) -> tuple[StartupCache, ...]:
    """Replays some thousand invented calls, and lets both JVMs write what they learned.

    Takes about a minute, and nothing where the caches are there, off, or not possible with this
    Java. What it needs meanwhile is in a folder of its own and is removed.

    Returns:
        The caches of broker and driver.

    Raises:
        SfcrimeError: a part could not be started; a start works without the cache too.
    """
    caches = startup_caches(settings.jvm)
    folder = cache_folder(settings.jvm) / "startup"
    with file_lock(folder / "lock", wait=True):  # makes the folder
        if all(cache.mode == "off" or cache.path.is_file() for cache in caches):
            return caches
        on_step("starting broker and Spark")
        with TemporaryDirectory(dir=folder, prefix="training-") as data_dir:
            _replay(_training_settings(settings, Path(data_dir)), on_step)
            keep_features(broker_folder(Path(data_dir)), caches[0].features)
    for cache in caches:
        if cache.path.is_file():
            forget_orphans(cache)
    return caches


def _replay(training: Settings, on_step: Callable[[str], None]) -> None:
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
        settings,
        store=replace(settings.store, data_dir=str(data_dir)),
        jvm=replace(settings.jvm, startup_cache="train"),
        kafka=replace(settings.kafka, port=0, bootstrap_servers="", config_file=""),
        stream=replace(
            settings.stream, ui_port=0, max_records_per_batch=_RECORDS_PER_BATCH, trigger_ms=0
        ),
        source=replace(settings.source, source=SYNTHETIC, speed="max", limit=TRAINING_RECORDS),
    )
