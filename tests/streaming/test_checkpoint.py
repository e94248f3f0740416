"""Store and checkpoint tell one history, or the job does not go on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sfcrime.domain.outcomes import RULES_VERSION
from sfcrime.errors import FingerprintChanged, StoreAndCheckpointDisagree
from sfcrime.store.records import Generation
from sfcrime.streaming.checkpoint import (
    Checkpoint,
    Checkpoints,
    Fingerprint,
    require_agreement,
)
from store_samples import GENERATION

FINGERPRINT = Fingerprint(
    topic="org.sf.police.calls",
    topic_id="yV3m0r0nQ0m2f8q1l5XbXA",
    lateness_s=604_800,
    window_minutes=60,
    rules_version=RULES_VERSION,
)


def _checkpoints(path: Path) -> Checkpoints:
    return Checkpoints(path / "checkpoint")


def _checkpoint(
    path: Path,
    *,
    planned: int | None = None,
    committed: int | None = None,
    generation: Generation = GENERATION,
) -> Checkpoint:
    """A checkpoint as Spark leaves it, up to the given batches."""
    checkpoint = _checkpoints(path).create(generation.query_id, Fingerprint.of(generation))
    for log, last in (("offsets", planned), ("commits", committed)):
        if last is not None:
            folder = checkpoint.path / log
            folder.mkdir()
            for batch_id in range(last + 1):
                (folder / str(batch_id)).write_text("v1\n")
                (folder / f".{batch_id}.crc").write_text("")  # Hadoop's checksums lie beside
    return checkpoint


def test_a_new_checkpoint_carries_the_query_id_and_the_fingerprint(tmp_path: Path) -> None:
    checkpoints = _checkpoints(tmp_path)
    assert not checkpoints.of("0b5f2f6e-6a1c-4a43-9a3e-1d6b5a1f0a01").exists()
    assert checkpoints.all() == []

    checkpoint = checkpoints.create("0b5f2f6e-6a1c-4a43-9a3e-1d6b5a1f0a01", FINGERPRINT)

    assert checkpoint.exists()
    assert checkpoint.query_id == "0b5f2f6e-6a1c-4a43-9a3e-1d6b5a1f0a01"
    assert checkpoint.fingerprint == FINGERPRINT
    assert checkpoint.last_planned is None
    assert checkpoint.last_committed is None
    assert [entry.name for entry in checkpoints.path.iterdir()] == [
        "0b5f2f6e-6a1c-4a43-9a3e-1d6b5a1f0a01"
    ]


def test_what_a_killed_creation_left_behind_is_replaced(tmp_path: Path) -> None:
    partial = tmp_path / "checkpoint" / f"{GENERATION.query_id}.part"
    partial.mkdir(parents=True)
    (partial / "metadata").write_text("half")

    assert _checkpoint(tmp_path).query_id == GENERATION.query_id
    assert not partial.exists()


def test_only_the_named_checkpoints_are_kept(tmp_path: Path) -> None:
    checkpoints = _checkpoints(tmp_path)
    for query_id in ("first", "second", "third"):
        checkpoints.create(query_id, FINGERPRINT)
    (checkpoints.path / "metadata").write_text("of a version that had one checkpoint")

    checkpoints.keep_only(["second"])

    assert [entry.name for entry in checkpoints.path.iterdir()] == ["second"]
    Checkpoints(tmp_path / "nowhere").keep_only([])


def test_the_newest_batch_is_the_highest_number_not_the_last_name(tmp_path: Path) -> None:
    checkpoint = _checkpoint(tmp_path, planned=10, committed=9)
    assert (checkpoint.last_planned, checkpoint.last_committed) == (10, 9)


@pytest.mark.parametrize(
    "ledger, committed",
    [(None, None), (0, None), (0, 0), (1, 0), (7, 7), (8, 7)],
)
def test_a_ledger_at_the_commit_log_or_one_batch_ahead_goes_on(
    tmp_path: Path, ledger: int | None, committed: int | None
) -> None:
    planned = ledger if committed is None else max(committed, ledger or 0)
    _checkpoint(tmp_path, planned=planned, committed=committed)
    require_agreement(_checkpoints(tmp_path), GENERATION, ledger)


@pytest.mark.parametrize(
    "ledger, committed, said",
    [
        (None, 0, "the store's ledger ends at batch -1, Spark's commit log at batch 0"),
        (1, None, "the store's ledger ends at batch 1, Spark's commit log at batch -1"),
        (6, 7, "the store's ledger ends at batch 6, Spark's commit log at batch 7"),
        (9, 7, "the store's ledger ends at batch 9, Spark's commit log at batch 7"),
    ],
)
def test_a_ledger_anywhere_else_is_refused_with_both_numbers(
    tmp_path: Path, ledger: int | None, committed: int | None, said: str
) -> None:
    _checkpoint(tmp_path, planned=committed, committed=committed)
    with pytest.raises(StoreAndCheckpointDisagree) as refused:
        require_agreement(_checkpoints(tmp_path), GENERATION, ledger)
    assert said in refused.value.happened
    assert refused.value.exit_code == 1


def test_nothing_and_nothing_agree(tmp_path: Path) -> None:
    require_agreement(_checkpoints(tmp_path), None, None)


def test_a_checkpoint_without_a_batch_and_an_empty_store_agree(tmp_path: Path) -> None:
    """The job died between making the one and the other."""
    _checkpoint(tmp_path)
    require_agreement(_checkpoints(tmp_path), None, None)


def test_a_deleted_store_is_refused(tmp_path: Path) -> None:
    _checkpoint(tmp_path, planned=4, committed=3)
    with pytest.raises(StoreAndCheckpointDisagree) as refused:
        require_agreement(_checkpoints(tmp_path), None, None)
    assert "planned batch 4, the store is empty" in refused.value.happened
    assert refused.value.next_step.endswith("sfcrime rebuild")


def test_a_given_up_rebuild_of_an_empty_store_is_no_deleted_store(tmp_path: Path) -> None:
    _checkpoint(tmp_path, planned=4, committed=3)
    require_agreement(_checkpoints(tmp_path), None, None, [GENERATION.query_id])


@pytest.mark.parametrize(
    "ledger, said",
    [
        (3, "has counted up to batch 3 by query"),
        (0, "has counted up to batch 0 by query"),
        (None, "has counted nothing yet by query"),
    ],
)
def test_a_deleted_checkpoint_is_refused(tmp_path: Path, ledger: int | None, said: str) -> None:
    with pytest.raises(StoreAndCheckpointDisagree, match=said) as refused:
        require_agreement(_checkpoints(tmp_path), GENERATION, ledger)
    assert "there is no checkpoint of it." in refused.value.happened
    assert refused.value.next_step.endswith("sfcrime rebuild")


def test_the_checkpoint_of_another_query_is_refused_naming_both(tmp_path: Path) -> None:
    other = replace(GENERATION, query_id="11111111-2222-3333-4444-555555555555")
    _checkpoint(tmp_path, planned=3, committed=3, generation=other)
    with pytest.raises(StoreAndCheckpointDisagree) as refused:
        require_agreement(_checkpoints(tmp_path), GENERATION, 3)
    assert "11111111-2222-3333-4444-555555555555" in refused.value.happened
    assert GENERATION.query_id in refused.value.happened


def test_a_checkpoint_under_the_name_of_another_query_is_refused(tmp_path: Path) -> None:
    checkpoint = _checkpoint(tmp_path, planned=3, committed=3)
    checkpoint.path.rename(checkpoint.path.with_name("another"))
    other = replace(GENERATION, query_id="another")
    with pytest.raises(StoreAndCheckpointDisagree, match="is of query 0b5f2f6e"):
        require_agreement(_checkpoints(tmp_path), other, 3)


def test_a_checkpoint_made_otherwise_is_refused(tmp_path: Path) -> None:
    _checkpoint(tmp_path, planned=3, committed=3)
    with pytest.raises(FingerprintChanged, match="window_minutes was 60 and is now 30"):
        require_agreement(_checkpoints(tmp_path), replace(GENERATION, window_minutes=30), 3)


@pytest.mark.parametrize("name", ["metadata", "sfcrime.json"])
@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}", "7", "\xff"])
def test_a_checkpoint_that_cannot_be_read_is_refused_not_replaced(
    tmp_path: Path, name: str, content: str | None
) -> None:
    checkpoint = _checkpoint(tmp_path, planned=0, committed=0)
    file = checkpoint.path / name
    file.unlink()
    if content is not None:
        file.write_text(content)
    with pytest.raises(StoreAndCheckpointDisagree):
        require_agreement(_checkpoints(tmp_path), GENERATION, 0)


@pytest.mark.parametrize(
    "change, said, flags",
    [
        (
            {"topic": "other"},
            "topic was 'org.sf.police.calls' and is now 'other'",
            " --topic other --accept-loss",
        ),
        (
            {"topic_id": "new"},
            "topic_id was 'yV3m0r0nQ0m2f8q1l5XbXA' and is now 'new'",
            " --accept-loss",
        ),
        ({"lateness_s": 5400}, "lateness_s was 604800 and is now 5400", " --lateness-hours 1.5"),
        ({"lateness_s": None}, "lateness_s was 604800 and is now None", ""),
        ({"window_minutes": 30}, "window_minutes was 60 and is now 30", " --window 30"),
        ({"rules_version": 99}, f"rules_version was {RULES_VERSION} and is now 99", ""),
    ],
)
def test_whatever_shapes_the_numbers_is_named_with_the_command_that_mends_it(
    change: dict[str, object], said: str, flags: str
) -> None:
    asked = replace(FINGERPRINT, **change)  # type: ignore[arg-type]
    with pytest.raises(FingerprintChanged) as refused:
        asked.require_same(FINGERPRINT, "the store")
    assert said in refused.value.happened
    assert refused.value.happened.count(" was ") == 1
    assert refused.value.next_step.endswith(f"sfcrime rebuild{flags}")


def test_the_same_fingerprint_is_no_change() -> None:
    FINGERPRINT.require_same(replace(FINGERPRINT), "the store")


def test_a_fingerprint_holds_what_the_generation_holds() -> None:
    assert Fingerprint.of(GENERATION) == FINGERPRINT


def test_a_fingerprint_of_other_types_is_refused(tmp_path: Path) -> None:
    checkpoint = _checkpoint(tmp_path, planned=0, committed=0)
    file = checkpoint.path / "sfcrime.json"
    known = json.loads(file.read_text())
    file.write_text(json.dumps({**known, "window_minutes": "60"}))
    with pytest.raises(StoreAndCheckpointDisagree):
        require_agreement(_checkpoints(tmp_path), GENERATION, 0)
