"""A copy of the embedded broker's storage, made while it may be running.

Kafka appends to a log's newest segment and never changes the others, so a copy that is made file
by file holds of each log a beginning, the last batch of it perhaps cut off: what a killed broker
leaves. A broker that starts without the mark of an orderly stop reads each log again, compares
every batch with its checksum, and cuts off what is not whole. What it makes again from the logs
(indexes, the places up to which they were on the disk) is not copied: it would be of another
moment than they are.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from pathlib import Path

from sfcrime.errors import BackupFailed
from sfcrime.kafka.broker_files import RECORDS_OF_CLUSTER
from sfcrime.kafka.log_end import log_end
from sfcrime.machine.whole_folders import FileFacts, OnBytes, copy_file

STORAGE = "log"
"""Where the storage is inside the broker's folder."""
_OF_ALL_LOGS = ("meta.properties", "bootstrap.checkpoint", "log-start-offset-checkpoint")
_OF_A_LOG = re.compile(
    r"\d{20}\.(log|snapshot)(\.swap)?"  # records; which producers wrote up to there
    r"|\d{20}-\d{10}\.checkpoint"  # the cluster's own records, summed up
    r"|leader-epoch-checkpoint|partition\.metadata|quorum-state"
)
_A_LOG = re.compile(r".+-\d+")
_ATTEMPTS = 10
_AS_IN_FILES = str.maketrans("+/", "-_")
"""The client writes an id in one alphabet of base64, the broker in the other."""


def holds_topic(folder: Path, topic: str, topic_id: str, partitions: Collection[int]) -> bool:
    """Whether the broker of this folder, running or not, holds these partitions of this very topic.

    Args:
        folder: the broker's.
        topic, topic_id: its name, and Kafka's id of it, as a client is told it.
        partitions: those that matter; any one will do where there are none.
    """
    wanted = topic_id.translate(_AS_IN_FILES)
    logs = _partitions(folder / STORAGE, topic)
    holding = {number for number, log in logs.items() if _topic_id(log) == wanted}
    return bool(holding) and holding.issuperset(partitions)


def topic_ends(folder: Path, topic: str) -> dict[int, int]:
    """By partition, one past the last offset up to which the files hold all batches whole.

    A broker that reads a log again at its start cuts it off where a batch or a segment is missing.
    """
    ends = {}
    for partition, log in _partitions(folder / STORAGE, topic).items():
        segments = sorted(log.glob("*.log"))
        ends[partition] = end = log_end(segments[0]) if segments else 0
        for segment in segments[1:]:
            if int(segment.stem) != end:
                break
            ends[partition] = end = log_end(segment)
    return ends


def storage_size(folder: Path) -> int:
    """Bytes that a copy takes now."""
    storage = folder / STORAGE
    kept = [storage / name for name in _OF_ALL_LOGS]
    kept += [log / name for log in _logs(storage) for name in _kept_names(log)]
    return sum(_size(each) for each in kept)


def copy_storage(folder: Path, target: Path, on_bytes: OnBytes) -> dict[str, FileFacts]:
    """Copies the broker's storage, running or not.

    Every record that was written before this is called is in the copy. The cluster's own records
    come last, so that they know every topic that was copied.

    Args:
        folder: the broker's folder.
        target: the same of the copy.
        on_bytes: told as the files are read.

    Returns:
        The files of the copy, by their path in it.

    Raises:
        BackupFailed: the files of a log were renamed or deleted again and again meanwhile.
        OSError: a file cannot be read or written.
    """
    copied = {}
    for name in _OF_ALL_LOGS:
        if (source := folder / STORAGE / name).exists():
            copied[f"{STORAGE}/{name}"] = copy_file(source, target / STORAGE / name, on_bytes)
    for log in _logs(folder / STORAGE):
        facts = _copy_log(log, target / STORAGE / log.name, on_bytes)
        copied |= {f"{STORAGE}/{log.name}/{name}": each for name, each in facts.items()}
    return copied


def _copy_log(log: Path, target: Path, on_bytes: OnBytes) -> dict[str, FileFacts]:
    """In the order of offsets: when a segment is copied, all that came before are complete."""
    for _ in range(_ATTEMPTS):
        try:
            return {
                name: copy_file(log / name, target / name, on_bytes) for name in _kept_names(log)
            }
        except FileNotFoundError:  # its topic was deleted, or old segments, or they were compacted
            shutil.rmtree(target, ignore_errors=True)
            if not log.is_dir():
                return {}
    raise BackupFailed(
        f"The files in {log} were renamed or deleted under the copy, {_ATTEMPTS} times.",
        rule="A copy has every file of a log that was there at one moment.",
        next_step="run it again",
    )


def _kept_names(log: Path) -> list[str]:
    try:
        return sorted(each.name for each in log.iterdir() if _OF_A_LOG.fullmatch(each.name))
    except FileNotFoundError:
        return []


def _logs(storage: Path) -> list[Path]:
    """The logs of topics by name, then the cluster's own."""
    found = [each for each in storage.iterdir() if _A_LOG.fullmatch(each.name) and each.is_dir()]
    return sorted(found, key=lambda log: (log.name == RECORDS_OF_CLUSTER, log.name))


def _partitions(storage: Path, topic: str) -> dict[int, Path]:
    if not storage.is_dir():
        return {}
    named = ((log, log.name.rpartition("-")) for log in _logs(storage))
    return {int(number): log for log, (name, _, number) in named if name == topic}


def _topic_id(log: Path) -> str:
    try:
        text = (log / "partition.metadata").read_text("utf-8", "replace")
    except OSError:
        return ""
    found = re.search(r"^topic_id: *(\S+)$", text, re.MULTILINE)
    return found[1] if found else ""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
