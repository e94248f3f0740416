"""The error tree. A bad record is never an error: it is a rejected row with a reason.

    SfcrimeError                    exit code 1
    +-- UsageError                  2  a flag or setting that cannot be
    +-- UnreadableFile              3  a source file that ends before its end
    +-- Unreachable                 4  a dependency that does not answer
    |   +-- JavaUnavailable
    |   +-- JarsUnavailable
    |   +-- KafkaUnavailable
    |   |   +-- TopicMissing
    |   +-- StoreUnavailable
    |   |   +-- StoreEmpty
    |   |   +-- StoreLost
    |   |   +-- StoreDamaged
    |   |   +-- ReadTooLong
    |   +-- SparkUnavailable
    |   +-- PostgresUnavailable
    |   +-- PortTaken
    +-- Refused                     1  going on would change or endanger numbers
    |   +-- TopicRefused
    |   |   +-- TopicMadeAgain
    |   |   +-- RecordsDeleted
    |   |   +-- TopicUnfit
    |   +-- FingerprintChanged
    |   +-- ExecutorRefused
    |   +-- ShardRefused
    |   +-- AlreadyRunning
    |   |   +-- StoreTaken
    +-- AccountingBroken            1  the four outcomes do not add up
    +-- ChildFailed                 1  a supervised process ended by itself
    |   +-- GivenUp                     it ended again and again
    +-- BackupFailed                1  a backup that cannot be made, or is not whole

Every message says what happened (with the value), the rule it met, and the next step. A class whose
facts a program may ask for, or that is raised at several places, keeps the facts as fields and
makes the message of them. No code looks into a message.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

EXIT_OK = 0
EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_DATA_DIFFERS = 3
EXIT_UNREACHABLE = 4
EXIT_INTERRUPTED = 130


class SfcrimeError(Exception):
    """Root of every error this package raises on purpose.

    Args:
        happened: what happened, with the value that was met.
        rule: the rule it met; may be empty where `happened` already says it.
        next_step: a flag, a setting or a command that mends it.
        may_pass: whether the same may go well later; see below.

    What an error is not given, it has from its class.
    """

    exit_code: int = EXIT_FAILURE
    rule: str = ""
    next_step: str = ""
    may_pass: bool = False
    """Whether the same may go well later, with nobody's hand: a part that ends with such an error
    is started again."""

    def __init__(
        self,
        happened: str,
        *,
        rule: str | None = None,
        next_step: str | None = None,
        may_pass: bool | None = None,
    ) -> None:
        self.happened = happened
        self.rule = self.rule if rule is None else rule
        self.next_step = self.next_step if next_step is None else next_step
        self.may_pass = self.may_pass if may_pass is None else may_pass
        mend = f"Next step: {self.next_step}" if self.next_step else ""
        super().__init__("\n".join(part for part in (happened, self.rule, mend) if part))


class UsageError(SfcrimeError):
    """A flag or setting has a value it cannot have."""

    exit_code = EXIT_USAGE


class UnreadableFile(SfcrimeError):
    """A source file cannot be read to its end; nothing of it was published.

    Args:
        name: of the file.
        problem: what is wrong and where, to follow the name in a sentence.
        shape: what the file has to be; may be empty.
    """

    exit_code = EXIT_DATA_DIFFERS
    rule = "A source is read whole before anything of it is published."

    def __init__(self, name: str, problem: str, shape: str = "") -> None:
        self.name, self.problem, self.shape = name, problem, shape
        wanted = f" ({shape})" if shape else ""
        mend = f"fetch or restore the file{wanted}, and run again"
        super().__init__(f"{name} {problem}.", next_step=mend)


class Unreachable(SfcrimeError):
    """A dependency (Java, jars, Kafka, the store) cannot be reached."""

    exit_code = EXIT_UNREACHABLE
    may_pass = True


class JavaUnavailable(Unreachable):
    """No usable Java runtime."""


class JarsUnavailable(Unreachable):
    """The pinned jars are missing, or one differs from its committed hash."""


class KafkaUnavailable(Unreachable):
    """The broker does not answer, or the topic does not exist."""

    next_step = "check that the broker runs and that --bootstrap-servers names it"


class TopicMissing(KafkaUnavailable):
    """The topic does not exist on the servers that were asked."""

    next_step = (
        "`sfcrime produce` makes it (and so does Kafka's kafka-topics --create); or correct --topic"
    )

    def __init__(self, topic: str, servers: str) -> None:
        self.topic, self.servers = topic, servers
        super().__init__(
            f"The topic {topic} does not exist on {servers}, or this user may not see it."
        )


class StoreUnavailable(Unreachable):
    """The store cannot be opened, read or written."""


class StoreEmpty(StoreUnavailable):
    """There is no store, or nothing in it yet."""

    next_step = "start counting with `sfcrime run`, or name the folder with --data-dir"


class StoreLost(StoreUnavailable):
    """The connection to the store's database was lost, or there is none to be had."""

    next_step = "check that the database runs and that --store-url names it"


