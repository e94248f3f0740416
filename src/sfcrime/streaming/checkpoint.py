"""Spark's checkpoints, one a query: identity, how far it is, and whether the store agrees.

Spark itself accepts an old checkpoint under changed rules, another window or a recreated topic,
and goes on with wrong numbers. So a fingerprint lies beside Spark's own files, the store holds
the same, and both must agree with each other and with what is asked for.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from sfcrime.errors import FingerprintChanged, StoreAndCheckpointDisagree
from sfcrime.store.records import Generation

FINGERPRINT_FILE = "sfcrime.json"
_METADATA_FILE = "metadata"  # Spark's: {"id": "<query id>"}

REBUILD = "sfcrime rebuild"
"""The one command that counts anew."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Everything that shapes the numbers; a change in it would change them."""

    topic: str
    topic_id: str
    lateness_s: int | None
    window_minutes: int
    rules_version: int

    @classmethod
    def of(cls, generation: Generation) -> Fingerprint:
        return cls(
            generation.topic,
            generation.topic_id,
            generation.lateness_s,
            generation.window_minutes,
            generation.rules_version,
        )

    def require_same(self, other: Fingerprint, where: str) -> None:
        """Refuses a difference by name.

        Raises:
            FingerprintChanged: naming what differs, both values, and the command that counts
                anew with what is asked for here.
        """
        mine, theirs = asdict(self), asdict(other)
        changed = [
            f"{name} was {theirs[name]!r} and is now {value!r}"
            for name, value in mine.items()
            if theirs[name] != value
        ]
        if changed:
            raise FingerprintChanged(
                f"The numbers in {where} were made otherwise: {'; '.join(changed)}.",
                rule="A change that would change numbers is refused, never silently accepted.",
                next_step=f"set it back, or count the topic anew: {self._rebuild(theirs)}",
            )

    def _rebuild(self, theirs: dict[str, object]) -> str:
        """The command that counts by this fingerprint where the numbers were made by `theirs`."""
        flags = []
        if theirs["topic"] != self.topic:
            flags.append(f"--topic {self.topic}")
        if theirs["window_minutes"] != self.window_minutes:
            flags.append(f"--window {self.window_minutes}")
        if theirs["lateness_s"] != self.lateness_s and self.lateness_s is not None:
            flags.append(f"--lateness-hours {self.lateness_s / 3600:g}")
        if theirs["topic_id"] != self.topic_id or theirs["topic"] != self.topic:
            flags.append("--accept-loss")
        return " ".join([REBUILD, *flags])


