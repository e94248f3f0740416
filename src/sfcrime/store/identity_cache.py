"""Blocks of identities that were unpacked lately, bounded by their memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from sfcrime.store.identity_blocks import BLOCKS_AT_A_TIME, BlockHeader, key_at, packed_blocks
from sfcrime.store.identity_columns import IdentityColumns
from sfcrime.store.identity_packing import damaged_block, unpacked


class BlockCache:
    """The blocks used last; those of numbers that are no longer used fall out by themselves.

    Args:
        most_bytes: most memory of the rows kept.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._blocks: OrderedDict[int, IdentityColumns] = OrderedDict()

    def clear(self) -> None:
        """Forgets all."""
        self._blocks.clear()
        self._bytes = 0

    def keep(self, number: int, rows: IdentityColumns) -> None:
        """Puts in a block that was just written or read; the rows own their memory."""
        self.forget(number)
        self._blocks[number] = rows
        self._bytes += rows.nbytes
        self.cut(self._most_bytes)

    def cut(self, most_bytes: int) -> None:
        """Drops what was used longest ago, down to so much memory."""
        while self._bytes > most_bytes:
            _, oldest = self._blocks.popitem(last=False)
            self._bytes -= oldest.nbytes

    def forget(self, number: int) -> None:
        """Drops a block, if it is here."""
        rows = self._blocks.pop(number, None)
        if rows is not None:
            self._bytes -= rows.nbytes

    def blocks(
        self, connection: Connection, headers: Sequence[BlockHeader]
    ) -> Iterator[IdentityColumns]:
        """The rows of each block, in the order asked; what is not here is read, 64 at a time.

        Raises:
            AccountingBroken: a block is not there, or does not end where its row says.
        """
        for start in range(0, len(headers), BLOCKS_AT_A_TIME):
            wanted = headers[start : start + BLOCKS_AT_A_TIME]
            found = {each.number: self._blocks.get(each.number) for each in wanted}
            missing = [number for number, rows in found.items() if rows is None]
            contents = dict(packed_blocks(connection, missing))
            for header in wanted:
                rows = found[header.number]
                if rows is None:
                    rows = _checked(header, contents[header.number])
                    self.keep(header.number, rows)
                elif header.number in self._blocks:
                    self._blocks.move_to_end(header.number)
                yield rows


def _checked(header: BlockHeader, content: bytes) -> IdentityColumns:
    rows = unpacked(content, header.identities, header.first)
    if key_at(rows, -1) != header.last:
        raise damaged_block(
            f"{header.number} of the identities ends at {key_at(rows, -1)}, not at {header.last}"
        )
    return rows