class StoreDamaged(StoreUnavailable):
    """The store is no state of its ledger: only a whole copy of it helps."""

    may_pass = False


class ReadTooLong(StoreUnavailable):
    """A statement worked longer than its reader lets it."""

    rule = "Reads are bounded, so that none holds the store for long."
    next_step = "ask for less with --since and --until"


class SparkUnavailable(Unreachable):
    """The Spark cluster does not answer, or gives no executor."""


class PostgresUnavailable(Unreachable):
    """The local PostgreSQL server cannot be started."""


class PortTaken(Unreachable):
    """The address, host:port, that a server of ours is to have is in use.

    Args:
        address: host:port.
        server: what was to listen there, a noun.
        next_step: the flag that names another port.
    """

    next_step = (
        "--port 0 picks a free one; or stop what uses it, or name an outside cluster with "
        "--bootstrap-servers"
    )

    def __init__(
        self, address: str, server: str = "embedded broker", next_step: str | None = None
    ) -> None:
        self.address = address
        super().__init__(
            f"The {server} cannot listen on {address}: the port is in use.", next_step=next_step
        )


class Refused(SfcrimeError):
    """Going on would change or endanger numbers, so it was not done."""


class TopicRefused(Refused):
    """The topic holds another source, or has settings that would lose or bend records."""


class TopicMadeAgain(TopicRefused):
    """The topic was deleted and made again since it was counted.

    Its ids are Kafka's, of the topic that was counted and of the one that was found.
    """

    rule = (
        "A topic that was deleted and made again is another topic: its offsets mean other records, "
        "and none of the stored numbers can be proved from it."
    )
    next_step = (
        "name the cluster that was counted with --bootstrap-servers, or count this topic in place "
        "of it: sfcrime rebuild --accept-loss"
    )

    def __init__(self, topic: str, counted_id: str, found_id: str) -> None:
        self.topic, self.counted_id, self.found_id = topic, counted_id, found_id
        super().__init__(
            f"The topic {topic} is another one of the same name: its id was {counted_id!r} when it "
            f"was counted, and is now {found_id!r}."
        )


class RecordsDeleted(TopicRefused):
    """Records were deleted before they were counted.

    Args:
        topic, partition: where.
        wanted: the offset that is the next to be read.
        first: the first offset that is still kept.
    """

    rule = "Every record of the topic ends as one of four outcomes, so none is skipped."
    next_step = (
        "set the topic's retention.ms=-1, then count what it still holds: "
        "sfcrime rebuild --accept-loss"
    )

    def __init__(self, topic: str, partition: int, wanted: int, first: int) -> None:
        self.topic, self.partition, self.wanted, self.first = topic, partition, wanted, first
        super().__init__(
            f"Partition {partition} of {topic} begins at offset {first:,}; records {wanted:,} to "
            f"{first - 1:,} were deleted before they were counted."
        )


