"""Records that a topic may hold and what must become of each: one table for both judges.

`HOSTILE_RECORDS` holds (name, value, reason): the first rule of docs/rules.md that fails, or None
where the record is valid. It is judged with the lateness rule off. `MEANINGS` says what a valid
record means, `TIMED_RECORDS` what the lateness rule makes of a record and its Kafka timestamp.
Everything is invented; every expected value was written by hand from docs/rules.md.
"""

# ruff: noqa: RUF001  look-alike digits stand here on purpose
from __future__ import annotations

import json
from typing import NamedTuple

from sfcrime.domain.calls import CALL_FIELDS, NEEDED_FIELDS
from sfcrime.domain.outcomes import Outcome, Reason


class HostileRecord(NamedTuple):
    name: str
    value: bytes | None
    reason: Reason | None


class Meaning(NamedTuple):
    name: str
    value: bytes
    call_id: int
    call_us: int
    """Call time on the wall, microseconds since 1970-01-01T00:00:00."""
    call_type: str
    disposition: str


class TimedRecord(NamedTuple):
    name: str
    call_time: str
    """Goes into `timed_value`."""
    published_ms: int
    lateness_s: int | None
    outcome: Outcome
    """COUNTED, LATE or REJECTED (the reason is then FROM_THE_FUTURE)."""


GOOD = (
    b'{"crime_id":"182750001","original_crime_type_name":"Passing Call",'
    b'"call_date_time":"2018-10-02T09:11:00.000","disposition":"HAN"}'
)

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


def with_id(text: bytes) -> bytes:
    """A valid record but for the JSON text standing where the call id stands."""
    return GOOD.replace(b'"182750001"', text)


def with_type(text: bytes) -> bytes:
    return GOOD.replace(b'"Passing Call"', text)


def with_time(text: bytes) -> bytes:
    return GOOD.replace(b'"2018-10-02T09:11:00.000"', text)


def with_disposition(text: bytes) -> bytes:
    return GOOD.replace(b'"HAN"', text)


def with_extra(text: bytes) -> bytes:
    """A valid record with more members before its own, e.g. b'"x":1'."""
    return b"{" + text + b"," + GOOD[1:]


def timed_value(call_time: str) -> bytes:
    return with_time(b'"' + call_time.encode() + b'"')


def _padded_to(size: int) -> bytes:
    """A valid record of exactly `size` bytes."""
    frame = with_extra(b'"note":""')
    return with_extra(b'"note":"' + b"x" * (size - len(frame)) + b'"')


