"""The process that counts one share: `python -m sfcrime.audit.share_process ORDER`."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

import msgspec

from sfcrime.audit.processes import EXIT_NO_ROOM, ShareError, ShareFiles, ShareOrder, plan_of
from sfcrime.audit.share_count import count_share
from sfcrime.audit.spill import translated
from sfcrime.errors import EXIT_FAILURE, EXIT_OK, SfcrimeError
from sfcrime.kafka.consumer import read_range


def main(order_path: Path) -> int:
    """Counts what an order names; its result, or its error, is left beside the order.

    Returns:
        the exit code; not 0 where there is no result.
    """
    order = msgspec.json.decode(order_path.read_bytes(), type=ShareOrder)
    files = ShareFiles(order_path.parent, order.number)
    plan, share = plan_of(order, order_path.parent)

    def passed(offsets: int) -> None:
        if os.getppid() != order.parent:  # where the system does not end us with it
            sys.exit(EXIT_FAILURE)
        with translated(files.folder):
            files.passed.write_bytes(b"%d" % offsets)

    try:
        result = count_share(plan, share, partial(read_range, order.kafka), passed)
        with translated(files.folder):
            files.result.write_bytes(msgspec.json.encode(result))
    except SfcrimeError as error:
        try:
            files.error.write_bytes(msgspec.json.encode(ShareError.of(error)))
        except OSError:
            return EXIT_NO_ROOM
        return EXIT_FAILURE
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
