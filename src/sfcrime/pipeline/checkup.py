"""Looks at everything a run needs, changes nothing, and says how to mend what is wrong."""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from importlib.metadata import version
from pathlib import Path
from shlex import quote

from sfcrime.errors import PostgresUnavailable, SfcrimeError, StoreEmpty
from sfcrime.jvm.jars import JAR_SETS, JarSet, altered_jars, jars_folder
from sfcrime.jvm.java import find_java, java_version
from sfcrime.kafka.broker_record import running_bootstrap_servers
from sfcrime.kafka.replicas import replica_problems
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import alter_command
from sfcrime.machine.own_folder import DATA_FOLDER, is_takeable
from sfcrime.machine.ports import is_free
from sfcrime.machine.sizes import (
    AMPLE_BYTES,
    heap_bytes,
    machine_cores,
    machine_memory_bytes,
    sizes_for,
)
from sfcrime.pipeline.activity import DashboardActivity, read_activity
from sfcrime.pipeline.training_process import startup_caches
from sfcrime.postgres.server import require_programs, running_port, url_of
from sfcrime.settings import KafkaSettings, Settings
from sfcrime.store.address import StoreAddress, store_address
from sfcrime.store.database import damaged, require_safe
from sfcrime.store.reader import open_reader
from sfcrime.store.soundness import store_problems

LEAST_FREE_BYTES = 2 * 10**9
"""A million calls take some 0.4 GB in Kafka and 0.1 GB in the store."""
LEAST_MEMORY_BYTES = 1.8e9
_GB = 1e9


class Level(StrEnum):
    """How much a finding matters; `WRONG` is what stops a run."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    about: str
    level: Level
    said: str
    mend: str = ""
    """The command that mends it, where there is something to mend."""


def check_up(settings: Settings) -> Iterator[Finding]:
    """Every finding, in the order in which a run needs the things."""
    yield _python()
    yield _guarded("java", partial(_java, settings))
    for jar_set in JAR_SETS:
        yield _guarded(f"jars for {jar_set}", partial(_jars, settings, jar_set))
    yield _guarded("start-up cache", partial(_startup_cache, settings))
    yield _memory(settings, machine_memory_bytes())
    yield _disk(settings.data_dir)
    yield _data_folder(settings.data_dir)
    yield _folder("jar folder", jars_folder("kafka", settings.jvm).parent, "SFCRIME_JVM_CACHE_DIR")
    broker = _guarded("broker", partial(_broker, settings))
    yield broker
    if settings.kafka.bootstrap_servers and broker.level is Level.OK:
        yield _guarded("replicas", partial(_replicas, settings.kafka))
    yield _ui_port(settings)
    yield _page_port(settings)
    yield _guarded("local PostgreSQL", partial(_local_postgres, settings.data_dir))
    yield _guarded("store", lambda: _store(store_address(settings)))


def _guarded(about: str, look: Callable[[], Finding]) -> Finding:
    """A look that fails by the error tree is a finding with that error's own next step."""
    try:
        return look()
    except StoreEmpty as error:
        return Finding(about, Level.NOTE, error.happened, error.next_step)
    except SfcrimeError as error:
        return Finding(about, Level.WRONG, error.happened, error.next_step)


def _python() -> Finding:
    said = (
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, "
        f"sfcrime {version('sfcrime')}, PySpark {version('pyspark')}"
    )
    return Finding("python", Level.OK, said)


def _java(settings: Settings) -> Finding:
    java = find_java(settings.jvm)
    return Finding("java", Level.OK, f"Java {java_version(java)}: {java}")


def _jars(settings: Settings, jar_set: JarSet) -> Finding:
    about, folder = f"jars for {jar_set}", jars_folder(jar_set, settings.jvm)
    if not folder.is_dir():
        return Finding(about, Level.WRONG, "they were not fetched yet", "sfcrime setup")
    altered = altered_jars(jar_set, settings.jvm)
    if altered:
        said = f"{len(altered)} are missing or differ from their hash: {', '.join(altered)}"
        return Finding(about, Level.WRONG, said, f"rm -r {quote(str(folder))} && sfcrime setup")
    return Finding(about, Level.OK, f"every one has its committed hash: {folder}")


def _startup_cache(settings: Settings) -> Finding:
    about, caches = "start-up cache", startup_caches(settings.jvm)
    if any(cache.mode == "off" for cache in caches):
        said = "off, or not possible with this Java: starts take twice as long"
        return Finding(about, Level.NOTE, said)
    missing = [cache.path for cache in caches if not cache.is_there]
    if missing:
        said = "not there, starts take twice as long; a run makes it once the machine has room"
        return Finding(about, Level.NOTE, f"{said}: {missing[0]}", "sfcrime setup --train")
    return Finding(about, Level.OK, f"there for broker and Spark: {caches[0].path.parent}")


def _memory(settings: Settings, memory_bytes: int) -> Finding:
    stream, chosen = settings.stream, sizes_for(memory_bytes)
    said = (
        f"{memory_bytes / _GB:.1f} GB, {machine_cores()} processors: heap {settings.kafka.heap} "
        f"for the broker and {stream.heap} for Spark, {stream.max_records_per_batch:,} records a "
        f"batch, partitions of a new topic: {settings.kafka.partitions}"
    )
    if memory_bytes < LEAST_MEMORY_BYTES:
        return Finding("memory", Level.NOTE, f"{said}; a run takes up to 1.5 GB")
    larger = (
        heap_bytes(stream.heap) > heap_bytes(chosen.driver_heap)
        or stream.max_records_per_batch > chosen.records_per_batch
    )
    if larger and memory_bytes < AMPLE_BYTES:
        mend = (
            f"SFCRIME_STREAM_HEAP={chosen.driver_heap} and "
            f"--max-records-per-batch {chosen.records_per_batch} need less"
        )
        return Finding("memory", Level.NOTE, said, mend)
    return Finding("memory", Level.OK, said)


