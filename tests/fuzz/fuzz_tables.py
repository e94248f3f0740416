"""What the fuzz makes records of: pieces of bytes, each odd in a way that some rule speaks of."""

# ruff: noqa: RUF001  look-alike digits stand here on purpose
from __future__ import annotations

import json

PIECES = (
    *(b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b" ", b"\t", b"\n", b"\r", b"\x00", b"\x0b"),
    *(b"0", b"1", b"-", b"+", b".", b"e", b"E", b"1e999", b"-1e400", b"0.1e-3", b"9" * 320),
    *(b"\\u", b"d83d", b"DE00", b"\\ud83d", b"\\udE00", b"\\ud8", b"\\n", b"\\/", b"\\x", b"\\\\"),
    *(b"null", b"true", b"NaN", b"Infinity", b'"x":', b'""', b"[" * 31, b"]" * 31, b'{"a":' * 31),
    *(b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80", b"\x7f", b"\xc2\x85"),
    *(text.encode() for text in ("é", "\ufeff", "\U0001f600", "\u0085", "\u2028", "１", "\u00a0")),
    *(b'"disposition":', b'"crime_id":"5"', b"2018-11-04T01:30:00", b"2100", b"T24:"),
)

ESCAPES = (
    *(b"\\ud83d\\ude00", b"\\uD83D\\uDE00", b"\\ud83d", b"\\ude00", b"\\ude00\\ud83d"),
    *(b"\\ud83d\\ud83d\\ude00", b"\\ud83d\\n", b"\\ud83d\\u0041", b"\\\\ud800", b"\\\\\\ud800"),
    *(b"\\u0000", b"\\u001f", b"\\u007F", b"\\u009f", b"\\u00a0", b"\\u0020", b"\\u005c"),
    *(b"\\n", b"\\t", b"\\b", b"\\/", b'\\"', b"\\\\", b"\\x41", b"\\u12", b"\\U0041", b"\\"),
    *(b"\x00", b"\n", b"\x1f", b"\x7f", b"\xc2\x80", b"\xff", b"\xed\xb0\x80", b'"'),
    *(b"[" * 40, b"{" * 33, b"}", b" ", b"  ", b"\xc2\xa0", b"\xe3\x80\x80", b"\xef\xbb\xbf"),
)

BROKEN_UTF8 = (
    *(b"\x80", b"\xbf", b"\xc0\xaf", b"\xc0\x80", b"\xc1\xbf", b"\xc3", b"\xc3(", b"\xe0\x80\xaf"),
    *(b"\xe0\x9f\xbf", b"\xe2\x82", b"\xed\xa0\x80", b"\xed\xa0\xbd\xed\xb8\x80", b"\xed\xbf\xbf"),
    *(b"\xf0\x80\x80\xaf", b"\xf0\x8f\xbf\xbf", b"\xf0\x9f\x98", b"\xf4\x90\x80\x80", b"\xf5"),
    *(b"\xf8\x88\x80\x80\x80", b"\xfe", b"\xff", b"\xff\xfe", b"\xe9"),
)
WHOLE_UTF8 = (
    *(b"\xc2\x80", b"\xdf\xbf", b"\xe0\xa0\x80", b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbf"),
    *(b"\xf0\x90\x80\x80", b"\xf4\x8f\xbf\xbf", b"\xc2\xa0", b"e\xcc\x81"),
)

NUMBERS = (
    *(b"0", b"-0", b"-0.0", b"1", b"22", b"182750001", b"-1.5", b"1e5", b"1E+5", b"0e999"),
    *(b"18446744073709551615", b"18446744073709551616", b"-9223372036854775809", b"9" * 100),
    *(b"1.7976931348623157e308", b"1.7976931348623158e308", b"1.7976931348623159e308"),
    *(b"179769313486231580793728971405301e276", b"1" + b"0" * 308, b"1" + b"0" * 309),
    *(b"9" * 308, b"9" * 309, b"0." + b"0" * 400 + b"1e710", b"0." + b"0" * 400 + b"1e708"),
    *(b"1e999", b"-1e999", b"1e-999", b"123456789e301", b"1e00308", b"1e00309", b"4.9e-324"),
    *(b"01", b"-01", b"+1", b".5", b"1.", b"1.e5", b"1e", b"1e+", b"-", b"0x10", b"1_0"),
    *(b"9" * 400, b"9" * 5000, b"1e99999999999999999999", b"0e99999999999999999999", b"1e-0"),
    *("１".encode(), "1٣".encode(), b"1f", b"1L", b"--1", b"1e1.5", b"-0e-0", b"00", b"0."),
)
WORDS = (
    *(b"true", b"false", b"null", b"NaN", b"Infinity", b"-Infinity", b"True", b"nul", b"undefined"),
    *(b"-NaN", b"inf", b"nan", b"truefalse", b"nullx", b"None", b"{}", b"[]", b'""', b"[,]"),
)
SPACES = (b"", b"", b"", b" ", b"\n    ", b"\t", b"\r\n", b"\x0c", b"\xc2\xa0")
GOOD_SPACES = (b"", b" ", b"\n    ", b"\t\r\n")
AROUND = (
    *(b"x", b"\x00", b"[" * 33, b",", b"}", b"{}", b"\xfe", b"\x0c", b"//", b"\xef\xbb\xbf", b"]"),
    *(b" ", b"\t\r\n", b"\xc2\xa0", b"\x0b", b"\x1a", b"\x7f", b"\xe2\x80\xa8", b"null", b"/**/"),
    *(b"\xff\xfe", b"\xfe\xff", b"\x00\x00", b"\xc2\x85", b"\xe2\x81\xa0", b"0", b'"', b"\\"),
)

# Blanks of all kinds; only U+0020 is folded.
BLANKS = (
    *(" ", "  ", "   ", " " * 300, "\u00a0", "\u1680", "\u2000", "\u2003", "\u200b", "\u2028"),
    *("\u2029", "\u202f", "\u205f", "\u3000", "\ufeff", "\u180e", "\u0085", "\t", "\x0b", "\x1c"),
    *("\x1f", "\x7f", "\x9f", "\x00", "\u00ad", "\u034f", "\r\n"),
)
LABELS = (
    *("Passing Call", "HAN", "Traffic Stop", "GOA", "Fight No Weapon", "ADV", "ND", "", "han"),
    *("Café", "Cafe\u0301", "22", "Not recorded", "Assault / Battery", "a\u00a0 b", "\U0001f600"),
)
IDS = (
    *("", "0", "007", "00", "9" * 17, "9" * 18, "9" * 19, "0" * 18, "0" * 19, "0" * 18 + "1"),
    *(" 1", "1 ", "+1", "-1", "-0", "1.0", "1e3", "1,000", "１８", "٣", "1²", "①", "1_0", "0x1"),
    *("1\u0000", "\u00851", "182750001\n", "18275000l", "१२", "𝟏𝟐", "1\u200b", "\ufeff1", "٠"),
    *("9223372036854775807", "9223372036854775808", "1" * 40, "-1" + "0" * 17, "1/2", "Ⅷ"),
)

YEARS = (
    *("2018", "2018", "2018", "2000", "1999", "2099", "2100", "2016", "1900", "0000", "2199"),
    *("0001", "9999", "12018", "-018", "+018", "２018", "18", "2038", "1970", "2101", " 018"),
)
MONTHS = ("10", "11", "03", "02", "12", "01", "00", "13", "1", "0x", "１0")
DAYS = ("02", "04", "11", "01", "28", "29", "30", "31", "00", "32", "4", "٠4")
SEPARATORS = (*["T"] * 12, "t", " ", "", "TT", "\u00a0", "_", "T ")
HOURS = ("09", "01", "02", "00", "23", "24", "9", "-1", "0９", "25", "+1")
MINUTES = ("11", "30", "00", "59", "60", "5", "١١", "99")
SECONDS = (":00", ":59", ":60", "", ":5", ":00:00", ":30", ":61", ":")
FRACTIONS = (
    *(
        "",
        "",
        ".000",
        ".5",
        ".123456",
        ".999999",
        ".1234567",
        ".",
        ",000",
        ".５",
        ".-1",
        ".0000000",
    ),
    *(".1", ".12", ".1234", ".12345", ".000001", ". 1", ".1_1", ".999999999", ":000"),
)
ZONES = (*[""] * 14, "Z", "z", "+00:00", "-0700", " ", "\n", "\u0000", "[UTC]", " PST", "+00")

SEAM_TIMES = (
    *("2018-11-04T00:59:59", "2018-11-04T01:00:00", "2018-11-04T01:30:00", "2018-11-04T02:00:00"),
    *("2018-03-11T01:59:59", "2018-03-11T02:30:00", "2018-03-11T03:00:00", "2018-10-02T09:11:00"),
    *(
        "2006-04-02T01:59:59.999999",
        "2006-10-29T01:30:00",
        "2000-01-01T00:00:00",
        "2007-03-11T02:00:00",
    ),
    *(
        "2099-12-31T23:59:59.999999",
        "2016-02-29T00:00:00",
        "2099-11-01T01:30:00.5",
        "2000-02-29T12:00:00",
    ),
)
"""All of them real: at the zone's two seams, at the ends of the years that count, leap days."""

KEYS = {
    "crime_id": (b'"crime\\u005fid"', b'"CRIME_ID"', b'"crime_id "', b'"cr\\u0069me_id"'),
    "call_date_time": (b'"c\\u0061ll_date_time"', b'"call_time"', b'"call_date_time\\u0000"'),
    "original_crime_type_name": (
        b'"original\\u005Fcrime_type_name"',
        b'"original_crime_type"',
        b'"\xc2\xa0original_crime_type_name"',
    ),
    "disposition": (b'"dispositio\\u006E"', b'"disposition\\u0000"', b'"Disposition"', b'""'),
}
"""Other spellings of the needed names: some of them are the same name, unescaped."""


def quoted(text: str, *, escaped: bool) -> bytes:
    """A JSON string; `escaped`: all but ASCII written as escapes."""
    return json.dumps(text, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
