"""Spark's state: how many parts it has, where it is kept, and what a checkpoint holds of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from sfcrime.errors import UsageError

SHUFFLE_PARTITIONS = "spark.sql.shuffle.partitions"
STATE_STORE = "spark.sql.streaming.stateStore.providerClass"
_PROVIDERS = "org.apache.spark.sql.execution.streaming.state."
STATE_STORES = {
    "memory": f"{_PROVIDERS}HDFSBackedStateStoreProvider",
    "rocksdb": f"{_PROVIDERS}RocksDBStateStoreProvider",
}
"""The state is in the checkpoint either way; what differs is where a batch works on it: on the
JVM's heap, or in a database on the local disk."""


@dataclass(frozen=True)
class StateChoice:
    """How the query keeps its state."""

    partitions: int
    """Each is a task and two state stores (repeats, counts) in every batch. Fixed in the
    checkpoint from the first batch on."""
    store: str
    """A name of `STATE_STORES`. Fixed likewise."""


def state_properties(choice: StateChoice, lateness_s: int | None) -> dict[str, str]:
    """The properties of a session whose query has state.

    Args:
        choice: as asked for.
        lateness_s: allowed lateness; None: no watermark bounds the state, so every id is kept,
            more than fits in memory.
    """
    store = "rocksdb" if lateness_s is None else choice.store
    return {
        SHUFFLE_PARTITIONS: str(choice.partitions),
        STATE_STORE: STATE_STORES[store],
        # Rename in place of Hadoop's abstraction over it: saves 40 process forks a batch.
        "spark.sql.streaming.checkpointFileManagerClass": (
            "org.apache.spark.sql.execution.streaming.checkpointing"
            ".FileSystemBasedCheckpointFileManager"
        ),
        "spark.sql.streaming.minBatchesToRetain": "20",
        "spark.sql.adaptive.enabled": "false",  # never applies to a query with state
    }


def require_free_properties(given: Mapping[str, str]) -> None:
    """Refuses what has an option of its own.

    Raises:
        UsageError: names the property and the option.
    """
    options = {SHUFFLE_PARTITIONS: "--shuffle-partitions", STATE_STORE: "--state-store"}
    for name in given:
        if name in options:
            raise UsageError(
                f"--spark-property names {name}.",
                rule=f"The option {options[name]} sets it.",
                next_step=f"{options[name]} in its place",
            )


def last_committed(checkpoint: Path) -> int | None:
    """The newest batch in Spark's commit log; None before the first."""
    folder = checkpoint / "commits"
    names = [file.name for file in folder.iterdir()] if folder.is_dir() else []
    return max((int(name) for name in names if name.isdigit()), default=None)


def counts_in_state(spark: SparkSession, checkpoint: Path) -> DataFrame:
    """The groups and their counts as the checkpoint's newest batch left them."""
    path = str(checkpoint)
    _ = spark.streams.active  # asking for queries starts what state is found through
    operators = spark.read.format("state-metadata").load(path).collect()
    (counting,) = {
        operator.operatorId for operator in operators if operator.operatorName == "stateStoreSave"
    }
    state = spark.read.format("statestore").option("operatorId", counting).load(path)
    return state.select("key.*", "value.count")
