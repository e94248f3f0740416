"""Small JSON documents that prove themselves: each carries the SHA-256 of itself."""

from __future__ import annotations

import hashlib
from typing import TypeVar

import msgspec

_Document = TypeVar("_Document", bound=msgspec.Struct)


class BrokenSeal(Exception):
    """What is wrong with a document, to follow its name in a sentence."""


def sealed(document: msgspec.Struct) -> bytes:
    """The document with its field `seal` filled in: SHA-256 of itself with an empty one."""
    unsealed = msgspec.json.encode(msgspec.structs.replace(document, seal=""))
    seal = hashlib.sha256(unsealed).hexdigest()
    whole = msgspec.json.encode(msgspec.structs.replace(document, seal=seal))
    return msgspec.json.format(whole, indent=2) + b"\n"


def open_sealed(content: bytes, kind: type[_Document]) -> _Document:
    """The document that was sealed.

    Raises:
        BrokenSeal: it is none, or not what was written.
    """
    try:
        document = msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BrokenSeal(f"it cannot be read: {error}") from error
    if sealed(document) != content:
        raise BrokenSeal("it is not what was written")
    return document
