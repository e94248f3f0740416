"""Dispatchers' notes and rarer types of the synthetic city: what stands outside the 60 labels."""

from __future__ import annotations

from bisect import bisect_right

from sfcrime.sources.city_names import NOTE_CODES, NOTE_MODIFIERS, NOTE_WORDS, RARER_TYPES
from sfcrime.sources.city_tables import DRAW_BITS, Choice, bounds_of

LABEL_LENGTH = 20
"""Labels are cut at so many characters."""

# Measured on the calls whose label is none of the 60: the kind of label, and how a note that
# begins with a code goes on. Words go on less often here: `NOTE_WORDS` holds pairs already.
_KINDS = bounds_of([7_970, 8_516, 13_575])  # a rarer standard type, a code first, words
_AFTER_CODE = bounds_of([6_431, 1_448, 637])  # nothing, a word, a slash
_AFTER_WORD = bounds_of([11_000, 1_600, 700, 275])  # nothing, a word, a slash, two words
_TYPO = 3 * (1 << DRAW_BITS) // 100
_TWO_BLANKS = (1 << DRAW_BITS) // 600


_RARER = Choice(RARER_TYPES)
_CODES = Choice(NOTE_CODES)
_WORDS = Choice(NOTE_WORDS)
_MODIFIERS = Choice(NOTE_MODIFIERS)


def other_label(draws: tuple[int, ...]) -> str:
    """A label outside the 60 commonest, at most `LABEL_LENGTH` characters of ASCII.

    Args:
        draws: eight independent numbers of DRAW_BITS bits.
    """
    kind = bisect_right(_KINDS, draws[0])
    if kind == 0:
        return _RARER.of(draws[1])
    label = _code_note(draws) if kind == 1 else _word_note(draws)
    if draws[6] < _TYPO:
        label = _with_typo(label, draws[7])
    elif draws[6] > (1 << DRAW_BITS) - _TWO_BLANKS:
        label = label.replace(" ", "  ")
    # Only a blank begins a word: "Music/pay Dispute".
    label = " ".join(word.capitalize() for word in label.split(" "))
    return label[:LABEL_LENGTH].rstrip()


def _code_note(draws: tuple[int, ...]) -> str:
    first = _CODES.of(draws[1])
    after = bisect_right(_AFTER_CODE, draws[2])
    if after == 0:
        return first
    if after == 1:
        return f"{first} {_modifier_or_word(draws[3], draws[4])}"
    second = _CODES.of(draws[4]) if draws[3] & 1 else _WORDS.of(draws[4])
    return f"{first}/{second}"


def _word_note(draws: tuple[int, ...]) -> str:
    first = _WORDS.of(draws[1])
    after = bisect_right(_AFTER_WORD, draws[2])
    if after == 0:
        return first
    if after == 1:
        other = _modifier_or_word(draws[3], draws[4])
        return f"{other} {first}" if draws[5] & 1 else f"{first} {other}"
    if after == 2:
        return f"{first}/{_modifier_or_word(draws[3], draws[4])}"
    return f"{_MODIFIERS.of(draws[3])} {first} {_WORDS.of(draws[4])}"


def _modifier_or_word(which: int, draw: int) -> str:
    return _MODIFIERS.of(draw) if which % 5 < 4 else _WORDS.of(draw)


def _with_typo(label: str, draw: int) -> str:
    """One slip of the fingers: a character lost, doubled or swapped; a full stop as a comma."""
    if "." in label:
        return label.replace(".", ",")
    at = 1 + draw % max(1, len(label) - 1)
    slip = (draw >> 16) % 3
    if slip == 0 and len(label) > 3:
        return label[:at] + label[at + 1 :]
    if slip == 1:
        return label[:at] + label[at - 1 : at] + label[at:]
    return label[:at] + label[at : at + 2][::-1] + label[at + 2 :]
