"""The certificates of a Java trust store as PEM, which is all that librdkafka reads."""

from __future__ import annotations

import os
import re
import subprocess

from sfcrime.errors import UsageError
from sfcrime.jvm.java import find_java
from sfcrime.settings_loading import load_settings

_TIMEOUT_S = 30.0
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_PASSWORD_VARIABLE = "TRUST_STORE_PASSWORD"  # noqa: S105 - the name of a variable


def certificates_of(location: str, kind: str, password: str | None) -> str:
    """Every certificate of a trust store, asked of Java's own tool.

    Args:
        location: path of the trust store.
        kind: JKS or PKCS12.
        password: handed over in the environment, never among the arguments.

    Raises:
        UsageError: there is no such file, the password is wrong, or it holds no certificate.
        JavaUnavailable: there is no Java to ask.
    """
    keytool = find_java(load_settings().jvm).with_name("keytool")
    command = [str(keytool), "-list", "-rfc", "-keystore", location, "-storetype", kind]
    if password is not None:
        command += ["-storepass:env", _PASSWORD_VARIABLE]
    tool = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=_TIMEOUT_S,
        env={**os.environ, _PASSWORD_VARIABLE: password or ""},
    )
    found = _CERTIFICATE.findall(tool.stdout)
    if tool.returncode or not found:
        raise UsageError(
            f"The trust store {location} cannot be read as {kind}, or holds no certificate.",
            rule="ssl.truststore.location, .type and .password have to fit together.",
            next_step=f"keytool -list -keystore {location} shows what is wrong",
        )
    return "\n".join(found) + "\n"
