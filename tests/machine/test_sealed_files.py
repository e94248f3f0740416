"""Documents that prove themselves."""

from __future__ import annotations

import re

import msgspec
import pytest

from sfcrime.machine.sealed_files import BrokenSeal, open_sealed, sealed


class Note(msgspec.Struct, frozen=True):
    text: str
    seal: str = ""


def test_a_sealed_document_is_opened_with_its_seal() -> None:
    opened = open_sealed(sealed(Note("counted")), Note)

    assert opened.text == "counted"
    assert re.fullmatch("[0-9a-f]{64}", opened.seal)
    assert sealed(opened) == sealed(Note("counted"))


def test_a_document_of_which_any_byte_changed_is_not_opened() -> None:
    content = sealed(Note("counted"))
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1
        with pytest.raises(BrokenSeal):
            open_sealed(bytes(changed), Note)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"seal": ""}'])
def test_what_is_no_document_says_why(content: bytes) -> None:
    with pytest.raises(BrokenSeal, match="it cannot be read: "):
        open_sealed(content, Note)
