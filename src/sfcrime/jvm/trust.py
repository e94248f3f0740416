"""A trust store for Java, made from the certificates this machine trusts.

The wheel's Java brings its own list, which does not know the authority of a company's proxy.
"""

from __future__ import annotations

import hashlib
import ssl
import struct
from collections.abc import Sequence
from pathlib import Path

PASSWORD = "changeit"  # noqa: S105 - a trust store holds public certificates, nothing secret

_MAGIC = 0xFEEDFEED
_VERSION = 2
_TRUSTED_CERTIFICATE = 2


def write_trust_store(path: Path) -> bool:
    """Writes the system's certificates to `path`, in Java's JKS form.

    Returns:
        False, with nothing written, where the system has no bundle: Java then uses its own.
    """
    certificates = ssl.create_default_context().get_ca_certs(binary_form=True)
    if not certificates:
        return False
    path.write_bytes(jks(certificates))
    return True


def jks(certificates: Sequence[bytes]) -> bytes:
    """A JKS key store with one trusted entry per DER certificate.

    The layout is magic, version, count, then tag, alias, date, type and bytes of each entry, and
    a salted SHA-1 of it all as a check against damage.
    """
    parts = [struct.pack(">III", _MAGIC, _VERSION, len(certificates))]
    for number, der in enumerate(certificates):
        parts += [
            struct.pack(">I", _TRUSTED_CERTIFICATE),
            _text(f"authority{number}"),
            struct.pack(">Q", 0),
            _text("X.509"),
            struct.pack(">I", len(der)),
            der,
        ]
    body = b"".join(parts)
    salted = PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite" + body
    return body + hashlib.sha1(salted, usedforsecurity=False).digest()


def _text(text: str) -> bytes:
    encoded = text.encode("ascii")
    return struct.pack(">H", len(encoded)) + encoded
