"""An audit by many machines: the verdict of one, and nothing in it that is not whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from audit_samples import (
    BATCHES,
    OUR_GENERATION,
    ListTopic,
    audit_of,
    call,
    numbered,
    write_store,
)
from audit_surroundings import largest_file
from sfcrime.audit.plan_file import (
    PLAN_FILE,
    SHARDS,
    await_plan,
    begin,
    read_plan,
    require_counted_on,
    require_judge,
)
from sfcrime.audit.result import AuditResult
from sfcrime.audit.run_audit import run_audit
from sfcrime.audit.run_shards import CombinedShards, CountedShard, count_shard
from sfcrime.audit.shard_files import MARK_FILE, Shard, ShardMark, whole_shards
from sfcrime.audit.shard_plan import ShardPlan
from sfcrime.audit.share_count import count_here
from sfcrime.audit.shares import OffsetRange
from sfcrime.errors import FingerprintChanged, ShardRefused, TopicRefused, Unreachable
from sfcrime.machine.sealed_files import open_sealed, sealed
from sfcrime.machine.whole_files import write_whole
from sfcrime.store.address import PostgresqlAddress, StoreAddress
from sfcrime.store.reader import open_reader
from sfcrime.store.writer import open_writer


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.db"
    write_store(path, OUR_GENERATION)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "shared" / SHARDS


def _topic() -> ListTopic:
    return ListTopic(numbered())


def _planned(folder: Path, store: StoreAddress, shards: int = 3) -> ShardPlan:
    with open_reader(store) as reader:
        return begin(folder, reader, shards)


def _count(folder: Path, plan: ShardPlan, topic: ListTopic, numbers: Sequence[int] = ()) -> None:
    """Counts shards, all of the plan where none is named, each in two processes' shares."""
    for number in numbers or range(1, plan.shards + 1):
        shard = Shard(folder, plan, number)
        count_shard(shard, topic.state, count_here(topic.read, 2), lambda *_: None)


def _combined(folder: Path, store: StoreAddress, topic: ListTopic) -> AuditResult:
    plan = read_plan(folder)
    shards = whole_shards(folder, plan)
    with open_reader(store) as reader:
        require_counted_on(plan, folder, reader)
        count = CombinedShards(plan, shards, count_here(topic.read))
        return run_audit(reader, topic.state, count, sized_for=plan.due)


def _whole(store: StoreAddress, topic: ListTopic) -> AuditResult:
    with open_reader(store) as reader:
        return audit_of(reader, topic)


