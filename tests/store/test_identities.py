"""An identity is counted once, whatever the order, the batches, the failures and the restarts."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from identity_samples import (
    TINY,
    Key,
    blocks,
    columns,
    commit,
    faults,
    loaded,
    opened,
    stored,
    write,
)
from identity_samples import (
    held as held_by,
)
from sfcrime.domain.calls import Stage
from sfcrime.errors import AccountingBroken
from sfcrime.store.identities import Identities
from sfcrime.store.identity_columns import IdentityColumns
from sfcrime.store.identity_levels import IdentityBounds

MINUTE_US = 60_000_000
NOON_US = 1_538_481_600_000_000
"""2018-10-02T12:00:00 on the wall."""
LAST_US = 4_102_444_799_999_999
"""The last microsecond of 2099."""

A, B, C = (182_750_001, NOON_US, 2), (182_750_002, NOON_US, 2), (182_750_001, NOON_US + 1, 2)


def expected(batch: list[Key], held: set[Key]) -> list[bool]:
    """By a set; takes the batch into `held`."""
    new = []
    for key in batch:
        new.append(key not in held)
        held.add(key)
    return new


def test_the_first_copy_in_the_order_of_the_rows_is_new(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        identities = loaded(engine)
        assert commit(engine, identities, [B, A, B, C, A]) == [True, True, False, True, False]
        assert commit(engine, identities, [C, B, A]) == [False, False, False]
        assert stored(engine) == [A, C, B]
        assert held_by(engine, identities) == 3


def test_one_call_at_two_stages_is_two_identities(tmp_path: Path) -> None:
    received = (*A[:2], int(Stage.RECEIVED))
    with opened(tmp_path) as engine:
        identities = loaded(engine)
        assert commit(engine, identities, [A, received, A]) == [True, True, False]
        assert stored(engine) == [received, A]


def test_the_ends_of_every_range_fit(tmp_path: Path) -> None:
    ends = [
        (call_id, call_us, stage)
        for call_id in (0, 10**18 - 1)
        for call_us in (946_684_800_000_000, LAST_US)
        for stage in (0, 1, 2)
    ]
    with opened(tmp_path) as engine:
        identities = loaded(engine)
        assert all(commit(engine, identities, ends))
        assert not any(commit(engine, loaded(engine), ends))
        assert stored(engine) == sorted(ends)


def test_nothing_is_held_before_anything_was_added(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        identities = loaded(engine)
        assert commit(engine, identities, []) == []
        assert (held_by(engine, identities), blocks(engine)) == (0, [])


def test_generations_do_not_see_each_other(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        commit(engine, loaded(engine, number=1), [A, B])
        second = loaded(engine, number=2)
        assert commit(engine, second, [A, C]) == [True, True]
        assert (stored(engine, 1), stored(engine, 2)) == ([A, B], [A, C])
        second.turn_to(1)
        assert (held_by(engine, second), commit(engine, second, [A, C])) == (2, [False, True])


small_keys = st.tuples(
    st.integers(0, 5),
    st.sampled_from([NOON_US, NOON_US + 1, NOON_US + MINUTE_US]),
    st.sampled_from([0, 2]),
)
any_keys = st.tuples(
    st.integers(0, 10**18 - 1), st.integers(946_684_800_000_000, LAST_US), st.just(2)
)
tiny_bounds = st.builds(
    IdentityBounds,
    block_identities=st.integers(1, 6),
    block_bytes=st.sampled_from([10, 40, 10_000]),
    level_0_identities=st.integers(1, 12),
    level_0_blocks=st.integers(1, 4),
    level_1_identities=st.integers(2, 12),
    growth=st.integers(2, 3),
    cache_bytes=st.sampled_from([0, 200, 100_000]),
)
what_follows = st.sampled_from(["kept", "kept", "failed", "reopened"])


@given(
    batches=st.lists(
        st.tuples(st.lists(small_keys | any_keys, max_size=25), what_follows), max_size=12
    ),
    bounds=tiny_bounds,
)
def test_a_set_would_say_the_same(batches: list[tuple[list[Key], str]], bounds: object) -> None:
    assert isinstance(bounds, IdentityBounds)
    held: set[Key] = set()
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as engine:
        identities = loaded(engine, bounds)
        for batch, then in batches:
            if then == "failed":
                with engine.connect() as connection, connection.begin() as transaction:
                    assert write(connection, identities, batch) == expected(batch, set(held))
                    transaction.rollback()
                identities.drop()
                continue
            assert commit(engine, identities, batch) == expected(batch, held)
            if then == "reopened":
                identities = loaded(engine, bounds)
        assert held_by(engine, identities) == len(held)
        assert stored(engine) == sorted(held)
        assert faults(engine) == []


def hostile(name: str, rows: int) -> list[Key]:
    """So many keys, some of them repeated."""
    chance = random.Random(name)
    shapes: dict[str, Callable[[int], Key]] = {
        "in order": lambda at: (182_750_000 + at, NOON_US + at // 2 * MINUTE_US, 2),
        "newest first": lambda at: (182_750_000 - at, NOON_US - at * MINUTE_US, 2),
        "one id": lambda at: (7, NOON_US + chance.randrange(10**12), 2),
        "one hour": lambda at: (chance.randrange(10**18), NOON_US + at % 60 * MINUTE_US, 2),
        "one instant": lambda at: (chance.randrange(10**18), NOON_US, 2),
        "random": lambda at: (chance.randrange(10**18), chance.randrange(LAST_US), 2),
    }
    keys = [shapes[name](at) for at in range(rows)]
    return keys + chance.sample(keys, rows // 10)


@pytest.mark.parametrize("batch_rows", [1, 7, 100])
@pytest.mark.parametrize(
    "name", ["in order", "newest first", "one id", "one hour", "one instant", "random"]
)
def test_no_order_of_keys_leads_astray(tmp_path: Path, name: str, batch_rows: int) -> None:
    keys, held = hostile(name, 300), set[Key]()
    with opened(tmp_path) as engine:
        identities = loaded(engine)
        for start in range(0, len(keys), batch_rows):
            batch = keys[start : start + batch_rows]
            assert commit(engine, identities, batch) == expected(batch, held)
        assert stored(engine) == sorted(held)
        assert faults(engine) == []
        assert max(block.header.level for block in blocks(engine)) >= 3
        assert not any(commit(engine, loaded(engine), keys))


def test_a_transaction_that_failed_is_forgotten(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        identities = loaded(engine)
        commit(engine, identities, [A])
        with engine.connect() as connection, connection.begin() as transaction:
            assert write(connection, identities, [B, C]) == [True, True]
            transaction.rollback()
        identities.drop()
        assert commit(engine, identities, [A, B, C]) == [False, True, True]
        assert stored(engine) == [A, C, B]


def test_after_a_failure_the_store_itself_is_asked(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        identities = loaded(engine)
        commit(engine, loaded(engine), [A])  # as if the COMMIT that failed had come through
        identities.drop()
        assert commit(engine, identities, [A, B]) == [False, True]
        assert held_by(engine, identities) == 2


def test_a_failure_while_levels_change_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    keys = hostile("random", 200)
    with opened(tmp_path) as engine:
        identities = loaded(engine)
        commit(engine, identities, keys)
        before = blocks(engine)
        more = [(call_id, call_us, 1) for call_id, call_us, _ in keys]
        with engine.connect() as connection, connection.begin() as transaction:
            write(connection, identities, more)
            transaction.rollback()
        identities.drop()
        assert [each.header for each in blocks(engine)] == [each.header for each in before]
        assert not any(commit(engine, identities, keys))


def test_what_was_added_is_known_within_its_transaction(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        identities = loaded(engine)
        with engine.begin() as connection:
            assert write(connection, identities, [A]) == [True]
            assert write(connection, identities, [A, B]) == [False, True]
        identities.keep()
        assert (held_by(engine, identities), stored(engine)) == (2, [A, B])


def test_equal_rows_are_never_written(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        identities = loaded(engine)
        with (
            pytest.raises(AccountingBroken, match=r"Call 182750001 .* twice"),
            engine.begin() as connection,
        ):
            identities.add(connection, columns([A, B, A]))
        identities.drop()
        assert blocks(engine) == []


def test_an_identity_that_is_held_is_refused_where_its_block_is_written(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        identities = loaded(engine)
        commit(engine, identities, hostile("in order", 100))
        with pytest.raises(AccountingBroken, match="twice"), engine.begin() as connection:
            identities.add(connection, columns([(182_750_000 + at, NOON_US, 2) for at in range(9)]))


def test_blocks_that_another_hand_took_are_missed(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        identities = loaded(engine)
        commit(engine, identities, [A])
        with engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM identity_block")
        with (
            pytest.raises(AccountingBroken, match=r"1 blocks .* 0 were there"),
            engine.begin() as connection,
        ):
            identities.add(connection, columns((at, NOON_US, 2) for at in range(20)))


def test_a_damaged_block_is_named_by_the_writer(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        commit(engine, loaded(engine), [A, B])
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE identity_block SET last_call_id = 5")
        with pytest.raises(AccountingBroken, match="ends at"):
            loaded(engine)


def test_a_small_batch_into_a_large_store_writes_one_small_block(tmp_path: Path) -> None:
    bounds = IdentityBounds()
    rng = np.random.default_rng(5)
    many = IdentityColumns.of_calls(
        rng.integers(0, 10**18, 600_000), rng.integers(946_684_800_000_000, LAST_US, 600_000)
    )
    with opened(tmp_path) as engine:
        identities = loaded(engine, bounds)
        with engine.begin() as connection:
            identities.add(connection, many)
        identities.keep()
        for batch in range(20):  # whatever the large one left to hand on
            commit(engine, identities, [(batch, NOON_US, 2)])
        written: list[str] = []
        event.listen(
            engine,
            "before_cursor_execute",
            lambda _1, _2, statement, *_: written.append(statement.split()[0]),
        )
        before = {each.header.number for each in blocks(engine)}
        for batch in range(50):
            commit(engine, identities, [(at, NOON_US + batch * MINUTE_US, 1) for at in range(10)])
        added = [each for each in blocks(engine) if each.header.number not in before]
        assert written.count("INSERT") == len(added) == 50
        assert "DELETE" not in written and "UPDATE" not in written
        with engine.begin() as connection:
            sizes = connection.exec_driver_sql(
                "SELECT max(length(packed)) FROM identity_block WHERE level = 0"
            ).scalar_one()
        assert sizes < 100


def test_one_commit_hands_on_no_more_than_its_bound(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        identities = loaded(engine)
        commit(engine, identities, hostile("random", 1_000))
        for batch in range(40):
            before = {each.header.number: each.header for each in blocks(engine)}
            commit(engine, identities, [(batch, NOON_US + batch, 2)])
            after = {each.header.number: each.header for each in blocks(engine)}
            rewritten = [key for key in before if after.get(key) != before[key]]
            # A level hands on one block of 4 (or two halves) and a batch of one row; each falls
            # into at most a handful of the next level's blocks, whose number grows by 2.
            assert len(rewritten) <= 100
        assert faults(engine) == []


def bytes_of_cache(identities: Identities) -> int:
    """Of all unpacked blocks that it keeps."""
    return sum(each.nbytes for each in identities._cache._blocks.values())


def test_memory_of_unpacked_blocks_is_bounded(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        identities = loaded(engine)
        keys = hostile("random", 500)
        commit(engine, identities, keys)
        commit(engine, identities, keys)
        assert 0 < bytes_of_cache(identities) <= TINY.cache_bytes
        identities.release()
        assert bytes_of_cache(identities) <= TINY.live_cache_bytes
