"""Headers of records: those of our producer, and nearly the same ones of anybody's."""

from __future__ import annotations

import json
from random import Random
from typing import TypeAlias

from sfcrime.domain.calls import SourceIdentity
from sfcrime.kafka.headers import SEQUENCE_HEADER, SOURCE_HEADER, source_header

Headers: TypeAlias = tuple[tuple[str, bytes | None], ...]

SOURCE = SourceIdentity("file:abc", "calls.json", False)
_OURS = source_header(SOURCE, 3)
_RENAMED = source_header(SourceIdentity("file:abc", "Anrufe \u00e4\n.json", False), 3)
_ANOTHER = source_header(SourceIdentity("file:xyz", "others.json", True), 3)
TRUE_STAMPS = {
    _OURS: "file:abc",
    _RENAMED: "file:abc",
    _ANOTHER: "file:xyz",
    json.dumps(json.loads(_OURS), indent=1).encode(): "file:abc",
    _OURS + b" \r\n": "file:abc",
}
"""Values of `sfcrime-source` that a producer may write, by the source they name."""
_ODD_SOURCES = (
    *(None, b"", b"{}", b"null", b"\xff", _OURS[:-1], _OURS + b"x", b"\xef\xbb\xbf" + _OURS),
    *(_OURS.replace(b"abc", b"abd"), _OURS.replace(b":3", b":0"), _OURS.replace(b":3", b":-1")),
    *(_OURS.replace(b":3", b":03"), _OURS.replace(b":3", b":9999999999"), b"[" * 5_000),
    *(_OURS.replace(b"false", b"0"), _OURS.replace(b"file:abc", b""), _OURS.upper()),
    *(_OURS.replace(b"abc", b"a" * 200), _OURS.replace(b"abc", b"abc\\n"), b" " * 8_193 + _OURS),
    _OURS[:-1] + b',"more":1}',
)
_ODD_SEQUENCES = (
    *(None, b"", b"-1", b"+1", b" 1", b"1 ", b"1\n", b"00", b"01", b"007", b"1.0", b"1e3", b"0x1"),
    *(b"9" * 18, b"9" * 19, b"1" * 40, b"1\x00", b"\x00", b"\xff", b"1_0", "\uff11".encode(), b"a"),
    *(b"0" * 18, b"9223372036854775807", b"10000000000", "٣".encode(), b"1\xc2\xa0"),
)
_OTHER_NAMES = ("sfcrime-sequence ", "SFCRIME-SOURCE", "sfcrime_source", "trace", "", "sfcrime")


class HeaderMaker:
    """Makes headers: mostly those of a producer that goes on, sometimes with a fault."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._partitions = 1 + random.randrange(3)
        self._next = 0
        self._faults = random.choice((0.0, 0.0005, 0.01))
        """How often the producer leaves out a sequence, or repeats one."""
        self._strangers = random.choice((0.0, 0.1, 0.9))
        self.source_name = SOURCE.name

    def make(self) -> tuple[str, int, Headers]:
        """The family, the partition and the headers of the next record."""
        random = self._random
        partition = random.randrange(self._partitions)
        if random.random() < self._strangers:
            return "headers of others", partition, self._odd()
        if random.random() < self._faults:
            self._next = max(0, self._next + random.choice((-300, -2, -1, 1, 2, 300)))
        sequence = b"%d" % self._next
        self._next += 1
        source = _OURS if random.random() < 0.99 else random.choice(list(TRUE_STAMPS))
        return "headers of ours", partition, ((SOURCE_HEADER, source), (SEQUENCE_HEADER, sequence))

    def _odd(self) -> Headers:
        random = self._random
        source: bytes | None = _OURS
        sequence: bytes | None = b"%d" % random.randrange(10 ** random.randrange(1, 19))
        way = random.random()
        if way < 0.4:
            sequence = random.choice(_ODD_SEQUENCES)
        elif way < 0.7:
            source = random.choice(_ODD_SOURCES)
        elif way < 0.8:
            sequence = random.randbytes(random.randrange(4))
        elif way < 0.9:
            at = random.randrange(len(_OURS))
            source = _OURS[:at] + random.randbytes(1) + _OURS[at + random.randrange(2) :]
        headers = [(SOURCE_HEADER, source), (SEQUENCE_HEADER, sequence)]
        for _ in range(random.choice((0, 0, 0, 1, 1, 2))):
            kind = random.randrange(4)
            if kind == 0:
                del headers[random.randrange(len(headers)) :]
            elif kind == 1:
                headers.insert(0, (SEQUENCE_HEADER, random.choice(_ODD_SEQUENCES)))
            elif kind == 2:
                headers.append((SEQUENCE_HEADER, random.choice(_ODD_SEQUENCES)))
            else:
                headers.append((random.choice(_OTHER_NAMES), random.choice((b"1", _OURS, None))))
            if not headers:
                break
        return tuple(headers)