HOSTILE_RECORDS: list[HostileRecord] = [
    HostileRecord("a plain call", GOOD, None),
    # R1, R2
    HostileRecord("a tombstone", None, Reason.NO_VALUE),
    HostileRecord("an empty value", b"", Reason.EMPTY_VALUE),
    # R3
    HostileRecord("exactly 65,536 bytes", _padded_to(65_536), None),
    HostileRecord("65,537 bytes", _padded_to(65_537), Reason.TOO_LARGE),
    HostileRecord("65,536 bytes of blanks", b" " * 65_536, Reason.NOT_JSON),
    HostileRecord("a string of 1 MB", with_type(b'"' + b"a" * 1_000_000 + b'"'), Reason.TOO_LARGE),
    HostileRecord("too large and not UTF-8", b"\xff" * 65_537, Reason.TOO_LARGE),
    HostileRecord("too large and too deep", b"[" * 65_537, Reason.TOO_LARGE),
    # R4
    HostileRecord("a stray continuation byte", with_type(b'"\x80"'), Reason.NOT_UTF8),
    HostileRecord("Latin-1", with_type(b'"Caf\xe9"'), Reason.NOT_UTF8),
    HostileRecord(
        "invalid UTF-8 in a field nobody reads", with_extra(b'"city":"\xff"'), Reason.NOT_UTF8
    ),
    HostileRecord("invalid UTF-8 in a key", with_extra(b'"\xc3":1'), Reason.NOT_UTF8),
    HostileRecord("invalid UTF-8 after the object", GOOD + b"\xfe", Reason.NOT_UTF8),
    HostileRecord("an overlong slash", with_type(b'"\xc0\xaf"'), Reason.NOT_UTF8),
    HostileRecord("an overlong NUL", with_type(b'"\xc0\x80"'), Reason.NOT_UTF8),
    HostileRecord("an overlong three-byte sequence", with_type(b'"\xe0\x80\xaf"'), Reason.NOT_UTF8),
    HostileRecord("a surrogate in UTF-8", with_type(b'"\xed\xa0\x80"'), Reason.NOT_UTF8),
    HostileRecord(
        "a surrogate pair in UTF-8", with_type(b'"\xed\xa0\xbd\xed\xb8\x80"'), Reason.NOT_UTF8
    ),
    HostileRecord("beyond U+10FFFF", with_type(b'"\xf4\x90\x80\x80"'), Reason.NOT_UTF8),
    HostileRecord("cut in the middle of a character", GOOD[:-1] + b"\xe2\x82", Reason.NOT_UTF8),
    HostileRecord("UTF-16 with its mark", b"\xff\xfe{\x00}\x00", Reason.NOT_UTF8),
    HostileRecord("not UTF-8 and too deep", b"[" * 100 + b"\xff", Reason.NOT_UTF8),
    # R5
    HostileRecord("nested 32 deep", with_extra(b'"x":' + b"[" * 31 + b"]" * 31), None),
    HostileRecord(
        "nested 33 deep", with_extra(b'"x":' + b"[" * 32 + b"]" * 32), Reason.NESTED_TOO_DEEP
    ),
    HostileRecord(
        "objects nested 33 deep",
        with_extra(b'"x":' + b'{"x":' * 31 + b"{}" + b"}" * 31),
        Reason.NESTED_TOO_DEEP,
    ),
    HostileRecord(
        "nested 1,000 deep", with_extra(b'"x":' + b"[" * 999 + b"]" * 999), Reason.NESTED_TOO_DEEP
    ),
    HostileRecord("nested 65,536 deep", b"[" * 65_536, Reason.NESTED_TOO_DEEP),
    HostileRecord("33 brackets that never close", b"[" * 33, Reason.NESTED_TOO_DEEP),
    HostileRecord("32 brackets that never close", b"[" * 32, Reason.NOT_JSON),
    HostileRecord("33 mixed brackets that are not JSON", b"[{" * 16 + b"[", Reason.NESTED_TOO_DEEP),
    HostileRecord("33 brackets behind an error", b"oops " + b"[" * 33, Reason.NESTED_TOO_DEEP),
    HostileRecord("33 brackets behind the object", GOOD + b"[" * 33, Reason.NESTED_TOO_DEEP),
    HostileRecord("closers do not earn depth", b"]" * 5 + b"[" * 33, Reason.NESTED_TOO_DEEP),
    HostileRecord(
        "a closer of the other kind counts too", b"[" * 32 + b"}" + b"[", Reason.NOT_JSON
    ),
    HostileRecord("40 siblings are not depth", with_extra(b'"x":[' + b"[]," * 39 + b"[]]"), None),
    HostileRecord("40 brackets inside a string", with_type(b'"' + b"[" * 40 + b'"'), None),
    HostileRecord("40 brackets inside a key", with_extra(b'"' + b"{" * 40 + b'":1'), None),
    HostileRecord("brackets behind an escaped quote", with_type(b'"a\\"' + b"[" * 40 + b'"'), None),
    HostileRecord(
        "brackets behind an escaped backslash and the end of the string",
        b'{"a\\\\"' + b"[" * 33,
        Reason.NESTED_TOO_DEEP,
    ),
    HostileRecord("brackets in a string that never ends", b'{"a":"' + b"[" * 40, Reason.NOT_JSON),
    HostileRecord(
        "a string ending in a lone backslash", b'{"a":"' + b"[" * 40 + b"\\", Reason.NOT_JSON
    ),
    HostileRecord(
        "a backslash outside a string escapes nothing", b'\\"' + b"[" * 40 + b'"', Reason.NOT_JSON
    ),
    HostileRecord(
        "a quote after a line end still closes the string",
        b'"a\n"' + b"[" * 33,
        Reason.NESTED_TOO_DEEP,
    ),
    # R6
    HostileRecord("words", b"not json at all", Reason.NOT_JSON),
    HostileRecord("only blanks", b" \t\r\n", Reason.NOT_JSON),
    HostileRecord("one NUL", b"\x00", Reason.NOT_JSON),
    HostileRecord("an object cut short", GOOD[:-1], Reason.NOT_JSON),
    HostileRecord("an object cut in a string", GOOD[:-4], Reason.NOT_JSON),
    HostileRecord("blanks around the object", b" \t\r\n" + GOOD + b" \t\r\n", None),
    HostileRecord("blanks inside the object", GOOD.replace(b'":"', b'" \r\n\t: "'), None),
    HostileRecord("blanks after commas", GOOD.replace(b",", b" ,\r\n\t"), None),
    HostileRecord("a form feed before the object", b"\x0c" + GOOD, Reason.NOT_JSON),
    HostileRecord("a no-break space before the object", b"\xc2\xa0" + GOOD, Reason.NOT_JSON),
    HostileRecord("a vertical tab after the object", GOOD + b"\x0b", Reason.NOT_JSON),
    HostileRecord("a byte order mark", b"\xef\xbb\xbf" + GOOD, Reason.NOT_JSON),
    HostileRecord("trailing garbage", GOOD + b" x", Reason.NOT_JSON),
    HostileRecord("a second object", GOOD + b"\n" + GOOD, Reason.NOT_JSON),
    HostileRecord("a trailing comma after the object", GOOD + b",", Reason.NOT_JSON),
    HostileRecord("a trailing NUL", GOOD + b"\x00", Reason.NOT_JSON),
    HostileRecord("a trailing comma inside", GOOD[:-1] + b",}", Reason.NOT_JSON),
    HostileRecord("a trailing comma in an array", with_extra(b'"x":[1,]'), Reason.NOT_JSON),
    HostileRecord("single quotes", GOOD.replace(b'"', b"'"), Reason.NOT_JSON),
    HostileRecord("a bare key", with_extra(b"x:1"), Reason.NOT_JSON),
    HostileRecord("a number as a key", with_extra(b"1:1"), Reason.NOT_JSON),
    HostileRecord("a comment", b"/* hello */" + GOOD, Reason.NOT_JSON),
    HostileRecord("a comment behind", GOOD + b"// hello", Reason.NOT_JSON),
    HostileRecord("NaN", with_extra(b'"x":NaN'), Reason.NOT_JSON),
    HostileRecord("Infinity", with_extra(b'"x":Infinity'), Reason.NOT_JSON),
    HostileRecord("-Infinity", with_extra(b'"x":-Infinity'), Reason.NOT_JSON),
    HostileRecord("NaN alone", b"NaN", Reason.NOT_JSON),
    HostileRecord("True", with_extra(b'"x":True'), Reason.NOT_JSON),
    HostileRecord("a leading zero", with_extra(b'"x":01'), Reason.NOT_JSON),
    HostileRecord("a leading plus", with_extra(b'"x":+1'), Reason.NOT_JSON),
    HostileRecord(
        "a number without digits before the point", with_extra(b'"x":.5'), Reason.NOT_JSON
    ),
    HostileRecord(
        "a number without digits after the point", with_extra(b'"x":1.'), Reason.NOT_JSON
    ),
    HostileRecord("an exponent without digits", with_extra(b'"x":1e'), Reason.NOT_JSON),
    HostileRecord("a lone minus", with_extra(b'"x":-'), Reason.NOT_JSON),
    HostileRecord("hexadecimal", with_extra(b'"x":0x10'), Reason.NOT_JSON),
    HostileRecord("a number in Arabic digits", with_extra('"x":١٢'.encode()), Reason.NOT_JSON),
    HostileRecord("minus zero", with_extra(b'"x":-0'), None),
    HostileRecord("1e999", with_extra(b'"x":1e999'), Reason.NOT_JSON),
    HostileRecord("-1e999", with_extra(b'"x":-1e999'), Reason.NOT_JSON),
    HostileRecord("1e999 alone", b"1e999", Reason.NOT_JSON),
    HostileRecord("1e308", with_extra(b'"x":1e308'), None),
    HostileRecord("the largest double", with_extra(b'"x":1.7976931348623157e308'), None),
    HostileRecord(
        "rounded down to the largest double", with_extra(b'"x":1.7976931348623158e308'), None
    ),
    HostileRecord(
        "rounded up to infinity", with_extra(b'"x":1.7976931348623159e308'), Reason.NOT_JSON
    ),
    HostileRecord("1e-999 is zero", with_extra(b'"x":1e-999'), None),
    HostileRecord("0e999 is zero", with_extra(b'"x":0e999'), None),
    HostileRecord(
        "a small number written long", with_extra(b'"x":0.' + b"0" * 400 + b"1e420"), None
    ),
    HostileRecord("an integer of 100 digits", with_extra(b'"x":' + b"9" * 100), None),
    HostileRecord(
        "an integer of 309 digits below the bound", with_extra(b'"x":1' + b"0" * 308), None
    ),
    HostileRecord("an integer of 310 digits", with_extra(b'"x":1' + b"0" * 309), Reason.NOT_JSON),
    HostileRecord("400 nines", with_extra(b'"x":' + b"9" * 400), Reason.NOT_JSON),
    HostileRecord("minus 400 nines", with_extra(b'"x":-' + b"9" * 400), Reason.NOT_JSON),
    HostileRecord("10,000 nines", with_extra(b'"x":' + b"9" * 10_000), Reason.NOT_JSON),
    HostileRecord("10,000 decimals", with_extra(b'"x":0.' + b"3" * 10_000), None),
    HostileRecord(
        "an overflowing number that a repeated key overwrites",
        with_extra(b'"x":1e999,"x":1'),
        Reason.NOT_JSON,
    ),
    HostileRecord("a raw NUL in a string", with_type(b'"a\x00b"'), Reason.NOT_JSON),
    HostileRecord("a raw line end in a string", with_type(b'"a\nb"'), Reason.NOT_JSON),
    HostileRecord("a raw tab in a string", with_type(b'"a\tb"'), Reason.NOT_JSON),
    HostileRecord("a raw U+001F in an unread field", with_extra(b'"x":"\x1f"'), Reason.NOT_JSON),
    HostileRecord("a raw NUL in a key", with_extra(b'"a\x00":1'), Reason.NOT_JSON),
    HostileRecord("a raw NUL between members", with_extra(b'\x00"x":1'), Reason.NOT_JSON),
    HostileRecord("an unknown escape", with_type(b'"\\x41"'), Reason.NOT_JSON),
    HostileRecord("an escaped single quote", with_type(b'"\\\'"'), Reason.NOT_JSON),
    HostileRecord("a capital U escape", with_type(b'"\\U0041"'), Reason.NOT_JSON),
    HostileRecord("an escape of three digits", with_type(b'"\\u041"'), Reason.NOT_JSON),
    HostileRecord("an escape with blanks", with_type(b'"\\u 041"'), Reason.NOT_JSON),
    HostileRecord("an escape with a sign", with_type(b'"\\u+041"'), Reason.NOT_JSON),
    HostileRecord("an escape that is no number", with_type(b'"\\u00g1"'), Reason.NOT_JSON),
    HostileRecord("an escape with 0x", with_type(b'"\\u0x41"'), Reason.NOT_JSON),
    HostileRecord(
        "an escape in full-width digits", with_type('"\\u００４１"'.encode()), Reason.NOT_JSON
    ),
    HostileRecord("a lone high surrogate", with_type(b'"\\ud83d"'), Reason.NOT_JSON),
    HostileRecord("a lone low surrogate", with_type(b'"\\uDE00"'), Reason.NOT_JSON),
    HostileRecord("surrogates in the wrong order", with_type(b'"\\ude00\\ud83d"'), Reason.NOT_JSON),
    HostileRecord("a high surrogate and a letter", with_type(b'"\\uD83Dx"'), Reason.NOT_JSON),
    HostileRecord(
        "a high surrogate and another escape", with_type(b'"\\ud83d\\n"'), Reason.NOT_JSON
    ),
    HostileRecord(
        "a high surrogate and a BMP escape", with_type(b'"\\ud83d\\u0041"'), Reason.NOT_JSON
    ),
    HostileRecord(
        "two high surrogates and a low one", with_type(b'"\\ud83d\\ud83d\\ude00"'), Reason.NOT_JSON
    ),
    HostileRecord(
        "halves of a pair in two strings", with_extra(b'"x":["\\ud83d","\\ude00"]'), Reason.NOT_JSON
    ),
    HostileRecord(
        "a lone surrogate in an unread field", with_extra(b'"x":"\\udfff"'), Reason.NOT_JSON
    ),
    HostileRecord("a lone surrogate in a key", with_extra(b'"\\ud800":1'), Reason.NOT_JSON),
    HostileRecord(
        "a lone surrogate deep inside", with_extra(b'"x":[{"y":["\\udc00"]}]'), Reason.NOT_JSON
    ),
    HostileRecord(
        "a lone surrogate that a repeated key overwrites",
        with_extra(b'"x":"\\ud800","x":"fine"'),
        Reason.NOT_JSON,
    ),
    HostileRecord(
        "a lone surrogate in a needed field that is overwritten",
        with_extra(b'"disposition":"\\ud800"'),
        Reason.NOT_JSON,
    ),
    HostileRecord("a lone surrogate alone", b'"\\ud800"', Reason.NOT_JSON),
    HostileRecord("a surrogate pair", with_type(b'"\\ud83d\\ude00"'), None),
    HostileRecord("a surrogate pair in capitals", with_type(b'"\\uD83D\\uDE00"'), None),
    HostileRecord("an escaped backslash before ud800", with_type(b'"\\\\ud800"'), None),
    HostileRecord("three backslashes before ud800", with_type(b'"\\\\\\ud800"'), Reason.NOT_JSON),
    HostileRecord("an escaped slash", with_type(b'"Assault \\/ Battery"'), None),
    HostileRecord("a character outside the BMP", with_type('"\U0001f600"'.encode()), None),
    HostileRecord("a noncharacter", with_type('"\uffff"'.encode()), None),
    HostileRecord("a byte order mark inside a string", with_type('"\ufeff"'.encode()), None),
    HostileRecord("a line separator inside a string", with_type('"\u2028"'.encode()), None),
    # R7
    HostileRecord("an array", b"[" + GOOD + b"]", Reason.NOT_AN_OBJECT),
    HostileRecord("an empty array", b"[]", Reason.NOT_AN_OBJECT),
    HostileRecord("a string", b'"182750001"', Reason.NOT_AN_OBJECT),
    HostileRecord("an object inside a string", b'"{}"', Reason.NOT_AN_OBJECT),
    HostileRecord("a number", b" 182750001 ", Reason.NOT_AN_OBJECT),
    HostileRecord("a number with a fraction", b"1.5", Reason.NOT_AN_OBJECT),
    HostileRecord("an integer of 100 digits alone", b"9" * 100, Reason.NOT_AN_OBJECT),
    HostileRecord("true", b"true", Reason.NOT_AN_OBJECT),
    HostileRecord("null", b"null", Reason.NOT_AN_OBJECT),
    # R8
    HostileRecord("an empty object", b"{}", Reason.FIELD_MISSING),
    HostileRecord("no call id", GOOD.replace(b"crime_id", b"crime_no"), Reason.FIELD_MISSING),
    HostileRecord(
        "no type", GOOD.replace(b"original_crime_type_name", b"type"), Reason.FIELD_MISSING
    ),
    HostileRecord(
        "no call time", GOOD.replace(b"call_date_time", b"call_time"), Reason.FIELD_MISSING
    ),
    HostileRecord("no disposition", GOOD.replace(b"disposition", b"result"), Reason.FIELD_MISSING),
    HostileRecord(
        "a key in capitals", GOOD.replace(b"disposition", b"DISPOSITION"), Reason.FIELD_MISSING
    ),
    HostileRecord(
        "a key with a blank", GOOD.replace(b"disposition", b"disposition "), Reason.FIELD_MISSING
    ),
    HostileRecord(
        "a key with an escaped NUL",
        GOOD.replace(b"disposition", b"disposition\\u0000"),
        Reason.FIELD_MISSING,
    ),
    HostileRecord("the fields one level down", b'{"call":' + GOOD + b"}", Reason.FIELD_MISSING),
    HostileRecord(
        "one field missing and another not text",
        b'{"crime_id":1,"call_date_time":"2018-10-02T09:11:00.000","disposition":"HAN"}',
        Reason.FIELD_MISSING,
    ),
    HostileRecord(
        "a key written with escapes", GOOD.replace(b"crime_id", b"crime\\u005fi\\u0064"), None
    ),
    # R9
    HostileRecord("the id as a number", with_id(b"182750001"), Reason.FIELD_NOT_TEXT),
    HostileRecord("the id as null", with_id(b"null"), Reason.FIELD_NOT_TEXT),
    HostileRecord("the id as an array", with_id(b'["182750001"]'), Reason.FIELD_NOT_TEXT),
    HostileRecord("the id as a huge integer", with_id(b"9" * 100), Reason.FIELD_NOT_TEXT),
    HostileRecord("the type as null", with_type(b"null"), Reason.FIELD_NOT_TEXT),
    HostileRecord("the type as an object", with_type(b'{"a":"b"}'), Reason.FIELD_NOT_TEXT),
    HostileRecord("the time as a number", with_time(b"1538471460"), Reason.FIELD_NOT_TEXT),
    HostileRecord("the disposition as true", with_disposition(b"true"), Reason.FIELD_NOT_TEXT),
    HostileRecord("the disposition as a number", with_disposition(b"22"), Reason.FIELD_NOT_TEXT),
    HostileRecord(
        "one field not text and another with a control character",
        with_id(b'"1\\n"').replace(b'"HAN"', b"22"),
        Reason.FIELD_NOT_TEXT,
    ),
    HostileRecord(
        "a repeated key whose last value is not text",
        GOOD[:-1] + b',"disposition":22}',
        Reason.FIELD_NOT_TEXT,
    ),
    HostileRecord(
        "a repeated key whose first value is not text", with_extra(b'"disposition":22'), None
    ),
    # R10
    HostileRecord(
        "an escaped NUL in the type", with_type(b'"a\\u0000b"'), Reason.CONTROL_CHARACTER
    ),
    HostileRecord("an escaped tab in the type", with_type(b'"a\\tb"'), Reason.CONTROL_CHARACTER),
    HostileRecord("an escaped backspace", with_type(b'"\\b"'), Reason.CONTROL_CHARACTER),
    HostileRecord("an escaped U+001F", with_type(b'"\\u001F"'), Reason.CONTROL_CHARACTER),
    HostileRecord(
        "an escaped line end at the end of the type", with_type(b'"a\\n"'), Reason.CONTROL_CHARACTER
    ),
    HostileRecord(
        "a line end in the disposition", with_disposition(b'"HAN\\r\\n"'), Reason.CONTROL_CHARACTER
    ),
    HostileRecord("a line end after the id", with_id(b'"182750001\\n"'), Reason.CONTROL_CHARACTER),
    HostileRecord(
        "a line end after the time",
        with_time(b'"2018-10-02T09:11:00\\n"'),
        Reason.CONTROL_CHARACTER,
    ),
    HostileRecord("a raw DEL", with_type(b'"\x7f"'), Reason.CONTROL_CHARACTER),
    HostileRecord("a raw U+0080", with_type(b'"\xc2\x80"'), Reason.CONTROL_CHARACTER),
    HostileRecord("a raw U+0085", with_type(b'"\xc2\x85"'), Reason.CONTROL_CHARACTER),
    HostileRecord("an escaped U+009F", with_type(b'"\\u009f"'), Reason.CONTROL_CHARACTER),
    HostileRecord(
        "a control character and a bad id",
        with_id(b'""').replace(b"HAN", b"\\u0007"),
        Reason.CONTROL_CHARACTER,
    ),
    HostileRecord("an escaped blank", with_type(b'"a\\u0020b"'), None),
    HostileRecord("a no-break space in the type", with_type(b'"\xc2\xa0"'), None),
    HostileRecord("a control character in an unread field", with_extra(b'"x":"\\u0000\\n"'), None),
    HostileRecord("a control character in an unread key", with_extra(b'"\\u0000":"x"'), None),
    HostileRecord(
        "a control character that a repeated key overwrites",
        with_extra(b'"disposition":"\\u0000"'),
        None,
    ),
    # R11
    HostileRecord("an empty id", with_id(b'""'), Reason.BAD_CALL_ID),
    HostileRecord("an id of letters", with_id(b'"abc"'), Reason.BAD_CALL_ID),
    HostileRecord("an id with a letter", with_id(b'"18275000l"'), Reason.BAD_CALL_ID),
    HostileRecord("an id with a blank before", with_id(b'" 182750001"'), Reason.BAD_CALL_ID),
    HostileRecord("an id with a blank behind", with_id(b'"182750001 "'), Reason.BAD_CALL_ID),
    HostileRecord("an id with a plus", with_id(b'"+182750001"'), Reason.BAD_CALL_ID),
    HostileRecord("an id with a minus", with_id(b'"-182750001"'), Reason.BAD_CALL_ID),
    HostileRecord("an id with an underscore", with_id(b'"182_750_001"'), Reason.BAD_CALL_ID),
    HostileRecord("an id with a fraction", with_id(b'"182750001.0"'), Reason.BAD_CALL_ID),
    HostileRecord("an id with an exponent", with_id(b'"1e9"'), Reason.BAD_CALL_ID),
    HostileRecord("an id in Arabic digits", with_id('"١٨٢٧٥"'.encode()), Reason.BAD_CALL_ID),
    HostileRecord(
        "an id in full-width digits", with_id('"１８２７５"'.encode()), Reason.BAD_CALL_ID
    ),
    HostileRecord("an id with a superscript digit", with_id('"18²"'.encode()), Reason.BAD_CALL_ID),
    HostileRecord("an id of 19 digits", with_id(b'"1234567890123456789"'), Reason.BAD_CALL_ID),
    HostileRecord(
        "an id of 19 digits with leading zeros",
        with_id(b'"0000000000000000001"'),
        Reason.BAD_CALL_ID,
    ),
    HostileRecord("an id of 18 nines", with_id(b'"999999999999999999"'), None),
    HostileRecord("an id of one digit", with_id(b'"0"'), None),
    HostileRecord("an id with leading zeros", with_id(b'"007"'), None),
    HostileRecord(
        "a bad id and a bad time",
        with_id(b'"x"').replace(b"2018-10", b"2018-13"),
        Reason.BAD_CALL_ID,
    ),
    # R12
    HostileRecord("an empty time", with_time(b'""'), Reason.BAD_CALL_TIME),
    HostileRecord("a date alone", with_time(b'"2018-10-02"'), Reason.BAD_CALL_TIME),
    HostileRecord("no seconds", with_time(b'"2018-10-02T09:11"'), Reason.BAD_CALL_TIME),
    HostileRecord("no fraction", with_time(b'"2018-10-02T09:11:00"'), None),
    HostileRecord("a fraction of one digit", with_time(b'"2018-10-02T09:11:00.5"'), None),
    HostileRecord("a fraction of six digits", with_time(b'"2018-10-02T09:11:00.123456"'), None),
    HostileRecord(
        "a fraction of seven digits",
        with_time(b'"2018-10-02T09:11:00.1234567"'),
        Reason.BAD_CALL_TIME,
    ),
    HostileRecord(
        "a point without a fraction", with_time(b'"2018-10-02T09:11:00."'), Reason.BAD_CALL_TIME
    ),
    HostileRecord(
        "a comma for the point", with_time(b'"2018-10-02T09:11:00,000"'), Reason.BAD_CALL_TIME
    ),
    HostileRecord(
        "a blank for the T", with_time(b'"2018-10-02 09:11:00.000"'), Reason.BAD_CALL_TIME
    ),
    HostileRecord("a small t", with_time(b'"2018-10-02t09:11:00.000"'), Reason.BAD_CALL_TIME),
    HostileRecord("a Z", with_time(b'"2018-10-02T09:11:00.000Z"'), Reason.BAD_CALL_TIME),
    HostileRecord("an offset", with_time(b'"2018-10-02T09:11:00-07:00"'), Reason.BAD_CALL_TIME),
    HostileRecord(
        "blanks around the time", with_time(b'" 2018-10-02T09:11:00 "'), Reason.BAD_CALL_TIME
    ),
    HostileRecord("the basic form", with_time(b'"20181002T091100"'), Reason.BAD_CALL_TIME),
    HostileRecord("a week date", with_time(b'"2018-W40-2T09:11:00"'), Reason.BAD_CALL_TIME),
    HostileRecord("a month of one digit", with_time(b'"2018-1-02T09:11:00"'), Reason.BAD_CALL_TIME),
    HostileRecord("an American date", with_time(b'"10/02/2018T09:11:00"'), Reason.BAD_CALL_TIME),
    HostileRecord(
        "a time in Arabic digits", with_time('"٢٠١٨-١٠-٠٢T٠٩:١١:٠٠"'.encode()), Reason.BAD_CALL_TIME
    ),
    HostileRecord(
        "one full-width digit", with_time('"2018-10-02T09:11:0０"'.encode()), Reason.BAD_CALL_TIME
    ),
    HostileRecord(
        "a full-width digit in the fraction",
        with_time('"2018-10-02T09:11:00.５"'.encode()),
        Reason.BAD_CALL_TIME,
    ),
    HostileRecord("month 0", with_time(b'"2018-00-02T09:11:00"'), Reason.BAD_CALL_TIME),
    HostileRecord("month 13", with_time(b'"2018-13-02T09:11:00"'), Reason.BAD_CALL_TIME),
    HostileRecord("day 0", with_time(b'"2018-10-00T09:11:00"'), Reason.BAD_CALL_TIME),
    HostileRecord("31 November", with_time(b'"2018-11-31T09:11:00"'), Reason.BAD_CALL_TIME),
    HostileRecord("29 February 2018", with_time(b'"2018-02-29T09:11:00"'), Reason.BAD_CALL_TIME),
    HostileRecord("29 February 2016", with_time(b'"2016-02-29T09:11:00"'), None),
    HostileRecord("29 February 2000", with_time(b'"2000-02-29T09:11:00"'), None),
    HostileRecord("hour 24", with_time(b'"2018-10-02T24:00:00"'), Reason.BAD_CALL_TIME),
    HostileRecord("minute 60", with_time(b'"2018-10-02T09:60:00"'), Reason.BAD_CALL_TIME),
    HostileRecord("a leap second", with_time(b'"2016-12-31T23:59:60"'), Reason.BAD_CALL_TIME),
    HostileRecord("year 0000", with_time(b'"0000-01-01T00:00:00"'), Reason.BAD_CALL_TIME),
    HostileRecord(
        "a year of five digits", with_time(b'"12018-10-02T09:11:00"'), Reason.BAD_CALL_TIME
    ),
    HostileRecord("a negative year", with_time(b'"-2018-10-02T09:11:00"'), Reason.BAD_CALL_TIME),
    HostileRecord(
        "an impossible date in an impossible year",
        with_time(b'"9999-02-29T00:00:00"'),
        Reason.BAD_CALL_TIME,
    ),
    HostileRecord("the hour missing in March", with_time(b'"2018-03-11T02:30:00"'), None),
    HostileRecord("the hour repeated in November", with_time(b'"2018-11-04T01:30:00"'), None),
    # R13
    HostileRecord("year 9999", with_time(b'"9999-12-31T23:59:59"'), Reason.YEAR_OUT_OF_RANGE),
    HostileRecord("year 0001", with_time(b'"0001-01-01T00:00:00"'), Reason.YEAR_OUT_OF_RANGE),
    HostileRecord(
        "the last moment of 1999",
        with_time(b'"1999-12-31T23:59:59.999999"'),
        Reason.YEAR_OUT_OF_RANGE,
    ),
    HostileRecord("the first moment of 2000", with_time(b'"2000-01-01T00:00:00"'), None),
    HostileRecord("the last moment of 2099", with_time(b'"2099-12-31T23:59:59.999999"'), None),
    HostileRecord(
        "the first moment of 2100",
        with_time(b'"2100-01-01T00:00:00.000"'),
        Reason.YEAR_OUT_OF_RANGE,
    ),
    # R14
    HostileRecord("a type of 256 characters", with_type(b'"' + b"a" * 256 + b'"'), None),
    HostileRecord("a type of 257", with_type(b'"' + b"a" * 257 + b'"'), Reason.LABEL_TOO_LONG),
    HostileRecord("a disposition of 256", with_disposition(b'"' + b"b" * 256 + b'"'), None),
    HostileRecord(
        "a disposition of 257", with_disposition(b'"' + b"b" * 257 + b'"'), Reason.LABEL_TOO_LONG
    ),
    HostileRecord(
        "both of 256", with_type(b'"' + b"a" * 256 + b'"').replace(b"HAN", b"b" * 256), None
    ),
    HostileRecord(
        "64 characters of four bytes each",
        with_type(b'"' + "\U0001f600".encode() * 64 + b'"'),
        None,
    ),
    HostileRecord(
        "65 surrogate pairs, four bytes each",
        with_type(b'"' + b"\\ud83d\\ude00" * 65 + b'"'),
        Reason.LABEL_TOO_LONG,
    ),
    HostileRecord("60,000 blanks around a type", with_type(b'"' + b" " * 60_000 + b'a"'), None),
    HostileRecord(
        "256 characters and a blank between each",
        with_type(b'"' + b"a " * 128 + b"   " + b'"'),
        None,
    ),
    HostileRecord(
        "257 characters, the inner blanks counted once",
        with_type(b'"' + b"a " * 128 + b'ab"'),
        Reason.LABEL_TOO_LONG,
    ),
    HostileRecord(
        "129 no-break spaces are not blanks",
        with_type(b'"' + "\u00a0".encode() * 129 + b'"'),
        Reason.LABEL_TOO_LONG,
    ),
    HostileRecord(
        "a label too long and a year out of range",
        with_type(b'"' + b"a" * 257 + b'"').replace(b"2018", b"1999"),
        Reason.YEAR_OUT_OF_RANGE,
    ),
    # valid, and odd
    HostileRecord("an empty type", with_type(b'""'), None),
    HostileRecord("an empty disposition", with_disposition(b'""'), None),
    HostileRecord("a type of blanks", with_type(b'"   "'), None),
    HostileRecord("an empty key", with_extra(b'"":""'), None),
    HostileRecord("a repeated key", with_extra(b'"disposition":"GOA"'), None),
]