def _disk(data_dir: Path) -> Finding:
    free = shutil.disk_usage(_nearest_existing(data_dir)).free
    said = f"{free / _GB:.1f} GB free for {data_dir}"
    if free < LEAST_FREE_BYTES:
        return Finding("disk", Level.WRONG, said, "free some, or name another --data-dir")
    return Finding("disk", Level.OK, said)


def _data_folder(folder: Path) -> Finding:
    about, setting = DATA_FOLDER.name, DATA_FOLDER.setting
    if is_takeable(folder, DATA_FOLDER):
        return _folder(about, folder, setting)
    said = f"{folder} is not empty, and was not made by sfcrime"
    return Finding(about, Level.WRONG, said, f"name an empty or a new folder with {setting}")


def _folder(about: str, folder: Path, setting: str) -> Finding:
    """Whether a file can be made there, or where the folder would be made."""
    place = _nearest_existing(folder)
    try:
        with tempfile.TemporaryFile(dir=place):
            return Finding(about, Level.OK, f"{folder} can be written")
    except OSError as error:
        said = f"{place} cannot be written: {error.strerror}"
        return Finding(
            about, Level.WRONG, said, f"chmod u+rwx {quote(str(place))}, or set {setting}"
        )


def _nearest_existing(path: Path) -> Path:
    return next(each for each in (path.absolute(), *path.absolute().parents) if each.is_dir())


def _broker(settings: Settings) -> Finding:
    if settings.kafka.bootstrap_servers:
        there = "is there" if Topic(settings.kafka).exists() else "is not there yet"
        said = f"{settings.kafka.bootstrap_servers} answers; topic {settings.kafka.topic} {there}"
        return Finding("broker", Level.OK, said)
    running = running_bootstrap_servers(settings.data_dir)
    if running is not None:
        return Finding("broker", Level.OK, f"the embedded broker runs on {running}")
    port = settings.kafka.port
    if port and not is_free(port):
        said = f"another program listens on port {port}, which the embedded broker would take"
        return Finding("broker", Level.WRONG, said, "sfcrime run --port 0")
    return Finding("broker", Level.OK, f"not running; port {port or 'of its own choice'} is free")


def _replicas(kafka: KafkaSettings) -> Finding:
    """Whether the topic outlives a broker."""
    found = Topic(kafka).replicas()
    if found is None:
        said = "of a topic that is created: as kafka.replication_factor says"
        return Finding("replicas", Level.OK, said)
    problems = list(replica_problems(found, partial(alter_command, kafka)))
    if not problems:
        most = max(found.replicas.values(), default=0)
        said = f"{most} of each partition, all in sync, {found.least_in_sync} of them needed"
        return Finding("replicas", Level.OK, said)
    level = Level.WRONG if any(each.is_wrong for each in problems) else Level.NOTE
    said, mend = (
        "; ".join(each.said for each in problems),
        "; ".join(dict.fromkeys(each.mend for each in problems)),
    )
    return Finding("replicas", level, said, mend)


def _ui_port(settings: Settings) -> Finding:
    port = settings.stream.ui_port
    if port and not is_free(port):
        said = f"port {port} is taken, by a running job or another program: the next free one is"
        return Finding("Spark UI", Level.NOTE, f"{said} used", "--ui-port 0 picks any")
    return Finding("Spark UI", Level.OK, f"port {port or 'of its own choice'} is free")


def _page_port(settings: Settings) -> Finding:
    port = settings.dashboard.port
    if port and not is_free(port):
        url = read_activity(settings.data_dir, DashboardActivity).url
        if url.endswith(f":{port}"):
            return Finding("page", Level.OK, f"it answers on {url}")
        said = f"another program listens on port {port}, which the page would take"
        return Finding("page", Level.WRONG, said, "sfcrime run --dashboard-port 0")
    return Finding("page", Level.OK, f"port {port or 'of its own choice'} is free")


def _local_postgres(data_dir: Path) -> Finding:
    """A store needs no PostgreSQL, and none of this machine; so nothing here is wrong."""
    about, port = "local PostgreSQL", running_port(data_dir)
    if port is not None:
        return Finding(about, Level.OK, f"it runs: {url_of(port)}")
    try:
        programs = require_programs(data_dir)
    except PostgresUnavailable as error:
        said = f"{error.happened.rstrip('.')}; only `sfcrime postgres` needs them"
        return Finding(about, Level.NOTE, said, error.next_step)
    return Finding(about, Level.OK, f"not running; `sfcrime postgres` starts {programs.version}")


def _store(address: StoreAddress) -> Finding:
    require_safe(address)
    with open_reader(address) as reader:
        account = reader.totals().accounting
    problems = store_problems(address)
    if problems:
        found = damaged(address, "; ".join(problems))
        return Finding("store", Level.WRONG, found.happened, found.next_step)
    said = f"sound, {account.read:,} records accounted for: {address}"
    if not account.adds_up:
        return Finding("store", Level.WRONG, "the four outcomes do not add up", "sfcrime audit")
    return Finding("store", Level.OK, said)
