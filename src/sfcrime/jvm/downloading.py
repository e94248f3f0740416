"""How Java downloads here: whom it trusts, through which proxy, how patiently.

The wheel's Java brings its own list of certificates, which does not know the authority of a
company's proxy; so it gets those this machine trusts, in a trust store.
"""

from __future__ import annotations

import hashlib
import ssl
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

PASSWORD = "changeit"  # noqa: S105 - a trust store holds public certificates, nothing secret

_CONNECT_TIMEOUT_MS = 20_000
_READ_TIMEOUT_MS = 60_000
_MAGIC = 0xFEEDFEED
_VERSION = 2
_TRUSTED_CERTIFICATE = 2


def download_options(folder: Path) -> list[str]:
    """Java's options for downloading here: whom to trust, through which proxy, how patiently.

    Args:
        folder: takes the trust store; must exist for as long as the JVM runs.
    """
    options = [
        f"-Dsun.net.client.defaultConnectTimeout={_CONNECT_TIMEOUT_MS}",
        f"-Dsun.net.client.defaultReadTimeout={_READ_TIMEOUT_MS}",
        *proxy_options(getproxies()),
    ]
    trust_store = folder / "authorities.jks"
    if write_trust_store(trust_store):
        options += [
            f"-Djavax.net.ssl.trustStore={trust_store}",
            f"-Djavax.net.ssl.trustStorePassword={PASSWORD}",
        ]
    return options


def proxy_options(proxies: Mapping[str, str]) -> list[str]:
    """Java's options for the proxies that the environment names (Java reads no environment).

    A proxy's user name and password are not passed on: arguments can be seen by every user.
    """
    options = []
    for scheme in ("http", "https"):
        place = urlsplit(proxies.get(scheme, ""))
        if place.hostname:
            options.append(f"-D{scheme}.proxyHost={place.hostname}")
            options.append(f"-D{scheme}.proxyPort={place.port or 80}")
    return options


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
