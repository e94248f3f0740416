"""Settings: small, frozen, strict; one record per room. `settings_loading` finds their values.

On a machine of little memory three defaults are smaller (`sizes`). docs/settings.md is generated
from this module.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from sfcrime.machine.sizes import MOST_PARTITIONS

_LESS_MEMORY = "less where the machine has less than 6 GB of memory"

LATENESS_OFF: Literal["off"] = "off"
MOST_LATENESS_HOURS = 1_000_000
"""More than a century: any difference between two times that a record can have."""

MOST_REPLICAS = 9

Port = Annotated[int, Meta(ge=0, le=65535)]
Heap = Annotated[
    str, Meta(pattern=r"^\d+[mg]\Z", title="a whole number followed by m (MiB) or g (GiB)")
]
# A refused value is answered with its type's title or bounds, the setting's description, and the
# example or default: every pattern needs a title, every default that is no example an example.


class Room(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every room's settings share: frozen, keyword-only, no unknown key."""


class KafkaSettings(Room, frozen=True):
    """The broker and the topic."""

    port: Annotated[Port, Meta(description="port of the embedded broker; 0 picks a free one")] = (
        9092
    )
    bootstrap_servers: Annotated[
        str, Meta(description="an outside cluster, host:port,...; empty: the embedded broker")
    ] = ""
    config_file: Annotated[
        str, Meta(description="client properties of an outside cluster (security, tuning)")
    ] = ""
    topic: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9._-]{1,249}\Z",
            title="1 to 249 of the letters A to Z and a to z, digits, dots, dashes and underscores",
            description="topic of the calls",
        ),
    ] = "org.sf.police.calls"
    partitions: Annotated[
        int,
        Meta(
            ge=1,
            le=MOST_PARTITIONS,
            description="partitions of a topic that is created; more where the machine has 4 cores "
            "or more",
        ),
    ] = 1
    replication_factor: Annotated[
        int,
        Meta(
            ge=0,
            le=MOST_REPLICAS,
            description="replicas of each partition of a topic that is created; 0: 3, or as many "
            "as the cluster has brokers that are up",
        ),
    ] = 0
    compression: Annotated[
        Literal["none", "gzip", "snappy", "lz4", "zstd"],
        Meta(description="how published records are packed; whoever reads them must know it"),
    ] = "lz4"
    heap: Annotated[Heap, Meta(description=f"heap of the embedded broker; {_LESS_MEMORY}")] = "256m"


class SourceSettings(Room, frozen=True):
    """What is published, and how fast."""

    source: Annotated[
        str,
        Meta(
            description="a file, a quoted pattern such as 'calls/*.csv', or `synthetic`; several "
            "on a line each, or each with a flag of its own",
        ),
    ] = "synthetic"
    speed: Annotated[
        str,
        Meta(
            pattern=r"^(max|(?=.*[1-9])\d{1,9}(\.\d{1,9})?x?)\Z",
            title="`max`, or a number above 0 with or without an x after it",
            description="`max`, or how many times faster than the calls came in",
        ),
    ] = "1800x"
    limit: Annotated[int, Meta(ge=0, description="stop after so many records; 0: no limit")] = 0
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1, description="seed of the synthetic city")] = 1
    start: Annotated[
        str,
        Meta(
            pattern=r"^(|\d{4}-\d\d-\d\d)\Z",
            title="a day that the calendar has, as YYYY-MM-DD, or nothing",
            examples=["2018-10-02"],
            description="first day of the synthetic city, YYYY-MM-DD; empty: 60 days before its "
            "first start",
        ),
    ] = ""

    @property
    def names(self) -> list[str]:
        """What `source` names, one by one."""
        return [line for line in self.source.split("\n") if line.strip()]


class StreamSettings(Room, frozen=True):
    """The Spark query."""

    window_minutes: Annotated[
        Literal[1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60],
        Meta(description="width of a cell's window in minutes: hours are sums of windows"),
    ] = 60
    lateness_hours: Annotated[
        Annotated[float, Meta(ge=0, le=MOST_LATENESS_HOURS)] | Literal["off"] | None,
        Meta(
            examples=[168],
            description="allowed lateness in hours, or `off`: then no record is late or from the "
            "future; unset: 168 for a topic of this producer, off for any other",
        ),
    ] = None
    max_records_per_batch: Annotated[
        int,
        Meta(ge=1, description=f"bounds a micro-batch (maxOffsetsPerTrigger); {_LESS_MEMORY}"),
    ] = 250_000
    trigger_ms: Annotated[
        int, Meta(ge=0, description="least time between the starts of two micro-batches")
    ] = 150
    spark_properties: Annotated[
        dict[str, str],
        Meta(description="further properties of the SparkSession; none that sfcrime sets itself"),
    ] = {}
    source_options: Annotated[
        dict[str, str],
        Meta(description="further options of Spark's Kafka source; none that sfcrime sets itself"),
    ] = {}
    ui_port: Annotated[Port, Meta(description="Spark UI on loopback; 0 picks a free one")] = 3000
    heap: Annotated[Heap, Meta(description=f"heap of the Spark driver; {_LESS_MEMORY}")] = "1200m"
    jvm_options: Annotated[
        str,
        Meta(
            description="further options of the driver's JVM, with spaces between; they win over "
            "sfcrime's own, e.g. `-XX:-UseParallelGC -XX:+UseG1GC`",
        ),
    ] = ""
    master: Annotated[
        str,
        Meta(
            pattern=r"^(local(\[[^\]\s]*\])?|(spark|k8s)://\S+|yarn)\Z",
            title="`local[*]`, `spark://host:port`, `k8s://...` or `yarn`",
            description="Spark master: this machine's processors, or a cluster (docs/clusters.md)",
        ),
    ] = "local[*]"
    driver_host: Annotated[
        str,
        Meta(description="name or address under which executors of a cluster reach this machine"),
    ] = ""
    executor_python: Annotated[
        str,
        Meta(
            description="Python of a cluster's executors, of the same minor version; empty: "
            "`python3.N` as it is found there"
        ),
    ] = ""
    executor_archive: Annotated[
        str,
        Meta(
            description="what `sfcrime pack` made, handed to a cluster's executors; empty: sfcrime "
            "is installed there"
        ),
    ] = ""
    spark_properties_file: Annotated[
        str,
        Meta(
            description="further Spark properties in a file that only you can read (mode 0600): "
            "the secrets of a cluster"
        ),
    ] = ""


