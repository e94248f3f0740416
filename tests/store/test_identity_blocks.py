"""The bytes of a block give back what was packed, and whatever is wrong with a block is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, update

from identity_samples import TINY, Key, blocks, columns, commit, faults, keys_of, loaded, opened
from sfcrime.errors import AccountingBroken
from sfcrime.store import schema
from sfcrime.store.identity_blocks import BlockHeader, StoredBlock, block_faults, key_at
from sfcrime.store.identity_columns import (
    IdentityColumns,
    contained,
    lower_bound,
    merged,
    upper_bound,
)
from sfcrime.store.identity_packing import packed, unpacked

NOON_US = 1_538_481_600_000_000
MINUTE_US = 60_000_000
KEYS = [(182_750_000 + 2 * at, NOON_US + at // 3 * MINUTE_US, 2) for at in range(60)]

LAST_US = 4_102_444_799_999_999
lists_of_keys = st.lists(
    st.tuples(
        st.integers(0, 3) | st.integers(0, 10**18 - 1),
        st.integers(0, 3).map(lambda minutes: NOON_US + minutes * MINUTE_US)
        | st.integers(946_684_800_000_000, LAST_US),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=60,
)


def in_order(keys: list[Key]) -> list[Key]:
    return sorted(keys, key=lambda key: (key[1], key[2], key[0]))


@given(lists_of_keys)
def test_packed_identities_come_back(keys: list[Key]) -> None:
    rows = columns(in_order(keys))
    again = unpacked(packed(rows), len(rows), key_at(rows, 0))
    assert keys_of(again) == in_order(keys)


@given(lists_of_keys, lists_of_keys)
def test_searching_and_merging_agree_with_sorted_lists(one: list[Key], other: list[Key]) -> None:
    rows, wanted = columns(in_order(one)), columns(in_order(other))
    pairs = [(key[1] * 4 + key[2], key[0]) for key in in_order(one)]
    sought = [(key[1] * 4 + key[2], key[0]) for key in in_order(other)]
    assert lower_bound(rows, wanted).tolist() == [sum(p < key for p in pairs) for key in sought]
    assert upper_bound(rows, wanted).tolist() == [sum(p <= key for p in pairs) for key in sought]
    assert contained(rows, wanted).tolist() == [key in pairs for key in sought]
    assert keys_of(merged(rows, wanted)) == in_order(one + other)


def test_real_shaped_identities_take_under_two_bytes() -> None:
    keys = [(182_750_000 + at * 19 // 10, NOON_US + at // 2 * MINUTE_US, 2) for at in range(16_384)]
    assert len(packed(columns(keys))) < 2 * len(keys)


def test_a_small_block_is_not_made_larger_by_compression() -> None:
    assert len(packed(columns([(7, NOON_US, 2)]))) == 4 + 3


@pytest.mark.parametrize("content", [b"", b"\1", b"\1\0\1\1abc", b"\0\0\1\1abc", b"\0\7\1\1abc"])
def test_bytes_that_are_no_block_are_refused(content: bytes) -> None:
    with pytest.raises(AccountingBroken, match="rebuild"):
        unpacked(content, 5 if content[1:2] != b"\7" else 1, (0, 0))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with opened(tmp_path) as engine:
        identities = loaded(engine)
        for start in range(0, len(KEYS), 5):
            commit(engine, identities, KEYS[start : start + 5])
        yield engine


def change(engine: Engine, block: StoredBlock, **values: object) -> None:
    table = schema.identity_block
    with engine.begin() as connection:
        connection.execute(update(table).where(table.c.id == block.header.number).values(values))


def rewrite(engine: Engine, block: StoredBlock, rows: IdentityColumns, **values: object) -> None:
    """Other identities in a block, and a header that fits them unless `values` says otherwise."""
    first, last = key_at(rows, 0), key_at(rows, -1)
    header = {
        "identities": len(rows),
        "first_time_key": first[0],
        "first_call_id": first[1],
        "last_time_key": last[0],
        "last_call_id": last[1],
    }
    change(engine, block, **(header | {"packed": packed(rows)} | values))


def of_one_level(engine: Engine) -> list[StoredBlock]:
    found = [block for block in blocks(engine) if block.header.level == 2]
    assert len(found) >= 3
    return found


def test_a_sound_store_has_no_faults(engine: Engine) -> None:
    assert faults(engine) == []
    assert {block.header.level for block in blocks(engine)} >= {1, 2, 3}


def test_a_lost_identity_is_found(engine: Engine) -> None:
    block = of_one_level(engine)[1]
    rewrite(engine, block, block.rows.take(slice(0, -1)), identities=len(block.rows))
    assert "cannot be read" in faults(engine)[0]
    rewrite(engine, block, block.rows.take(slice(0, -1)), last_call_id=block.header.last[1])
    assert any("ends at" in fault for fault in faults(engine))


def test_a_doubled_identity_is_found(engine: Engine) -> None:
    block = of_one_level(engine)[1]
    twice = merged(block.rows, block.rows.take(slice(0, 1)))
    rewrite(engine, block, twice)
    assert any("holds 1 identities twice" in fault for fault in faults(engine))


def test_an_identity_in_another_block_is_found(engine: Engine) -> None:
    one, other, *_ = of_one_level(engine)
    rewrite(engine, one, one.rows.take(slice(1, None)))
    rewrite(engine, other, merged(other.rows, one.rows.take(slice(0, 1))))
    assert any("of the same level 2 ends at" in fault for fault in faults(engine))


def test_a_block_in_another_level_is_found(engine: Engine) -> None:
    lower = of_one_level(engine)[0]
    (newest,) = [block for block in blocks(engine) if block.header.level == 1][-1:]
    rewrite(engine, newest, merged(newest.rows, lower.rows), level=2)
    assert any("of the same level 2 ends at" in fault for fault in faults(engine))


def test_an_identity_of_level_0_in_a_level_above_is_found(engine: Engine) -> None:
    identities = loaded(engine)
    commit(engine, identities, [(1, NOON_US, 0)])
    block = of_one_level(engine)[0]
    rewrite(engine, block, merged(block.rows, columns([(1, NOON_US, 0)])))
    assert any("holds 1 identities that level 0 holds too" in fault for fault in faults(engine))


def test_rows_out_of_order_and_values_that_are_none_are_found(engine: Engine) -> None:
    block = of_one_level(engine)[0]
    keys = keys_of(block.rows)
    rewrite(engine, block, columns(keys[::-1]))
    assert any("smaller than the one before" in fault for fault in faults(engine))
    rewrite(engine, block, columns([(-1, NOON_US, 2), *keys[1:]]))
    assert any("a call id that is none" in fault for fault in faults(engine))
    rewrite(engine, block, columns([(5, keys[0][1], 3), *keys[1:]]))
    assert any("a stage that is none" in fault for fault in faults(engine))


def test_bytes_that_cannot_be_read_are_named_and_the_rest_is_still_read(engine: Engine) -> None:
    block = of_one_level(engine)[0]
    change(engine, block, packed=b"\1\0\1\1nothing")
    found = faults(engine)
    assert "cannot be read" in found[0] and f"Block {block.header.number}" in found[0]
    assert sum(len(each.rows) for each in blocks(engine)) == 60 - len(block.rows)


def test_a_header_that_says_more_than_its_content_is_found() -> None:
    rows = columns(KEYS[:3])
    header = BlockHeader(7, 1, 4, key_at(rows, 0), (9, 9))
    found = faults_of(StoredBlock(header, rows, ""))
    assert found[0] == "Block 7 says 4 identities and holds 3."
    assert found[1].startswith("Block 7 ends at (")


def faults_of(*found: StoredBlock) -> list[str]:
    return list(block_faults(found))


def test_every_block_is_within_its_bounds(engine: Engine) -> None:
    assert max(len(block.rows) for block in blocks(engine)) <= TINY.block_identities