class TopicUnfit(TopicRefused):
    """A setting of the topic, of this name and value, would lose records or bend their times."""

    def __init__(self, topic: str, name: str, found: str, *, rule: str, next_step: str) -> None:
        self.topic, self.name, self.found = topic, name, found
        super().__init__(f"The topic {topic} has {name}={found}.", rule=rule, next_step=next_step)


class FingerprintChanged(Refused):
    """Rules, window, lateness or topic differ from those the stored numbers were made with.

    Args:
        changed: by name, the value that the numbers were made with, and the one of this start.
        next_step: the command that mends it.
    """

    rule = "A change that would change numbers is refused, never silently accepted."

    def __init__(self, changed: Mapping[str, tuple[object, object]], next_step: str) -> None:
        self.changed = changed
        said = [f"{name} was {old!r} and is now {new!r}" for name, (old, new) in changed.items()]
        happened = f"The numbers in the store were made otherwise: {'; '.join(said)}."
        super().__init__(happened, next_step=next_step)


class ExecutorRefused(Refused):
    """An executor of the Spark cluster lacks something, or would judge otherwise.

    Args:
        place: where it runs, to follow "The executor".
        lacks: what is wrong with it.
    """

    rule = "Every executor judges by the driver's own code, and reads by the same connector."
    next_step = (
        "give every executor this release: `sfcrime pack -o site.tar.gz` here, and "
        "SFCRIME_STREAM_EXECUTOR_ARCHIVE=site.tar.gz; or install it on each node"
    )

    def __init__(self, place: str, lacks: str, next_step: str | None = None) -> None:
        self.place, self.lacks = place, lacks
        super().__init__(f"The executor {place} cannot count: {lacks}.", next_step=next_step)


class ShardRefused(Refused):
    """A part of an audit by many machines that cannot be what the verdict rests on."""

    rule = (
        "An audit by many machines is one audit: all of them read and judge by one plan, and each "
        "shard of it is there once, as it was written."
    )


class AlreadyRunning(Refused):
    """Another process does what one alone may do in a folder; `what` is a noun for it."""

    next_step = "stop it, or use another --data-dir"
    may_pass = True

    def __init__(self, what: str, folder: Path, next_step: str | None = None) -> None:
        self.what, self.folder = what, folder
        super().__init__(
            f"Another {what} works in {folder}.",
            rule=f"A folder has one {what} at a time.",
            next_step=next_step,
        )


class StoreTaken(AlreadyRunning):
    """Another job writes to the same database.

    Args:
        store: the database, without secrets.
        holder: who has it, as far as the database tells.
    """

    def __init__(self, store: str, holder: str) -> None:
        self.store, self.holder = store, holder
        Refused.__init__(
            self,
            f"Another job writes to the store {store}: {holder}.",
            rule="A store has one writer. One of which the database has heard nothing for a "
            "minute is ended by the next.",
            next_step="stop the other job; or name another database with --store-url",
        )


class AccountingBroken(SfcrimeError):
    """A batch whose outcomes do not add up; it was rolled back."""

    next_step = "keep the data folder and report this; nothing of the batch was stored"


class ChildFailed(SfcrimeError):
    """A supervised process ended by itself."""

    may_pass = True


class GivenUp(ChildFailed):
    """A part could not be kept up.

    Args:
        part: its name.
        minutes: as long as it was tried.
        reason: why it was down last, in words that follow its name.
        last: the error that it ended with; its exit code and next step are this one's too.
    """

    rule = "What is down is started again, or waited for, as long as supervision.give_up_after_s."
    may_pass = False

    def __init__(self, part: str, minutes: float, reason: str, last: SfcrimeError) -> None:
        self.part, self.exit_code = part, last.exit_code
        super().__init__(
            f"The {part} could not be kept up for {minutes:,.0f} minutes; at last it {reason}",
            next_step=last.next_step,
        )


class BackupFailed(SfcrimeError):
    """A backup cannot be written, or is not what its manifest says."""