MEANINGS: list[Meaning] = [
    Meaning("a plain call", GOOD, 182750001, 1_538_471_460_000_000, "Passing Call", "HAN"),
    Meaning(
        "leading zeros mean nothing",
        with_id(b'"007"'),
        7,
        1_538_471_460_000_000,
        "Passing Call",
        "HAN",
    ),
    Meaning(
        "blanks are trimmed and folded",
        with_type(b'"  Fight   No  Weapon "'),
        182750001,
        1_538_471_460_000_000,
        "Fight No Weapon",
        "HAN",
    ),
    Meaning(
        "blanks of the disposition too",
        with_disposition(b'"  Not   recorded "'),
        182750001,
        1_538_471_460_000_000,
        "Passing Call",
        "Not recorded",
    ),
    Meaning(
        "only blanks become empty", with_type(b'"   "'), 182750001, 1_538_471_460_000_000, "", "HAN"
    ),
    Meaning(
        "other blanks stay",
        with_type('"\u00a0Passing\u2003Call\u3000"'.encode()),
        182750001,
        1_538_471_460_000_000,
        "\u00a0Passing\u2003Call\u3000",
        "HAN",
    ),
    Meaning(
        "an escaped blank is a blank",
        with_type(b'"\\u0020Passing\\u0020\\u0020Call"'),
        182750001,
        1_538_471_460_000_000,
        "Passing Call",
        "HAN",
    ),
    Meaning(
        "case is kept",
        with_disposition(b'"han"'),
        182750001,
        1_538_471_460_000_000,
        "Passing Call",
        "han",
    ),
    Meaning(
        "the last of a repeated key counts",
        with_extra(b'"disposition":"GOA","crime_id":"5"'),
        182750001,
        1_538_471_460_000_000,
        "Passing Call",
        "HAN",
    ),
    Meaning(
        "the last of a repeated key counts, behind",
        GOOD[:-1] + b',"disposition":"GOA"}',
        182750001,
        1_538_471_460_000_000,
        "Passing Call",
        "GOA",
    ),
    Meaning(
        "no Unicode normalisation: e and an accent stay two characters",
        with_type('"Cafe\u0301"'.encode()),
        182750001,
        1_538_471_460_000_000,
        "Cafe\u0301",
        "HAN",
    ),
    Meaning(
        "a surrogate pair is one character",
        with_type(b'"\\ud83d\\ude00"'),
        182750001,
        1_538_471_460_000_000,
        "\U0001f600",
        "HAN",
    ),
    Meaning(
        "a fraction of one digit is tenths",
        with_time(b'"2018-10-02T09:11:00.5"'),
        182750001,
        1_538_471_460_500_000,
        "Passing Call",
        "HAN",
    ),
    Meaning(
        "a fraction of six digits is microseconds",
        with_time(b'"2018-10-02T09:11:59.000001"'),
        182750001,
        1_538_471_519_000_001,
        "Passing Call",
        "HAN",
    ),
    Meaning(
        "the hour missing in March stays as written",
        with_time(b'"2018-03-11T02:30:00"'),
        182750001,
        1_520_735_400_000_000,
        "Passing Call",
        "HAN",
    ),
]

