"""Strategies for values that a topic may hold: bytes, JSON and nearly JSON, records and ruins of
records. They aim at the places where two readers of docs/rules.md could come apart.
"""

# ruff: noqa: RUF001  look-alike digits stand here on purpose
from __future__ import annotations

import json

from hypothesis import strategies as st

from hostile_records import GOOD, HOSTILE_RECORDS, with_extra, with_type
from sfcrime.domain.calls import CALL_FIELDS, NEEDED_FIELDS

_LEGACY = {
    "crime_id": "182750001",
    "original_crime_type_name": "Passing Call",
    "report_date": "2018-10-02T00:00:00.000",
    "call_date": "2018-10-02T00:00:00.000",
    "offense_date": "2018-10-02T00:00:00.000",
    "call_time": "09:11",
    "call_date_time": "2018-10-02T09:11:00.000",
    "disposition": "HAN",
    "address": "100 Block Of Nowhere St",
    "city": "San Francisco",
    "state": "CA",
    "agency_id": "1",
    "address_type": "Premise Address",
    "common_location": "",
}
assert tuple(_LEGACY) == CALL_FIELDS

OTHER_FIELDS = tuple(field for field in CALL_FIELDS if field not in NEEDED_FIELDS)
LEGACY_RECORD = json.dumps(_LEGACY).encode()

WHOLE_RECORDS = (
    LEGACY_RECORD,
    LEGACY_RECORD.replace(b"Nowhere", b"\\ud83d\\ude00 \\u0000\\n \xc3\xa9"),
    GOOD,
    json.dumps(_LEGACY, indent=4).encode(),
    with_extra(b'"x":[1,{"y":"z"}]'),
    with_type(b'"\\ud83d\\ude00 caf\\u00e9"'),
    with_type('"Café \U0001f600"'.encode()),
)

