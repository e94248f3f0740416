"""How the sorted identities of one block become bytes, and back.

Call times and call ids stand as differences to the row before, call times in the largest unit
that divides all differences (a minute for what the city publishes). Differences are cut to the
bytes the largest of them needs and laid out byte by byte (all lowest bytes, then all second
ones, ...), a stage is a byte, and zstd takes the whole: 0.9 bytes an identity for the real calls
of 2018, 13 for random ones. The first row is not in the bytes, it stands beside them.
"""

from __future__ import annotations

import struct

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sfcrime.errors import AccountingBroken
from sfcrime.store.identity_columns import STAGE_BITS, IdentityColumns, Integers

_CODEC = pa.Codec("zstd", 1)  # level 9 is five times slower and no smaller
_UNITS_US = (60_000_000, 1_000_000, 1)
_HEAD = struct.Struct("<4B")  # 1: compressed, number of the unit, bytes a time, bytes an id


def packed(rows: IdentityColumns) -> bytes:
    """The bytes of at least one row; the rows are sorted."""
    steps = _steps(rows.calls_us)
    unit = next(number for number, us in enumerate(_UNITS_US) if not np.any(steps % us))
    times = (steps // _UNITS_US[unit]).view(np.uint64)
    id_steps = _steps(rows.call_ids)
    # Zigzag: small differences of either sign become small numbers.
    ids = ((id_steps << 1) ^ (id_steps >> 63)).view(np.uint64)
    widths = (_width(times), _width(ids))
    body = b"".join(
        (
            rows.stages.astype(np.uint8).tobytes(),
            _by_byte(times, widths[0]),
            _by_byte(ids, widths[1]),
        )
    )
    small: bytes = _CODEC.compress(body, asbytes=True)
    if len(small) < len(body):
        return _HEAD.pack(1, unit, *widths) + small
    return _HEAD.pack(0, unit, *widths) + body


def unpacked(content: bytes, rows: int, first: tuple[int, int]) -> IdentityColumns:
    """The rows of a block.

    Args:
        content: what `packed` made of them.
        rows: how many they are.
        first: time key and call id of the first one.

    Raises:
        AccountingBroken: the bytes are not those of so many rows.
    """
    try:
        compressed, unit, *widths = _HEAD.unpack_from(content)
        size = rows * (1 + sum(widths))
        body = content[_HEAD.size :]
        if compressed:
            body = _CODEC.decompress(body, size, asbytes=True)
        if len(body) != size:
            raise ValueError(f"{len(body)} bytes in place of {size}")
        times_end = rows * (1 + widths[0])
        stages = np.frombuffer(body, np.uint8, rows)
        if stages.max(initial=0) >> STAGE_BITS:
            raise ValueError(f"a stage of {stages.max()}")
        times = _from_bytes(body[rows:times_end], widths[0]) * _UNITS_US[unit]
        ids = _from_bytes(body[times_end:], widths[1])
    except (OSError, ValueError, IndexError, MemoryError, struct.error) as error:
        raise damaged_block(f"of {rows:,} identities cannot be read: {error}") from error
    ids = (ids >> 1) ^ -(ids & 1)
    times[0], ids[0] = first[0] >> 2, first[1]
    np.cumsum(times, out=times)
    return IdentityColumns((times << 2) | stages, np.cumsum(ids, out=ids))


def damaged_block(what: str) -> AccountingBroken:
    """The error of a block; `what` continues "Block"."""
    return AccountingBroken(
        f"Block {what}.",
        rule="What a block holds is what was written into it.",
        next_step="check the disk, and count the topic again: sfcrime rebuild",
    )


def _steps(column: Integers) -> Integers:
    steps = np.zeros(len(column), np.int64)
    np.subtract(column[1:], column[:-1], out=steps[1:])
    return steps


def _width(column: NDArray[np.uint64]) -> int:
    return max(1, (int(column.max()).bit_length() + 7) // 8)


def _by_byte(column: NDArray[np.uint64], width: int) -> bytes:
    if width == 1:
        return column.astype(np.uint8).tobytes()
    return column.view(np.uint8).reshape(-1, 8)[:, :width].T.tobytes()


def _from_bytes(content: bytes, width: int) -> Integers:
    planes = np.frombuffer(content, np.uint8).reshape(width, -1)
    column = np.zeros((planes.shape[1], 8), np.uint8)
    column[:, :width] = planes.T
    whole: Integers = column.view(np.int64).reshape(-1)
    return whole