@pytest.fixture
def small_piles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two rows, so that there are several; of more offsets more."""
    monkeypatch.setattr("sfcrime.audit.shares.PILE_ROWS", 2)


@pytest.mark.usefixtures("small_piles")
@pytest.mark.parametrize("shards", [1, 2, 3, 20])
def test_shards_together_say_what_one_audit_says(folder: Path, store: Path, shards: int) -> None:
    _count(folder, _planned(folder, store, shards), _topic())

    combined = _combined(folder, store, _topic())

    assert combined.equal
    assert combined.accounting.read == 15
    assert combined.sequences is not None
    assert combined.sequences.records == 14
    assert combined == _whole(store, _topic())


def test_a_store_in_a_database_is_audited_by_shards_too(
    folder: Path, postgresql_store: PostgresqlAddress
) -> None:
    write_store(postgresql_store, OUR_GENERATION)
    _count(folder, _planned(folder, postgresql_store), _topic())

    combined = _combined(folder, postgresql_store, _topic())

    assert combined.equal
    assert combined == _whole(postgresql_store, _topic())


def test_shards_are_as_large_as_each_other_whatever_the_partitions(
    folder: Path, store: Path
) -> None:
    plan = _planned(folder, store)

    assert [Shard(folder, plan, number).ranges for number in (1, 2, 3)] == [
        {0: OffsetRange(0, 5)},
        {0: OffsetRange(5, 10)},
        {0: OffsetRange(10, 11), 1: OffsetRange(10, 15)},
    ]


def test_what_differs_is_named_as_by_one_audit(folder: Path, store: Path) -> None:
    wrong = [each for each in numbered() if (each.partition, each.offset) != (0, 8)]
    extra = call("6", "Noise Nuisance", "2018-10-02T11:00:00.000", "GOA")
    topic = ListTopic(
        sorted(
            [*wrong, numbered()[10]._replace(value=extra)],
            key=lambda each: (each.partition, each.offset),
        )
    )
    _count(folder, _planned(folder, store), topic)

    combined = _combined(folder, store, topic)

    assert combined.exit_code == 3
    assert [each.what for each in combined.differences] == [
        "2018-10-02T11:00:00 | Noise Nuisance | GOA",
        "2018-10-02T11:00:00 | Noise Nuisance | HAN",
    ]
    assert combined.differences[0].places == ((0, 8),)
    assert combined == _whole(store, topic)


@pytest.mark.usefixtures("small_piles")
def test_what_is_counted_after_the_plan_is_read_by_who_combines(
    folder: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store.db"
    with open_writer(store, history_rows=100) as writer:
        writer.create_generation(OUR_GENERATION)
        writer.commit_batch(BATCHES[0])
    _count(folder, _planned(folder, store, 2), _topic())
    with open_writer(store, history_rows=100) as writer:
        for batch in BATCHES[1:]:
            writer.commit_batch(batch)
    rest = ListTopic([each for each in numbered() if each.offset >= {0: 6, 1: 12}[each.partition]])

    combined = _combined(folder, store, rest)

    assert combined.equal
    assert combined.accounting.read == 15
    assert combined == _whole(store, _topic())


def _damaged_file(place: Path) -> Path:
    return max(place.glob("rows-*"))


def _cut(place: Path) -> None:
    os.truncate(_damaged_file(place), 16)


def _flip(place: Path) -> None:
    path = _damaged_file(place)
    content = bytearray(path.read_bytes())
    content[5] ^= 1
    path.write_bytes(content)


def _lose(place: Path) -> None:
    _damaged_file(place).unlink()


def _cut_mark(place: Path) -> None:
    os.truncate(place / MARK_FILE, 300)


def _lose_mark(place: Path) -> None:
    (place / MARK_FILE).unlink()


def _another_digit(place: Path) -> None:
    content = (place / MARK_FILE).read_bytes()
    assert b'"read": 2' in content
    (place / MARK_FILE).write_bytes(content.replace(b'"read": 2', b'"read": 1'))


def _changed(place: Path, change: Callable[[ShardMark], ShardMark]) -> None:
    mark = open_sealed((place / MARK_FILE).read_bytes(), ShardMark)
    write_whole(place / MARK_FILE, sealed(change(mark)))


def _of_plan(**other: object) -> Callable[[Path], None]:
    def change(mark: ShardMark) -> ShardMark:
        return msgspec.structs.replace(mark, plan=msgspec.structs.replace(mark.plan, **other))

    return lambda place: _changed(place, change)


def _of_offsets(place: Path) -> None:
    """The first share says that it began one later."""

    def change(mark: ShardMark) -> ShardMark:
        first, *others = mark.results
        (piece,) = first.slices
        moved = msgspec.structs.replace(piece, start=piece.start + 1)
        return msgspec.structs.replace(
            mark, results=(msgspec.structs.replace(first, slices=(moved,)), *others)
        )

    _changed(place, change)


def _of_number(place: Path) -> None:
    _changed(place, lambda mark: msgspec.structs.replace(mark, number=4))


def _of_other_files(place: Path) -> None:
    _changed(
        place,
        lambda mark: msgspec.structs.replace(
            mark, files={f"../{name}": each for name, each in mark.files.items()}
        ),
    )


VIOLATIONS = [
    ("left out", shutil.rmtree, "shard 2 of 3 is left out"),
    ("cut off", _cut, "shard-2-of-3 is cut off: rows-1-0 has 16 bytes, and had 32 when it was"),
    ("a bit", _flip, "shard-2-of-3 is damaged: rows-1-0 is not what was written (SHA-256)"),
    ("a file lost", _lose, "shard-2-of-3 lacks rows-1-0 (No such file or directory)"),
    ("its mark cut off", _cut_mark, "shard-2-of-3 is damaged at shard.json: it cannot be read"),
    ("its mark lost", _lose_mark, "shard-2-of-3 has no shard.json that can be read"),
    ("its mark changed", _another_digit, "is damaged at shard.json: it is not what was written"),
    (
        "another topic",
        _of_plan(topic_id="another"),
        'shard-2-of-3 is of another audit: topic_id is "another", not "sR7o2k1kT3yJ9i5lUw8Q2g"',
    ),
    (
        "other ends",
        _of_plan(offsets={0: (0, 11), 1: (10, 14)}),
        'offsets is {"0":[0,11],"1":[10,14]}, not {"0":[0,11],"1":[10,15]}',
    ),
    ("other rules", _of_plan(rules_version=0), "is of another audit: rules_version is 0, not"),
    ("another judge", _of_plan(judge="abc"), 'is of another audit: judge is "abc", not'),
    ("an older plan", _of_plan(planned_ms=7), "is of another audit: planned_ms is 7, not"),
    ("a hole", _of_offsets, "shard-2-of-3 did not read the offsets of shard 2"),
    ("no such shard", _of_number, "shard-2-of-3 did not read the offsets of shard 4"),
    ("other files", _of_other_files, "shard-2-of-3 names other files in shard.json"),
]


@pytest.mark.parametrize(
    "damage, said", [each[1:] for each in VIOLATIONS], ids=[each[0] for each in VIOLATIONS]
)
def test_a_shard_that_is_not_what_it_has_to_be_is_named(
    folder: Path, store: Path, damage: Callable[[Path], None], said: str
) -> None:
    plan = _planned(folder, store)
    _count(folder, plan, _topic())
    assert [mark.number for _, mark in whole_shards(folder, plan)] == [1, 2, 3]

    damage(folder / "shard-2-of-3")

    with pytest.raises(ShardRefused) as refused:
        whole_shards(folder, plan)
    assert said in refused.value.happened
    assert "shard 1" not in refused.value.happened
    assert "shard-1" not in refused.value.happened
    assert refused.value.happened.count(";") == 0
    assert "--shard i/3 --work-dir" in refused.value.next_step
    assert refused.value.exit_code == 1


def test_a_shard_that_is_there_twice_is_named(folder: Path, store: Path) -> None:
    plan = _planned(folder, store)
    _count(folder, plan, _topic())
    shutil.copytree(folder / "shard-2-of-3", folder / "shard-2-again")

    with pytest.raises(ShardRefused) as refused:
        whole_shards(folder, plan)

    assert refused.value.happened == (
        f"The shards in {folder} are no whole audit: shard 2 of 3 is there 2 times: "
        "shard-2-again, shard-2-of-3."
    )


def test_a_shard_in_the_place_of_another_leaves_that_one_out(folder: Path, store: Path) -> None:
    plan = _planned(folder, store)
    _count(folder, plan, _topic(), (1, 2))
    shutil.copytree(folder / "shard-2-of-3", folder / "shard-3-of-3")

    with pytest.raises(ShardRefused) as refused:
        whole_shards(folder, plan)

    assert refused.value.happened.endswith(
        "shard 2 of 3 is there 2 times: shard-2-of-3, shard-3-of-3; shard 3 of 3 is left out."
    )


def test_everything_that_is_wrong_is_said_at_once(folder: Path, store: Path) -> None:
    plan = _planned(folder, store)
    _count(folder, plan, _topic(), (2,))
    _cut(folder / "shard-2-of-3")

    with pytest.raises(
        ShardRefused, match=r"shard-2-of-3 is cut off: .*; shard 1 of 3 is left out; "
    ):
        whole_shards(folder, plan)


def test_a_shard_that_is_being_written_is_left_out(folder: Path, store: Path) -> None:
    plan = _planned(folder, store)
    _count(folder, plan, _topic())
    (folder / "shard-2-of-3").rename(folder / "shard-2-of-3.partial")

    with pytest.raises(ShardRefused, match=r": shard 2 of 3 is left out\.\n"):
        whole_shards(folder, plan)


def test_a_damaged_shard_is_replaced_when_it_is_counted_again(folder: Path, store: Path) -> None:
    plan = _planned(folder, store)
    _count(folder, plan, _topic())
    _cut(folder / "shard-2-of-3")

    _count(folder, plan, _topic(), (2,))

    assert _combined(folder, store, _topic()).equal
    assert sorted(each.name for each in folder.iterdir() if each.is_dir()) == [
        "shard-1-of-3",
        "shard-2-of-3",
        "shard-3-of-3",
    ]


def test_the_folder_says_which_shards_are_missing(folder: Path, store: Path) -> None:
    plan = _planned(folder, store)
    _count(folder, plan, _topic(), (2,))
    mark = _mark(folder)

    assert CountedShard(Shard(folder, plan, 2), mark, was_there=False).missing == [1, 3]


def _mark(folder: Path) -> ShardMark:
    return open_sealed((folder / "shard-2-of-3" / MARK_FILE).read_bytes(), ShardMark)


def test_a_shard_of_a_topic_that_was_made_again_is_not_counted(folder: Path, store: Path) -> None:
    plan = _planned(folder, store)

    with pytest.raises(TopicRefused, match="is now 'another-id'"):
        _count(folder, plan, ListTopic(id="another-id"), (2,))
    assert not (folder / "shard-2-of-3").exists()


def test_a_shard_whose_records_are_gone_is_not_counted(folder: Path, store: Path) -> None:
    plan = _planned(folder, store)
    topic = ListTopic(numbered(), firsts={0: 7, 1: 10})

    _count(folder, plan, topic, (3,))
    with pytest.raises(TopicRefused, match=r"2 of the 5 offsets .* partition 0: offsets 5 to 6"):
        _count(folder, plan, topic, (2,))


def test_a_disk_that_is_full_is_named(folder: Path, store: Path) -> None:
    plan = _planned(folder, store)

    with largest_file(900), pytest.raises(Unreachable, match="of an audit's shards cannot be used"):
        _count(folder, plan, _topic(), (1,))
    assert [each.name for each in folder.iterdir() if each.is_dir()] == []


def test_the_plan_stays_where_the_first_shard_is_counted_again(folder: Path, store: Path) -> None:
    plan = _planned(folder, store)

    assert _planned(folder, store) == plan
    assert await_plan(folder, 3) == plan


def test_a_plan_for_other_shards_is_refused(folder: Path, store: Path) -> None:
    _planned(folder, store)

    for refused in (lambda: _planned(folder, store, 2), lambda: await_plan(folder, 2)):
        with pytest.raises(ShardRefused, match="has 3 shards, and one of 2 was asked for") as error:
            refused()
        assert "--shard i/3" in error.value.next_step


def test_a_plan_that_never_comes_is_said_to_be_missing(folder: Path) -> None:
    with pytest.raises(Unreachable, match="There is no plan of an audit in") as error:
        await_plan(folder, 3, within_s=0)
    assert f"sfcrime audit --shard 1/3 --work-dir {folder.parent}" in error.value.next_step
    assert error.value.exit_code == 4


def test_a_plan_that_is_damaged_is_refused(folder: Path, store: Path) -> None:
    _planned(folder, store)
    os.truncate(folder / PLAN_FILE, 100)

    with pytest.raises(ShardRefused, match=r"plan\.json is damaged: it cannot be read"):
        read_plan(folder)


def test_a_plan_of_another_judge_is_refused(
    folder: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = _planned(folder, store)
    with pytest.raises(FingerprintChanged):
        require_judge(msgspec.structs.replace(plan, rules_version=0), folder)

    monkeypatch.setattr("sfcrime.audit.shard_plan.zone_offset_us", lambda hour: 0)

    with pytest.raises(ShardRefused, match="begun with another sfcrime"):
        await_plan(folder, 3)


def test_a_store_of_other_numbers_than_the_plans_is_refused(
    folder: Path, store: Path, tmp_path: Path
) -> None:
    _planned(folder, store)
    another = tmp_path / "another.db"
    write_store(another, replace(OUR_GENERATION, created_ms=1_800_000_000_000))

    with pytest.raises(
        ShardRefused, match="created_ms was 1700000000000 and is 1800000000000"
    ) as error:
        _planned(folder, another)
    assert f"remove {folder} and begin again" in error.value.next_step


def test_a_store_that_went_back_before_the_plan_is_refused(
    folder: Path, store: Path, tmp_path: Path
) -> None:
    _planned(folder, store)
    older = tmp_path / "older.db"
    with open_writer(older, history_rows=100) as writer:
        writer.create_generation(OUR_GENERATION)
        writer.commit_batch(BATCHES[0])

    with open_reader(older) as reader, pytest.raises(ShardRefused) as refused:
        require_counted_on(read_plan(folder), folder, reader)
    assert (
        "partition 0 was counted from offset 0 to 11 (exclusive) and is now from 0 to 6; "
        "partition 1 was counted from offset 10 to 15 (exclusive) and is now from 10 to 12."
    ) in refused.value.happened