PIECES = (
    *(b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b" ", b"\t", b"\n", b"\r", b"\x00", b"\x0b"),
    *(b"0", b"1", b"-", b"+", b".", b"e", b"E", b"1e999", b"-1e400", b"0.1e-3", b"9" * 320),
    *(b"\\u", b"d83d", b"DE00", b"\\ud83d", b"\\udE00", b"\\ud8", b"\\n", b"\\/", b"\\x", b"\\\\"),
    *(b"null", b"true", b"NaN", b"Infinity", b'"x":', b'""', b"[" * 31, b"]" * 31, b'{"a":' * 31),
    *(b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80", b"\x7f", b"\xc2\x85"),
    *(text.encode() for text in ("é", "\ufeff", "\U0001f600", "\u0085", "\u2028", "１", "\u00a0")),
    *(b'"disposition":', b'"crime_id":"5"', b"2018-11-04T01:30:00", b"2100", b"T24:"),
)

_ESCAPES = st.sampled_from(
    [
        *(b"\\ud83d\\ude00", b"\\uD83D\\uDE00", b"\\ud83d", b"\\ude00", b"\\ude00\\ud83d"),
        *(b"\\ud83d\\ud83d\\ude00", b"\\ud83d\\n", b"\\ud83d\\u0041", b"\\\\ud800", b"\\\\\\ud800"),
        *(b"\\u0000", b"\\u001f", b"\\u007F", b"\\u009f", b"\\u00a0", b"\\u0020", b"\\u005c"),
        *(b"\\n", b"\\t", b"\\b", b"\\/", b'\\"', b"\\\\", b"\\x41", b"\\u12", b"\\U0041", b"\\"),
        *(b"\x00", b"\n", b"\x1f", b"\x7f", b"\xc2\x80", b"\xff", b"\xed\xb0\x80", b'"'),
        *(b"[" * 40, b"{" * 33, b"}", b" ", b"  ", b"\xc2\xa0", b"\xe3\x80\x80", b"\xef\xbb\xbf"),
    ]
)
_PLAIN = st.text(max_size=6).map(lambda text: json.dumps(text, ensure_ascii=False)[1:-1])
_UTF8 = _PLAIN.filter(lambda text: not any("\ud800" <= each <= "\udfff" for each in text))
_STRINGS = st.lists(st.one_of(_UTF8.map(str.encode), _ESCAPES), max_size=4).map(
    lambda parts: b'"' + b"".join(parts) + b'"'
)

_NUMBERS = st.sampled_from(
    [
        *(b"0", b"-0", b"-0.0", b"1", b"22", b"182750001", b"-1.5", b"1e5", b"1E+5", b"0e999"),
        *(b"18446744073709551615", b"18446744073709551616", b"-9223372036854775809", b"9" * 100),
        *(b"1.7976931348623157e308", b"1.7976931348623158e308", b"1.7976931348623159e308"),
        *(b"179769313486231580793728971405301e276", b"1" + b"0" * 308, b"1" + b"0" * 309),
        *(b"9" * 308, b"9" * 309, b"0." + b"0" * 400 + b"1e710", b"0." + b"0" * 400 + b"1e708"),
        *(b"1e999", b"-1e999", b"1e-999", b"123456789e301", b"1e00308", b"1e00309", b"4.9e-324"),
        *(b"01", b"-01", b"+1", b".5", b"1.", b"1.e5", b"1e", b"1e+", b"-", b"0x10", b"1_0"),
    ]
)
_WORDS = st.sampled_from(
    [b"true", b"false", b"null", b"NaN", b"Infinity", b"-Infinity", b"True", b"nul", b"undefined"]
)
_SPACES = st.sampled_from([b"", b"", b"", b" ", b"\n    ", b"\t", b"\r\n", b"\x0c", b"\xc2\xa0"])


def _containers(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    members = st.tuples(_STRINGS, _SPACES, inner).map(lambda m: m[0] + m[1] + b":" + m[1] + m[2])
    return st.one_of(
        st.lists(inner, max_size=4).map(lambda items: b"[" + b",".join(items) + b"]"),
        st.lists(members, max_size=4).map(lambda items: b"{" + b", ".join(items) + b"}"),
    )


def _deep(value: bytes, depth: int, object_every: int, close: bool) -> bytes:
    """`value` inside `depth` brackets, some of them objects, perhaps never closed."""
    kinds = [object_every and level % object_every == 0 for level in range(depth)]
    opened = b"".join(b'{"d":' if kind else b"[" for kind in kinds)
    closed = b"".join(b"}" if kind else b"]" for kind in reversed(kinds))
    return opened + value + (closed if close else b"")


JSON_VALUES = st.recursive(st.one_of(_STRINGS, _NUMBERS, _WORDS), _containers, max_leaves=8)
DEEP_VALUES = st.builds(
    _deep, JSON_VALUES, st.integers(28, 36), st.integers(0, 3), st.sampled_from([True, True, False])
)

_DIGITS = st.text("0123456789", min_size=1, max_size=20)
_IDS = st.one_of(
    _DIGITS,
    st.sampled_from(
        [
            *("", "0", "007", "9" * 18, "9" * 19, "0" * 18 + "1", " 1", "1 ", "+1", "-1", "1.0"),
            *("1e3", "１８", "٣", "1²", "1_0", "0x1", "1\u0000", "\u00851", "182750001\n"),
        ]
    ),
)


@st.composite
def _call_times(draw: st.DrawFn) -> str:
    """A time or nearly one."""
    year = draw(
        st.sampled_from(
            [
                *("2018", "2018", "2018", "2000", "1999", "2099", "2100", "2016", "1900", "0000"),
                *("0001", "9999", "12018", "-018", "+018", "２018", "18", "2038"),
            ]
        )
    )
    month = draw(st.sampled_from(["10", "11", "03", "02", "12", "01", "00", "13", "1", "0x"]))
    day = draw(st.sampled_from(["02", "04", "11", "01", "28", "29", "30", "31", "00", "32", "4"]))
    separator = draw(st.sampled_from(["T"] * 12 + ["t", " ", "", "TT", "\u00a0"]))
    hour = draw(st.sampled_from(["09", "01", "02", "00", "23", "24", "9", "-1", "0９"]))
    minute = draw(st.sampled_from(["11", "30", "00", "59", "60", "5", "١١"]))
    second = draw(st.sampled_from([":00", ":59", ":60", "", ":5", ":00:00", ":30"]))
    fraction = draw(
        st.sampled_from(
            ["", "", ".000", ".5", ".123456", ".999999", ".1234567", ".", ",000", ".５", ".-1"]
        )
    )
    zone = draw(st.sampled_from([""] * 12 + ["Z", "+00:00", " ", "\n", "\u0000"]))
    return f"{year}-{month}-{day}{separator}{hour}:{minute}{second}{fraction}{zone}"


def _quoted(text: str) -> bytes:
    return json.dumps(text, ensure_ascii=len(text) % 2 == 0).encode()


_REAL_TIMES = st.datetimes().map(lambda at: at.isoformat(timespec="milliseconds"))
_SEAM_TIMES = st.sampled_from(
    [
        *("2018-11-04T00:59:59", "2018-11-04T01:30:00", "2018-11-04T02:00:00"),
        *("2018-03-11T01:59:59", "2018-03-11T02:30:00", "2018-03-11T03:00:00"),
        "2018-10-02T09:11:00.000",
    ]
)
_LABELS = st.one_of(
    st.sampled_from(
        ["Passing Call", "HAN", "", " ", "  Fight   No Weapon ", "a\u00a0 b", "\u0085"]
    ),
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.text(" ab\t\u3000\u0000", max_size=10),
)
_GOOD_VALUES = {
    "crime_id": st.integers(0, 10**18).map(str).map(_quoted),
    "call_date_time": st.one_of(_SEAM_TIMES, _REAL_TIMES).map(_quoted),
    "original_crime_type_name": _LABELS.map(_quoted),
    "disposition": _LABELS.map(_quoted),
}
_ODD_VALUES = {
    "crime_id": _IDS.map(_quoted),
    "call_date_time": _call_times().map(_quoted),
    "original_crime_type_name": _STRINGS,
    "disposition": _STRINGS,
}
_ODD_KEYS = {
    "crime_id": [b'"crime\\u005fid"', b'"CRIME_ID"', b'"crime_id "'],
    "call_date_time": [b'"c\\u0061ll_date_time"', b'"call_time"'],
    "original_crime_type_name": [b'"original\\u005Fcrime_type_name"', b'"original_crime_type"'],
    "disposition": [b'"dispositio\\u006E"', b'"disposition\\u0000"'],
}
_GOOD_SPACES = st.sampled_from([b"", b" ", b"\n    ", b"\t\r\n"])
_GARBAGE = st.sampled_from([b"x", b"\x00", b"[" * 33, b",", b"}", b"{}", b"\xfe", b"\x0c", b"//"])


@st.composite
def RECORDS(draw: st.DrawFn) -> bytes:
    """A record whose members may be odd, repeated, missing, in any order, or spelt strangely."""
    oddness = draw(st.sampled_from([0, 1, 1, 1, 3]))  # so many of ten values and keys are odd

    def is_odd() -> bool:
        return draw(st.integers(0, 9)) < oddness

    members = []
    for field in NEEDED_FIELDS:
        for _ in range(draw(st.sampled_from([1] * 30 + [2, 2, 2, 0]))):
            odd = st.one_of(_ODD_VALUES[field], _ODD_VALUES[field], JSON_VALUES)
            value = draw(odd if is_odd() else _GOOD_VALUES[field])
            key = draw(st.sampled_from(_ODD_KEYS[field])) if is_odd() else b'"%s"' % field.encode()
            members.append(key + b":" + value)
    if draw(st.booleans()):  # all fields of the legacy file: a form that readers may favour
        for field in OTHER_FIELDS:
            odd = st.one_of(_STRINGS, _STRINGS, JSON_VALUES)
            value = draw(odd) if oddness and draw(st.integers(0, 49)) < oddness else b'"x"'
            members.append(b'"%s":' % field.encode() + value)
    if is_odd():
        members.append(b'"x":' + draw(st.one_of(JSON_VALUES, DEEP_VALUES)))
    members = draw(st.permutations(members))
    space = draw(_GOOD_SPACES)
    document = b"{" + (space + b"," + space).join(members) + b"}" + space
    garbage = draw(_GARBAGE) if is_odd() and is_odd() else b""
    return document + garbage if len(space) % 2 else garbage + document


@st.composite
def RUINS(draw: st.DrawFn) -> bytes:
    """A whole record with pieces put in, taken out, or copied from elsewhere in it."""
    value = draw(st.sampled_from(WHOLE_RECORDS))
    for _ in range(draw(st.integers(1, 4))):
        at, cut = draw(st.integers(0, len(value))), draw(st.sampled_from([0, 0, 1, 2, 5, 40]))
        start = draw(st.integers(0, len(value)))
        piece = draw(
            st.one_of(
                st.sampled_from(PIECES),
                st.just(value[start : start + 30]),
                st.integers(0, 255).map(lambda code: bytes([code])),
            )
        )
        value = value[:at] + piece + value[at + cut :]
    return value


@st.composite
def _spliced(draw: st.DrawFn) -> bytes:
    """The head of one hostile record and the tail of another."""
    small = [each.value for each in HOSTILE_RECORDS if each.value and len(each.value) < 2_000]
    number = st.integers(0, len(small) - 1)
    first, second = small[draw(number)], small[draw(number)]
    at = draw(st.integers(0, len(first)))
    return first[:at] + second[draw(st.integers(0, len(second))) :]


VALUES: st.SearchStrategy[bytes | None] = st.one_of(
    RECORDS(),
    RECORDS(),
    RUINS(),
    _spliced(),
    JSON_VALUES,
    DEEP_VALUES,
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map(b"".join),
    st.binary(max_size=60),
    st.sampled_from([None, b""]),
    st.sampled_from([65_536, 65_537]).map(lambda size: b" " * size),
)
