"""The error tree. A bad record is never an error: it is a rejected row with a reason.

    SfcrimeError                    exit code 1
    +-- UsageError                  2  a flag or setting that cannot be
    +-- UnreadableFile              3  a source file that ends before its end
    +-- Unreachable                 4  a dependency that does not answer
    |   +-- JavaUnavailable
    |   +-- JarsUnavailable
    |   +-- KafkaUnavailable
    |   +-- StoreUnavailable
    |   |   +-- StoreEmpty
    |   +-- PortTaken
    +-- Refused                     1  going on would change or endanger numbers
    |   +-- TopicRefused
    |   |   +-- TopicMadeAnew
    |   +-- FingerprintChanged
    |   +-- AlreadyRunning
    +-- AccountingBroken            1  the four outcomes do not add up
    +-- ChildFailed                 1  a supervised process ended by itself

Every message says what happened (with the value), the rule it met, and the next step.
"""

from __future__ import annotations

EXIT_OK = 0
EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_DATA_DIFFERS = 3
EXIT_UNREACHABLE = 4
EXIT_INTERRUPTED = 130

ERROR_FILE = "_SFCRIME_ERROR_FILE"
"""The variable that names a file for the facts of the error that ends a command, as JSON: whoever
started the command asks them there, and not its text."""


class SfcrimeError(Exception):
    """Root of every error this package raises on purpose.

    Args:
        happened: what happened, with the value that was met.
        rule: the rule it met; may be empty where `happened` already says it.
        next_step: a flag, a setting or a command that mends it.
    """

    exit_code: int = EXIT_FAILURE

    def __init__(self, happened: str, *, rule: str = "", next_step: str = "") -> None:
        self.happened = happened
        self.rule = rule
        self.next_step = next_step
        parts = [happened]
        if rule:
            parts.append(rule)
        if next_step:
            parts.append(f"Next step: {next_step}")
        super().__init__("\n".join(parts))


class UsageError(SfcrimeError):
    """A flag or setting has a value it cannot have."""

    exit_code = EXIT_USAGE


class UnreadableFile(SfcrimeError):
    """A source file cannot be read to its end; nothing of it was published.

    Args:
        name: of the file.
        problem: with the place where it is, as a sentence about the file without its end.
        shape: what the file has to be; may be empty.
    """

    exit_code = EXIT_DATA_DIFFERS

    def __init__(self, name: str, problem: str, shape: str = "") -> None:
        self.name, self.problem, self.shape = name, problem, shape
        wanted = f" ({shape})" if shape else ""
        super().__init__(
            f"{name} {problem}.",
            rule="A source is read whole before anything of it is published.",
            next_step=f"fetch or restore the file{wanted}, and run again",
        )


class Unreachable(SfcrimeError):
    """A dependency (Java, jars, Kafka, the store) cannot be reached."""

    exit_code = EXIT_UNREACHABLE


class JavaUnavailable(Unreachable):
    """No usable Java runtime."""


class JarsUnavailable(Unreachable):
    """The pinned jars are missing, or one differs from its committed hash."""


class KafkaUnavailable(Unreachable):
    """The broker does not answer, or the topic does not exist."""


class StoreUnavailable(Unreachable):
    """The store cannot be opened, read or written."""


class StoreEmpty(StoreUnavailable):
    """There is no store, or nothing in it yet."""

    def __init__(self, happened: str) -> None:
        super().__init__(
            happened,
            next_step="start counting with `sfcrime run`, or name the folder with --data-dir",
        )


class PortTaken(Unreachable):
    """A port that a server needs is in use."""


class Refused(SfcrimeError):
    """Going on would change or endanger numbers, so it was not done."""


class TopicRefused(Refused):
    """The topic holds another source, or has settings that would lose or bend records."""


class TopicMadeAnew(TopicRefused):
    """The topic was deleted and made again since it was counted.

    Args:
        topic: its name.
        counted_id, found_id: Kafka's ids of the one that was counted, and of the one found.
    """

    def __init__(self, topic: str, counted_id: str, found_id: str) -> None:
        self.topic, self.counted_id, self.found_id = topic, counted_id, found_id
        super().__init__(
            f"The topic {topic} is another one of the same name: its id was {counted_id!r} when it "
            f"was counted, and is now {found_id!r}.",
            rule="A topic that was deleted and made again is another topic: its offsets mean other "
            "records, and none of the stored numbers can be proved from it.",
            next_step="name the cluster that was counted with --bootstrap-servers, or count this "
            "topic in place of it: sfcrime rebuild --accept-loss",
        )


class FingerprintChanged(Refused):
    """Rules, window, lateness or topic differ from those the stored numbers were made with."""


class AlreadyRunning(Refused):
    """Another job holds the lock of this data directory."""


class AccountingBroken(SfcrimeError):
    """A batch whose outcomes do not add up; it was rolled back."""


class ChildFailed(SfcrimeError):
    """A supervised process ended by itself."""
