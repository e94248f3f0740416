"""Makes the bytes of records: half of them valid or nearly so, the rest wrong in every way known.

Each comes with the family it was made by, and with its call time where it was made from one, so
that a publication can be chosen close to a bound.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from itertools import accumulate
from random import Random
from typing import NamedTuple

import fuzz_tables as tables
from fuzz_calls import CallMaker, Dice, MadeCall
from fuzz_json import JsonMaker

from hostile_records import HOSTILE_RECORDS, OTHER_FIELDS
from sfcrime.domain.calls import CALL_FIELDS, NEEDED_FIELDS
from sfcrime.domain.outcomes import MAX_VALUE_BYTES

_LEGACY = (
    b'{"crime_id":"%b","original_crime_type_name":"%b","report_date":"2018-10-02T00:00:00.000",'
    b'"call_date":"2018-10-02T00:00:00.000","offense_date":"2018-10-02T00:00:00.000",'
    b'"call_time":"09:11","call_date_time":"%b","disposition":"%b",'
    b'"address":"100 Block Of Nowhere St","city":"San Francisco","state":"CA","agency_id":"1",'
    b'"address_type":"Premise Address","common_location":""}'
)
_NEEDED = (
    b'{"crime_id":"%b","original_crime_type_name":"%b","call_date_time":"%b","disposition":"%b"}'
)
_HOSTILE = [each.value for each in HOSTILE_RECORDS]
_SHORT = [value for value in _HOSTILE if value and len(value) < 2_000]


class MadeValue(NamedTuple):
    family: str
    value: bytes | None
    call_us: int | None
    """Of the call it was made from, microseconds on the wall; the value may say something else."""


class ValueMaker(Dice):
    """Makes values, always the same ones from the same random numbers."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self._bytes = random.randbytes
        self._calls, self._json = CallMaker(random), JsonMaker(random)
        self._call: MadeCall
        families: dict[str, tuple[float, Callable[[], bytes | None]]] = {
            "valid": (30, self._valid),
            "valid, another form": (10, self._another_form),
            "call id": (6, self._odd_id),
            "call time": (9, self._odd_time),
            "label": (8, self._odd_label),
            "bytes changed": (12, self._ruined),
            "members": (8, self._odd_members),
            "nesting": (3, self._nested),
            "numbers and words": (4, self._odd_member_value),
            "UTF-8": (3, self._odd_utf8),
            "around the object": (3, self._surrounded),
            "pieces": (2, self._pieces),
            "halves of two records": (1.5, self._spliced),
            "known hostile": (0.3, self._known),
            "other JSON": (1, lambda: self._json.value(3)),
            "noise": (0.3, lambda: self._bytes(self._below(60))),
            "no value or empty": (0.3, lambda: self._one_of((None, b""))),
            "size": (0.06, self._sized),
        }
        self._names = list(families)
        self._makers = [maker for _, maker in families.values()]
        shares = list(accumulate(share for share, _ in families.values()))
        # A table to look families up in: a hundredth of a percent each.
        self._table = [bisect_right(shares, at / 10_000 * shares[-1]) for at in range(10_000)]

    def make(self) -> MadeValue:
        """The next value."""
        self._call = self._calls.next_call()
        number = self._table[self._below(10_000)]
        return MadeValue(self._names[number], self._makers[number](), self._call.call_us)

    def _members(self) -> dict[str, bytes]:
        """JSON texts of the needed fields of the present call."""
        call = self._call
        texts = (call.call_id, call.call_type, call.time, call.disposition)
        return {name: b'"%b"' % text for name, text in zip(NEEDED_FIELDS, texts, strict=True)}

    def _written(self, **changed: bytes) -> bytes:
        """The present call in one of its two plain forms, with other JSON texts for some fields."""
        if changed:
            members = self._members() | changed
            if self._random() < 0.6:
                members = {name: members.get(name, b'"x"') for name in CALL_FIELDS}
            return _joined(members)
        call = self._call
        form = _LEGACY if self._random() < 0.75 else _NEEDED
        return form % (call.call_id, call.call_type, call.time, call.disposition)

    def _legacy_with(self, name: str, text: bytes) -> bytes:
        """All fields of the legacy file, this one with another JSON text."""
        members = self._members()
        return _joined({each: members.get(each, b'"x"') for each in CALL_FIELDS} | {name: text})

    def _valid(self) -> bytes:
        return self._written()

    def _another_form(self) -> bytes:
        """The same call: other order, blanks between, more members, escapes in names and labels."""
        members = [(b'"%b"' % name.encode(), text) for name, text in self._members().items()]
        for _ in range(self._below(3)):
            members.append((b'"x%d"' % self._below(3), self._one_of((b"1", b"[{}]", b"null"))))
        at = self._below(len(members))
        members = members[at:] + members[:at]
        if self._random() < 0.3:
            members = [
                (key.replace(b"_", b"\\u005f", 1), text.replace(b"a", b"\\u0061"))
                for key, text in members
            ]
        space = self._one_of(tables.GOOD_SPACES)
        inner = (space + b"," + space).join(key + space + b":" + text for key, text in members)
        return space + b"{" + space + inner + space + b"}" + space

    def _odd_id(self) -> bytes:
        text = self._one_of(tables.IDS)
        if self._random() < 0.3:
            digits = f"{self._below(10**20)}"
            text = digits.zfill(self._below(21)) if self._random() < 0.5 else digits
        return self._written(crime_id=self._quoted(text))

    def _odd_time(self) -> bytes:
        """A real time with some characters changed, or one put together from odd parts."""
        chance = self._random()
        if chance < 0.1:  # a real time but for its year
            year = self._one_of(tables.YEARS)
            return self._written(call_date_time=b'"%b"' % (year.encode() + self._call.time[4:]))
        if chance < 0.45:
            letters = list(self._call.time.decode())
            for _ in range(1 + self._below(2)):
                at = self._below(len(letters))
                cut = self._below(2)
                letters[at : at + cut] = self._one_of("0123459 TtZ.:-+,\u0661\x00") * self._below(3)
            return self._written(call_date_time=self._quoted("".join(letters)))
        one_of = self._one_of
        date = (one_of(tables.YEARS), one_of(tables.MONTHS), one_of(tables.DAYS))
        clock = one_of(tables.HOURS) + ":" + one_of(tables.MINUTES) + one_of(tables.SECONDS)
        if self._random() < 0.5:  # all but one of the parts as they should be
            clock = "09:11:00"
        end = one_of(tables.FRACTIONS) + one_of(tables.ZONES)
        text = "-".join(date) + one_of(tables.SEPARATORS) + clock + end
        return self._written(call_date_time=self._quoted(text))

    def _odd_label(self) -> bytes:
        """Blanks of all kinds, escapes, and lengths about the bound."""
        field = self._one_of(("original_crime_type_name", "disposition"))
        way = self._random()
        if way < 0.4:
            parts = (tables.BLANKS, tables.LABELS, tables.BLANKS, tables.LABELS, tables.BLANKS)
            text = "".join(map(self._one_of, parts[self._below(3) :]))
            return self._written(**{field: self._quoted(text)})
        if way < 0.7:
            return self._written(**{field: self._json.string()})
        letter = self._one_of(("a", "é", "\u20ac", "\U0001f600", "a ", "\u00a0"))
        room = self._one_of((254, 255, 256, 257, 258)) // len(letter.encode())
        text = letter * room + self._one_of(("", "b", "  ", " b"))
        return self._written(**{field: self._quoted(" " * self._below(3) + text)})

    def _quoted(self, text: str) -> bytes:
        return tables.quoted(text, escaped=self._random() < 0.3)

    def _ruined(self) -> bytes:
        """A valid record with some bytes put in, taken out, changed, or copied from elsewhere."""
        value = self._written() if self._random() < 0.8 else self._another_form()
        for _ in range(1 + self._below(3)):
            at, cut = self._below(len(value) + 1), self._one_of((0, 0, 1, 1, 2, 5, 40))
            way = self._random()
            if way < 0.4:
                piece = self._one_of(tables.PIECES)
            elif way < 0.7:
                piece = self._bytes(1)
            elif way < 0.8:
                start = self._below(len(value) + 1)
                piece = value[start : start + 30]
            else:
                piece = b""
            value = value[:at] + piece + value[at + cut :]
        return value

    def _odd_members(self) -> bytes:
        """Members that are repeated, missing, of another type, or spelt strangely."""
        members = [(b'"%b"' % name.encode(), text) for name, text in self._members().items()]
        if self._random() < 0.4:
            members += [(b'"%b"' % name.encode(), b'"x"') for name in OTHER_FIELDS]
        for _ in range(1 + self._below(2)):
            at, way, name = self._below(len(members)), self._below(5), self._one_of(NEEDED_FIELDS)
            key = b'"%b"' % name.encode()
            if way == 0:
                del members[at]
            elif way == 1:
                members[at] = (self._one_of(tables.KEYS[name]), members[at][1])
            elif way == 2:
                members[at] = (members[at][0], self._json.value(1))
            elif way == 3:
                members.append((key, self._json.value(1)))
            else:
                members.insert(0, (self._one_of((key, *tables.KEYS[name])), self._json.value(1)))
        return b"{%b}" % b",".join(b"%b:%b" % each for each in members)

    def _nested(self) -> bytes:
        """Deep brackets: alone, behind a record, or in it."""
        value, way = self._json.deep(), self._below(4)
        if way == 0:
            return value
        record = self._written()
        return record + value if way == 1 else b'{"x":' + value + b"," + record[1:]

    def _odd_member_value(self) -> bytes:
        """A valid record with a number, a word or more in a member that nobody reads."""
        way = self._random()
        odd = self._json.value(2)
        if way < 0.7:
            odd = self._one_of(tables.NUMBERS if way < 0.5 else tables.WORDS)
        if self._random() < 0.5:
            return self._legacy_with(self._one_of(OTHER_FIELDS), odd)
        record = self._written()
        if self._random() < 0.5:
            return record[:-1] + b',"x":' + odd + b"}"
        return b'{"x":' + odd + b"," + record[1:]

    def _odd_utf8(self) -> bytes:
        value = self._written()
        at = self._below(len(value) + 1)
        odd = self._one_of(tables.BROKEN_UTF8 if self._random() < 0.5 else tables.WHOLE_UTF8)
        way = self._random()
        if way < 0.3:
            return self._written(disposition=b'"%b"' % odd)
        if way < 0.6:
            return self._legacy_with("city", b'"%b"' % odd)
        return value[:at] + odd + value[at:]

    def _surrounded(self) -> bytes:
        value, around = self._written(), self._one_of(tables.AROUND)
        return around + value if self._random() < 0.5 else value + around

    def _pieces(self) -> bytes:
        return b"".join(self._one_of(tables.PIECES) for _ in range(1 + self._below(12)))

    def _spliced(self) -> bytes:
        first, second = self._one_of(_SHORT), self._one_of(_SHORT)
        return first[: self._below(len(first) + 1)] + second[self._below(len(second) + 1) :]

    def _known(self) -> bytes | None:
        value = self._one_of(_HOSTILE)
        return value if value is None or len(value) < 100_000 else value[:70_000]

    def _sized(self) -> bytes:
        """About as long as a value may be, valid or not."""
        size = MAX_VALUE_BYTES - 1 + self._below(3)
        value = self._written()
        filler = self._one_of((b" ", b" ", b"[", b"\xff", b"x", b"\n"))
        if self._random() < 0.5:
            return value + filler * (size - len(value))
        frame = b'{"note":"",' + value[1:]
        return b'{"note":"' + filler * (size - len(frame)) + frame[9:]


def _joined(members: Mapping[str, bytes]) -> bytes:
    return b"{%b}" % b",".join(b'"%b":%b' % (name.encode(), text) for name, text in members.items())