class JvmSettings(Room, frozen=True):
    """The Java runtime and the jars."""

    java_home: Annotated[
        str, Meta(description="another Java >= 17; empty: the one from the wheel")
    ] = ""
    cache_dir: Annotated[
        str, Meta(description="where jars are kept; empty: the user cache folder")
    ] = ""
    startup_cache: Annotated[
        Literal["use", "train", "off"],
        Meta(
            description="Java's ahead-of-time cache. `use`: it is used, and where it is not there "
            "yet `sfcrime run` trains it beside its work; `off`: neither; `train` is what the JVMs "
            "of a training get",
        ),
    ] = "use"


class StoreSettings(Room, frozen=True):
    """Where results are kept."""

    data_dir: Annotated[
        str, Meta(description="folder of broker and store: new, empty, or made by sfcrime")
    ] = "data"
    url: Annotated[
        str,
        Meta(
            examples=["postgresql://user@host/database"],
            description="a PostgreSQL database that holds the store, without a password, e.g. "
            "`postgresql://user@host/database`; empty: a file in the data folder",
        ),
    ] = ""
    password_file: Annotated[
        str,
        Meta(
            description="file that only you can read (mode 0600) with the password of `url`; "
            "empty: the variable PGPASSWORD, or what PostgreSQL's clients use else"
        ),
    ] = ""
    progress_rows: Annotated[
        int, Meta(ge=10, description="how many batches' progress and ledger rows are kept")
    ] = 10_000
    rejected_rows: Annotated[
        int,
        Meta(
            ge=0,
            description="how many rejected records are listed, the newest; 0: all. What is dropped "
            "stays in the sums by reason",
        ),
    ] = 1_000_000
    late_rows: Annotated[
        int,
        Meta(ge=0, description="how many late records are listed, the newest; 0: all"),
    ] = 1_000_000


class DashboardSettings(Room, frozen=True):
    """The page and its API."""

    host: Annotated[
        str,
        Meta(
            description="address that the page listens on; one that other machines can reach needs "
            "`token_file` and `allowed_hosts`"
        ),
    ] = "127.0.0.1"
    port: Annotated[Port, Meta(description="port of the page; 0 picks a free one")] = 8000
    allowed_hosts: Annotated[
        str,
        Meta(
            description="host names, with commas between, under which browsers may reach the page "
            "besides those of loopback"
        ),
    ] = ""
    token_file: Annotated[
        str,
        Meta(
            description="file that only you can read (mode 0600) with a token of at least 16 "
            "characters, which everybody who looks has to know; empty: no token"
        ),
    ] = ""


class SupervisionSettings(Room, frozen=True):
    """How parts that end, hang or are away are dealt with."""

    silence_s: Annotated[
        int,
        Meta(
            ge=10,
            description="a job that has work and commits nothing, or gives no sign of life, for so "
            "many seconds is killed and started again; the embedded broker after twice as many",
        ),
    ] = 60
    give_up_after_s: Annotated[
        int,
        Meta(
            ge=0,
            description="how many seconds a part that ends is started again, and a Kafka that is "
            "away is waited for, before the run ends",
        ),
    ] = 1800


class Settings(Room, frozen=True):
    """All rooms together."""

    kafka: KafkaSettings = KafkaSettings()
    source: SourceSettings = SourceSettings()
    stream: StreamSettings = StreamSettings()
    jvm: JvmSettings = JvmSettings()
    store: StoreSettings = StoreSettings()
    dashboard: DashboardSettings = DashboardSettings()
    supervision: SupervisionSettings = SupervisionSettings()

    @property
    def data_dir(self) -> Path:
        return Path(self.store.data_dir).expanduser().resolve()

    def at_servers(self, bootstrap_servers: str) -> Settings:
        """The same with the addresses of brokers filled in."""
        kafka = msgspec.structs.replace(self.kafka, bootstrap_servers=bootstrap_servers)
        return msgspec.structs.replace(self, kafka=kafka)

    def of_topic(self, topic: str) -> Settings:
        """The same for another topic."""
        kafka = msgspec.structs.replace(self.kafka, topic=topic)
        return msgspec.structs.replace(self, kafka=kafka)

    def in_folder(self, data_dir: Path) -> Settings:
        """The same with another data folder, and the store in it."""
        store = msgspec.structs.replace(
            self.store, data_dir=str(data_dir), url="", password_file=""
        )
        return msgspec.structs.replace(self, store=store)
