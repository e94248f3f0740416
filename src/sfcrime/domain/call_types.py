"""Reads a raw call-type label: a standard description, a radio code, or a dispatcher's note.

The legacy field holds either the dispatch system's description or, where a dispatcher typed one,
a free-text note in its place ("22500e", "Poss", "601 Rtl"). Labels are read when results are
shown, never when calls are counted, so a better reading changes no count. Only whole tokens are
matched: replacing parts of words is how "Robbery" becomes something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from sfcrime.domain.radio_codes import RADIO_CODES
from sfcrime.domain.standard_descriptions import STANDARD_DESCRIPTIONS

_STANDARD = {label.casefold(): label for label in STANDARD_DESCRIPTIONS}
_CODES = {
    spelling: code.description or code.meaning
    for code in RADIO_CODES
    for spelling in (code.code, *code.variants)
}

# Said beside a code without changing what the call is about: possible, just occurred, in
# progress, report, refusing to leave, unwanted guest, juvenile, and the person's sex.
_MODIFIERS = frozenset(
    {"poss", "jo", "ip", "rep", "rept", "rpt", "report", "rtl", "uwg", "ug"}
    | {"x", "j", "juv", "male", "female"}
)
# "7,2,46", "7/2/46", "7.2..46" and the token ".46" are section 7.2.46 of the Transportation Code.
_SECTION = re.compile(r"(?<!\w)7[.,/]{1,2}2[.,/]{1,2}(\d\d)(?!\w)")
_SECTION_TAIL = re.compile(r"[.,](\d\d)")
_SLASHED_MODIFIER = re.compile(r"\b([ij])/([op])\b")  # "j/o", "i/p"


def read_call_type(raw: str) -> str:
    """What a label is grouped by: a standard description, the meaning of a code, or itself.

    A label is a code when it consists of codes that share one reading and of modifiers such as
    "poss": "800 Poss" and "22500e/7.2.25" are, "911 Hu", "459 Caser" and "915/919" are notes.
    """
    folded = " ".join(raw.split()).casefold()
    if folded in _STANDARD:
        return _STANDARD[folded]
    reading = None
    for each in _readings_in(folded):
        if each is None or reading not in (None, each):
            return raw  # most notes end at their first word
        reading = each
    return raw if reading is None else reading


@lru_cache(maxsize=16_384)
def remembered_call_type(raw: str) -> str:
    """The same, for whoever meets a label again and again."""
    return read_call_type(raw)


def _readings_in(folded: str) -> Iterator[str | None]:
    """The readings of a label's codes; None for a token that is neither code nor modifier."""
    for word in folded.split():
        spelled = word
        if not word.isalnum():
            spelled = _SLASHED_MODIFIER.sub(r"\1\2", _SECTION.sub(r"7.2.\1", word))
        for token in spelled.split("/"):
            reading = _reading_of(token)
            if reading is not None or (token and token not in _MODIFIERS):
                yield reading


def _reading_of(token: str) -> str | None:
    if token in _CODES:
        return _CODES[token]
    if section := _SECTION_TAIL.fullmatch(token):
        return _CODES.get(f"7.2.{section[1]}")
    if token.endswith("dv") and (base := _CODES.get(token[:-2])) is not None:
        # The suffix is read only where the dispatch system knows the description with "Dv".
        return _STANDARD.get(f"{base} dv".casefold())
    if token.endswith("x"):  # a suffix for a female person
        return _CODES.get(token[:-1])
    return None
