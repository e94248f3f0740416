"""Files of calls as a source: CSV, Parquet, a JSON array or newline-delimited JSON.

All files are read whole and put into one call-time order before the first record is given, so one
that turns out to be broken publishes nothing. What is no call is passed on as it stands: whether
a record counts is judged by the reader of the topic.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sfcrime.domain.calls import SourceIdentity, SourceRecord
from sfcrime.machine.clock import now_ms
from sfcrime.sources.content import open_content
from sfcrime.sources.input_files import InputFile, OnRead
from sfcrime.sources.ordering import OrderedRecords
from sfcrime.sources.source import Source
from sfcrime.sources.staging import Staging

_NAMED_FILES = 3
"""So many files are named in a title; of more, the first."""


def open_files_source(
    files: Sequence[InputFile],
    work_dir: Path,
    on_read: OnRead | None = None,
    clock: Callable[[], int] = now_ms,
) -> Source:
    """Reads files to their ends, sorts their records by call time, and offers them.

    Records of one minute keep the order of the files and of each file. A record without a usable
    date stands after its predecessor and takes that one's time (the first dated one's, where it
    comes first). Publication times are the calls' instants, never later than now and never
    decreasing. The identity is of the files' uncompressed contents, in their order.

    Args:
        files: at least one, each of any form, plain, gzip or zstd, whatever its name.
        work_dir: an existing folder for scratch space of about twice the contents' size.
        on_read: called now and then with (bytes read of the files, bytes in all); what it raises
            ends the reading.
        clock: the present, in milliseconds since 1970 UTC.

    Raises:
        UsageError: a file is not there, cannot be opened, or holds no calls.
        UnreadableFile: a file is broken or ends too early; nothing was published.
    """
    ordered = OrderedRecords(work_dir)
    try:
        staging = Staging(ordered)
        digests = _stage_all(files, staging, on_read)
        staging.put_in_order()
    except BaseException:
        ordered.close()
        raise
    return _FileSource(_identity(files, digests), staging.total, ordered, clock())


@dataclass(frozen=True, slots=True)
class _FileSource:
    identity: SourceIdentity
    total: int | None
    _ordered: OrderedRecords
    _opened_ms: int

    def records(self, start: int = 0) -> Iterator[SourceRecord]:
        newest = self._ordered.newest_before(start) or 0
        for sequence, record in enumerate(self._ordered.read(start), start):
            newest = max(newest, record.published_ms)
            published = min(newest, self._opened_ms)
            yield SourceRecord(sequence, record.key, record.value, published)

    def close(self) -> None:
        self._ordered.close()


def _stage_all(files: Sequence[InputFile], staging: Staging, on_read: OnRead | None) -> list[str]:
    """Stages the files; the digests of their contents."""
    sizes = []
    for file in files:  # a name that is wrong is told before hours of reading
        with open_content(file) as content:
            sizes.append(content.size)
    digests = []
    for place, file in enumerate(files):
        before = sum(sizes[:place])

        def report(done: int, _: int, before: int = before) -> None:
            if on_read is not None:
                on_read(before + done, sum(sizes))

        with open_content(file, report) as content:
            staging.stage_file(content)
            digests.append(content.digest())
    return digests


def _identity(files: Sequence[InputFile], digests: Sequence[str]) -> SourceIdentity:
    titles = [Path(file.name).name for file in files]
    if len(files) == 1:
        return SourceIdentity(f"file:{digests[0][:16]}", titles[0], synthetic=False)
    title = ", ".join(titles)
    if len(files) > _NAMED_FILES:
        title = f"{titles[0]} and {len(files) - 1} more files"
    together = hashlib.sha256("\n".join(digests).encode()).hexdigest()
    return SourceIdentity(f"files:{together[:16]}", title, synthetic=False)
