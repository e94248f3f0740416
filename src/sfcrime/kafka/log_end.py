"""Where a file of Kafka's log ends, read from the heads of its batches, without a broker.

A batch (format 2, the only one that Kafka 4 writes) begins with: its first offset, 8 bytes; the
length of what follows, 4; the leader's epoch, 4; the format, 1; a checksum, 4; attributes, 2; the
difference of its last offset from the first, 4.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

_HEAD = struct.Struct(">qi i b I h i")
_BEFORE_LENGTH_ENDS = 12
_FORMAT = 2


def log_end(file: Path) -> int:
    """One past the last offset of the last batch that is there whole.

    Args:
        file: a segment, which is named after its first offset.

    Raises:
        OSError: it cannot be read.
    """
    end = int(file.stem)
    with file.open("rb") as segment:
        size, place = os.fstat(segment.fileno()).st_size, 0
        while len(head := segment.read(_HEAD.size)) == _HEAD.size:
            first, length, _, version, _, _, last = _HEAD.unpack(head)
            place += _BEFORE_LENGTH_ENDS + length
            if version != _FORMAT or length <= 0 or place > size:
                break
            end = first + last + 1
            segment.seek(place)
    return end