class Checkpoints:
    """The folder that holds a checkpoint for every query, each named by its query id.

    There are two only while a rebuild counts, and until the one it replaced is cleared.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def of(self, query_id: str) -> Checkpoint:
        """The checkpoint of a query, which may not exist."""
        return Checkpoint(self.path / query_id)

    def all(self) -> list[Checkpoint]:
        """Those that exist, by query id."""
        folders = sorted(self.path.iterdir()) if self.path.is_dir() else []
        return [each for each in map(Checkpoint, folders) if each.exists()]

    def create(self, query_id: str, fingerprint: Fingerprint) -> Checkpoint:
        """Makes a checkpoint with a query id of our choosing, whole or not at all."""
        made = self.of(query_id)
        partial = made.path.with_name(f"{query_id}.part")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        (partial / _METADATA_FILE).write_text(json.dumps({"id": query_id}), encoding="utf-8")
        (partial / FINGERPRINT_FILE).write_text(json.dumps(asdict(fingerprint)), encoding="utf-8")
        partial.rename(made.path)
        return made

    def keep_only(self, query_ids: Collection[str]) -> None:
        """Removes whatever else lies in the folder."""
        for entry in list(self.path.iterdir()) if self.path.is_dir() else []:
            if entry.name in query_ids:
                continue
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()


class Checkpoint:
    """The checkpoint folder of one query."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def exists(self) -> bool:
        return (self.path / _METADATA_FILE).is_file()

    @property
    def query_id(self) -> str:
        """Spark's id of the query."""
        try:
            return str(self._json(_METADATA_FILE)["id"])
        except KeyError as error:
            raise self._unreadable(_METADATA_FILE, error) from error

    @property
    def fingerprint(self) -> Fingerprint:
        try:
            return msgspec.convert(self._json(FINGERPRINT_FILE), Fingerprint)
        except msgspec.ValidationError as error:
            raise self._unreadable(FINGERPRINT_FILE, error) from error

    @property
    def last_planned(self) -> int | None:
        """The newest batch in Spark's write-ahead offset log; None before the first."""
        return self._newest("offsets")

    @property
    def last_committed(self) -> int | None:
        """The newest batch in Spark's commit log; None before the first."""
        return self._newest("commits")

    def _json(self, name: str) -> dict[str, object]:
        try:
            return msgspec.json.decode((self.path / name).read_bytes(), type=dict[str, object])
        except (OSError, msgspec.DecodeError) as error:
            raise self._unreadable(name, error) from error

    def _unreadable(self, name: str, error: Exception) -> StoreAndCheckpointDisagree:
        return StoreAndCheckpointDisagree(
            f"The checkpoint {self.path} has no readable {name}: {error}.",
            rule="This job only goes on from a checkpoint that it made.",
            next_step=f"restore it, or count the topic anew: {REBUILD}",
        )

    def _newest(self, log: str) -> int | None:
        folder = self.path / log
        if not folder.is_dir():
            return None
        return max(
            (int(file.name) for file in folder.iterdir() if file.name.isdigit()), default=None
        )


def require_agreement(
    checkpoints: Checkpoints,
    generation: Generation | None,
    last_batch: int | None,
    leftovers: Collection[str] = (),
) -> None:
    """Refuses to go on from a store and a checkpoint that do not tell one history.

    The store's ledger may be where Spark's commit log is, or one batch ahead: the job died
    between the two commits. Anything else means that one of them was deleted, restored, edited,
    or lost its tail.

    Args:
        checkpoints: the folder; may not exist.
        generation: what the store holds; None where it holds nothing.
        last_batch: the newest batch of its ledger.
        leftovers: queries that the store knows and that nobody goes on with.

    Raises:
        StoreAndCheckpointDisagree: naming the difference.
        FingerprintChanged: both exist and were made otherwise.
    """
    if generation is None:
        for each in checkpoints.all():
            if each.last_planned is not None and each.path.name not in leftovers:
                raise _disagree(
                    f"the checkpoint {each.path} has planned batch {each.last_planned}, "
                    "the store is empty"
                )
        return
    checkpoint = checkpoints.of(generation.query_id)
    if not checkpoint.exists():
        counted = f"up to batch {last_batch}" if last_batch is not None else "nothing yet"
        others = ", ".join(each.path.name for each in checkpoints.all())
        raise _disagree(
            f"the store has counted {counted} by query {generation.query_id}, there is no "
            f"checkpoint of it" + (f" (but of {others})" if others else "")
        )
    if checkpoint.query_id != generation.query_id:
        raise _disagree(
            f"the checkpoint is of query {checkpoint.query_id}, "
            f"the store of query {generation.query_id}"
        )
    Fingerprint.of(generation).require_same(checkpoint.fingerprint, f"{checkpoint.path}")
    ledger = -1 if last_batch is None else last_batch
    committed = -1 if checkpoint.last_committed is None else checkpoint.last_committed
    if ledger - committed not in (0, 1):
        raise _disagree(
            f"the store's ledger ends at batch {ledger}, Spark's commit log at batch {committed}"
        )


def _disagree(difference: str) -> StoreAndCheckpointDisagree:
    return StoreAndCheckpointDisagree(
        f"Store and checkpoint disagree: {difference}.",
        rule="The ledger is where Spark's commit log is, or one batch ahead; nothing else.",
        next_step=f"restore both from one moment, or count the topic anew: {REBUILD}",
    )
