"""The error tree: its drawing, its exit codes, and what every message says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sfcrime import errors
from sfcrime.errors import SfcrimeError, UnreadableFile

EXIT_CODES = {
    "SfcrimeError": 1,
    "UsageError": 2,
    "UnreadableFile": 3,
    "Unreachable": 4,
    "JavaUnavailable": 4,
    "JarsUnavailable": 4,
    "KafkaUnavailable": 4,
    "TopicMissing": 4,
    "StoreUnavailable": 4,
    "StoreEmpty": 4,
    "StoreLost": 4,
    "StoreDamaged": 4,
    "ReadTooLong": 4,
    "SparkUnavailable": 4,
    "PostgresUnavailable": 4,
    "PortTaken": 4,
    "Refused": 1,
    "TopicRefused": 1,
    "TopicMadeAgain": 1,
    "RecordsDeleted": 1,
    "TopicUnfit": 1,
    "FingerprintChanged": 1,
    "ExecutorRefused": 1,
    "ShardRefused": 1,
    "AlreadyRunning": 1,
    "StoreTaken": 1,
    "AccountingBroken": 1,
    "ChildFailed": 1,
    "GivenUp": 1,
    "BackupFailed": 1,
}


def classes() -> dict[str, type[SfcrimeError]]:
    return {
        name: each
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, SfcrimeError)
    }


def drawn_tree() -> dict[str, tuple[str, int | None]]:
    """Class -> (its parent, its exit code where the drawing gives one), from the docstring."""
    found: dict[str, tuple[str, int | None]] = {}
    above: list[str] = []
    for line in str(errors.__doc__).splitlines():
        drawn = re.match(r"^    ((?:\|   |    )*)(\+-- )?(\w+)\s*(?:exit code )?(\d)?", line)
        if drawn is None:
            continue
        bars, branch, name, code = drawn.groups()
        depth = len(bars) // 4 + bool(branch)
        del above[depth:]
        found[name] = (above[-1] if above else "Exception", int(code) if code else None)
        above.append(name)
    return found


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    assert {name: parent for name, (parent, _) in drawn_tree().items()} == {
        name: each.__bases__[0].__name__ for name, each in classes().items()
    }


def test_the_exit_codes_in_the_docstring_are_those_of_the_classes() -> None:
    for name, (parent, code) in drawn_tree().items():
        assert code in (EXIT_CODES[name], None), name
        if code is None:
            assert EXIT_CODES[name] == EXIT_CODES[parent], name


def test_every_error_leaves_with_its_exit_code() -> None:
    assert {name: each.exit_code for name, each in classes().items()} == EXIT_CODES


def test_every_error_is_described() -> None:
    for name, each in classes().items():
        assert each.__doc__, name


PLAIN = [name for name, each in classes().items() if each.__init__ is errors.SfcrimeError.__init__]
"""Those that are told what to say; the others make it from their facts."""


@pytest.mark.parametrize("name", PLAIN)
def test_a_message_says_what_happened_the_rule_and_the_next_step(name: str) -> None:
    error = classes()[name](
        "Port 9092 is in use.", rule="Only one server listens on it.", next_step="--port 0"
    )

    assert str(error) == (
        "Port 9092 is in use.\nOnly one server listens on it.\nNext step: --port 0"
    )
    assert error.happened == "Port 9092 is in use."
    assert error.rule == "Only one server listens on it."
    assert error.next_step == "--port 0"


def test_a_file_that_is_damaged_is_named_with_what_it_has_to_be() -> None:
    error = UnreadableFile("calls.csv", "is damaged at line 3: a quote is missing", "CSV")

    assert (error.name, error.shape) == ("calls.csv", "CSV")
    assert str(error) == (
        "calls.csv is damaged at line 3: a quote is missing.\n"
        "A source is read whole before anything of it is published.\n"
        "Next step: fetch or restore the file (CSV), and run again"
    )


def test_a_message_without_a_rule_has_no_empty_line() -> None:
    assert str(SfcrimeError("It ended.", next_step="start it")) == "It ended.\nNext step: start it"
    assert str(SfcrimeError("It ended.")) == "It ended."


def test_an_error_that_leaves_out_its_next_step_has_that_of_its_class() -> None:
    assert str(errors.StoreEmpty("There is no store.")) == (
        "There is no store.\n"
        "Next step: start counting with `sfcrime run`, or name the folder with --data-dir"
    )
    assert str(errors.StoreEmpty("There is no store.", next_step="")) == "There is no store."


@pytest.mark.parametrize(
    ("error", "facts", "said"),
    [
        (
            errors.TopicMissing("calls", "host:9092"),
            {"topic": "calls", "servers": "host:9092"},
            ["The topic calls does not exist on host:9092", "`sfcrime produce` makes it"],
        ),
        (
            errors.RecordsDeleted("calls", 1, 7, 9),
            {"topic": "calls", "partition": 1, "wanted": 7, "first": 9},
            ["Partition 1 of calls begins at offset 9; records 7 to 8 were deleted"],
        ),
        (
            errors.TopicUnfit("calls", "retention.ms", "5", rule="None.", next_step="mend"),
            {"topic": "calls", "name": "retention.ms", "found": "5"},
            ["The topic calls has retention.ms=5.\nNone.\nNext step: mend"],
        ),
        (
            errors.FingerprintChanged({"window": (60, 30), "topic": ("a", "b")}, "set it back"),
            {"changed": {"window": (60, 30), "topic": ("a", "b")}},
            ["otherwise: window was 60 and is now 30; topic was 'a' and is now 'b'."],
        ),
        (
            errors.AlreadyRunning("job", Path("data")),
            {"what": "job", "folder": Path("data")},
            ["Another job works in data.", "A folder has one job at a time.", "--data-dir"],
        ),
        (
            errors.PortTaken("127.0.0.1:9092"),
            {"address": "127.0.0.1:9092"},
            ["cannot listen on 127.0.0.1:9092", "--port 0 picks a free one"],
        ),
    ],
)
def test_an_error_keeps_its_facts_and_says_them(
    error: SfcrimeError, facts: dict[str, object], said: list[str]
) -> None:
    assert {name: getattr(error, name) for name in facts} == facts
    assert all(each in str(error) for each in said), str(error)


def test_a_topic_that_was_made_again_is_named_with_both_ids() -> None:
    error = errors.TopicMadeAgain("calls", "old", "new")
    assert (error.topic, error.counted_id, error.found_id) == ("calls", "old", "new")
    assert "its id was 'old' when it was counted, and is now 'new'" in error.happened
    assert error.next_step.endswith("sfcrime rebuild --accept-loss")