WEEK_S = 604_800
# 2018-10-02 09:11:00 in San Francisco (UTC-7) is 2018-10-02 16:11:00 UTC.
_OCTOBER_MS = 1_538_496_660_000
# 2018-11-04: 01:30 PDT (UTC-7) is 08:30 UTC; 01:30 PST (UTC-8) is 09:30 UTC.
_FIRST_HALF_PAST_ONE_MS = 1_541_320_200_000
_SECOND_HALF_PAST_ONE_MS = 1_541_323_800_000
# 2018-03-11: 01:59:59 PST is 09:59:59 UTC; the next second is 03:00:00 PDT.
_LAST_SECOND_BEFORE_MARCH_MS = 1_520_762_399_000

TIMED_RECORDS: list[TimedRecord] = [
    TimedRecord(
        "published as it came in", "2018-10-02T09:11:00", _OCTOBER_MS, WEEK_S, Outcome.COUNTED
    ),
    TimedRecord(
        "exactly the allowed lateness",
        "2018-10-02T09:11:00",
        _OCTOBER_MS + WEEK_S * 1000,
        WEEK_S,
        Outcome.COUNTED,
    ),
    TimedRecord(
        "a millisecond more than the allowed lateness",
        "2018-10-02T09:11:00",
        _OCTOBER_MS + WEEK_S * 1000 + 1,
        WEEK_S,
        Outcome.LATE,
    ),
    TimedRecord(
        "a microsecond of the call time decides",
        "2018-10-02T09:10:59.999999",
        _OCTOBER_MS + WEEK_S * 1000,
        WEEK_S,
        Outcome.LATE,
    ),
    TimedRecord(
        "no lateness allowed, on time", "2018-10-02T09:11:00", _OCTOBER_MS, 0, Outcome.COUNTED
    ),
    TimedRecord(
        "no lateness allowed, 1 ms late", "2018-10-02T09:11:00", _OCTOBER_MS + 1, 0, Outcome.LATE
    ),
    TimedRecord("an hour ahead", "2018-10-02T10:11:00", _OCTOBER_MS, WEEK_S, Outcome.COUNTED),
    TimedRecord(
        "an hour and a microsecond ahead",
        "2018-10-02T10:11:00.000001",
        _OCTOBER_MS,
        WEEK_S,
        Outcome.REJECTED,
    ),
    TimedRecord("years ahead", "2099-01-01T00:00:00", _OCTOBER_MS, WEEK_S, Outcome.REJECTED),
    TimedRecord("years ahead, rule off", "2099-01-01T00:00:00", _OCTOBER_MS, None, Outcome.COUNTED),
    TimedRecord("years late, rule off", "2000-01-01T00:00:00", _OCTOBER_MS, None, Outcome.COUNTED),
    TimedRecord("years late", "2000-01-01T00:00:00", _OCTOBER_MS, WEEK_S, Outcome.LATE),
    TimedRecord(
        "a record without a timestamp", "2018-10-02T09:11:00", -1, WEEK_S, Outcome.REJECTED
    ),
    TimedRecord("stamped 0", "2018-10-02T09:11:00", 0, WEEK_S, Outcome.REJECTED),
    TimedRecord("stamped beyond year 9999", "2018-10-02T09:11:00", 2**62, WEEK_S, Outcome.LATE),
    TimedRecord("stamped last of all", "2018-10-02T09:11:00", 2**63 - 1, WEEK_S, Outcome.LATE),
    TimedRecord("stamped first of all", "2018-10-02T09:11:00", -(2**63), WEEK_S, Outcome.REJECTED),
    # 250 years are 91,310 days; published 2300-01-01T00:00:00 on the wall.
    TimedRecord(
        "exactly an allowed lateness of 250 years",
        "2050-01-01T00:00:00",
        10_413_820_800_000,
        91_310 * 86_400,
        Outcome.COUNTED,
    ),
    TimedRecord(
        "a millisecond more than 250 years",
        "2050-01-01T00:00:00",
        10_413_820_800_001,
        91_310 * 86_400,
        Outcome.LATE,
    ),
    # From 2100 on there is no summer time: 2100-07-01T08:00:00Z is midnight on the wall.
    TimedRecord(
        "exactly 182 days, published in the summer of 2100",
        "2099-12-31T00:00:00",
        4_118_112_000_000,
        182 * 86_400,
        Outcome.COUNTED,
    ),
    TimedRecord(
        "a millisecond more, published in the summer of 2100",
        "2099-12-31T00:00:00",
        4_118_112_000_001,
        182 * 86_400,
        Outcome.LATE,
    ),
    TimedRecord(
        "stamped far before year 1", "2018-10-02T09:11:00", -(2**62), WEEK_S, Outcome.REJECTED
    ),
    # The autumn seam: the wall shows 01:00-02:00 twice.
    TimedRecord(
        "half past one, first time",
        "2018-11-04T01:30:00",
        _FIRST_HALF_PAST_ONE_MS,
        0,
        Outcome.COUNTED,
    ),
    TimedRecord(
        "half past one, second time",
        "2018-11-04T01:30:00",
        _SECOND_HALF_PAST_ONE_MS,
        0,
        Outcome.COUNTED,
    ),
    TimedRecord(
        "published in the second hour, called at one by the wall",
        "2018-11-04T01:00:00",
        _SECOND_HALF_PAST_ONE_MS,
        1800,
        Outcome.COUNTED,
    ),
    TimedRecord(
        "published in the second hour, a second too late by the wall",
        "2018-11-04T00:59:59",
        _SECOND_HALF_PAST_ONE_MS,
        1800,
        Outcome.LATE,
    ),
    TimedRecord(
        "published in the first hour, an hour ahead by the wall",
        "2018-11-04T02:30:00",
        _FIRST_HALF_PAST_ONE_MS,
        0,
        Outcome.COUNTED,
    ),
    TimedRecord(
        "published in the first hour, a second more than an hour ahead",
        "2018-11-04T02:30:01",
        _FIRST_HALF_PAST_ONE_MS,
        0,
        Outcome.REJECTED,
    ),
    # The spring seam: the wall jumps from 01:59:59 to 03:00:00.
    TimedRecord(
        "last second before the jump",
        "2018-03-11T01:59:59",
        _LAST_SECOND_BEFORE_MARCH_MS,
        0,
        Outcome.COUNTED,
    ),
    TimedRecord(
        "a second later the wall says three",
        "2018-03-11T03:00:00",
        _LAST_SECOND_BEFORE_MARCH_MS + 1000,
        0,
        Outcome.COUNTED,
    ),
    TimedRecord(
        "across the jump the wall has gone on an hour more",
        "2018-03-11T01:59:59",
        _LAST_SECOND_BEFORE_MARCH_MS + 1000,
        3600,
        Outcome.LATE,
    ),
    TimedRecord(
        "a call in the missing hour",
        "2018-03-11T02:30:00",
        _LAST_SECOND_BEFORE_MARCH_MS + 1000,
        1800,
        Outcome.COUNTED,
    ),
]
