"""One client configuration in the dialects of both Kafka clients.

Names may be those of Java's client (`sasl.jaas.config`, `ssl.truststore.location`) or of
librdkafka (`sasl.username`, `ssl.ca.location`); our client needs the latter, Spark's the former. A
name that one of the two could not obey is refused, never left out: the file would promise what is
not done.

Spark is handed no secret: where the file holds one, it gets a reference to the file, which Kafka's
own configuration provider resolves inside the client. So no plan, page, log or checkpoint of Spark
can show it. Pure: `client_file` reads the file, and the certificates of a trust store.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sfcrime.errors import UsageError

_SAME = (
    *("security.protocol", "client.id", "client.rack", "client.dns.lookup"),
    *("metadata.max.age.ms", "connections.max.idle.ms"),
    *("reconnect.backoff.ms", "reconnect.backoff.max.ms"),
)
"""Named and meant alike by both clients."""

_PEM = "PEM"


@dataclass(frozen=True, slots=True)
class _Named:
    """One thing under the names of both clients."""

    ours: str
    java: str
    is_secret: bool = True


_TRUSTED_PEM = _Named("ssl.ca.pem", "ssl.truststore.certificates")
_CHAIN_PEM = _Named("ssl.certificate.pem", "ssl.keystore.certificate.chain")
_KEY_PEM = _Named("ssl.key.pem", "ssl.keystore.key")
_KEY_FILES = {"ssl.certificate.location": _CHAIN_PEM.java, "ssl.key.location": _KEY_PEM.java}
_KEY_PASSWORD = _Named("ssl.key.password", "ssl.key.password")
_NAMES: Mapping[str, _Named] = {
    **{name: _Named(name, name, is_secret=False) for name in _SAME},
    **{each.ours: each for each in (_TRUSTED_PEM, _CHAIN_PEM, _KEY_PEM, _KEY_PASSWORD)},
    **{each.java: each for each in (_TRUSTED_PEM, _CHAIN_PEM, _KEY_PEM)},
    "ssl.ca.location": _Named("ssl.ca.location", "ssl.truststore.location", is_secret=False),
}

_LOGIN_MODULES = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
}
_JAAS = re.compile(r'\s*([\w.$]+)\s+required\s+((?:[^";]|"(?:[^"\\]|\\.)*")*);\s*', re.DOTALL)
_JAAS_OPTION = re.compile(r'(\w+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s"]+)', re.DOTALL)

_PROVIDER = "org.apache.kafka.common.config.provider"
_PROVIDERS = {
    "config.providers": "file,directory",
    "config.providers.file.class": f"{_PROVIDER}.FileConfigProvider",
    "config.providers.directory.class": f"{_PROVIDER}.DirectoryConfigProvider",
}


class TrustStore(NamedTuple):
    """A trust store of Java's; librdkafka reads PEM alone."""

    location: str
    kind: str
    """JKS or PKCS12."""
    password: str | None


@dataclass(frozen=True, slots=True)
class ClientFile:
    """What a file says, in the words of either client."""

    ours: dict[str, str] = field(default_factory=dict)
    """Properties of librdkafka, secrets included."""
    spark: dict[str, str] = field(default_factory=dict)
    """Properties of Java's client; a secret is a reference to the file."""
    trust_store: TrustStore | None = None
    """Holds the certificates that `ours` needs as PEM."""


def in_both_dialects(path: Path, values: Mapping[str, str]) -> ClientFile:
    """What a file's names and values are for either client.

    Args:
        path: the file, for references to it.
        values: what it holds, but for what sfcrime decides.

    Raises:
        UsageError: a name or value cannot be translated; no value is shown.
    """
    return _Translation(path, values).result()


class _Translation:
    """Takes name after name from the file; what is left at the end is refused."""

    def __init__(self, path: Path, values: Mapping[str, str]) -> None:
        self._path = path
        self._left = dict(values)
        self._ours: dict[str, str] = {}
        self._java: dict[str, str] = {}
        self._trust_store: TrustStore | None = None

    def result(self) -> ClientFile:
        self._rename()
        self._log_in()
        self._trust()
        self._identify()
        self._check_names()
        self._refuse_the_rest()
        providers = _PROVIDERS if any("${" in value for value in self._java.values()) else {}
        return ClientFile(self._ours, {**self._java, **providers}, self._trust_store)

    def _rename(self) -> None:
        """What only has another name."""
        for name in [name for name in self._left if name in _NAMES]:
            names = _NAMES[name]
            self._java[names.java] = self._reference(name) if names.is_secret else self._left[name]
            self._ours[names.ours] = self._left.pop(name)
        if {"ssl.truststore.location", _TRUSTED_PEM.java} & self._java.keys():
            self._java["ssl.truststore.type"] = _PEM
        if _KEY_PEM.java in self._java:
            self._java["ssl.keystore.type"] = _PEM

    def _log_in(self) -> None:
        """User and password: Java has them in one JAAS line, librdkafka each by itself."""
        mechanism = self._take("sasl.mechanism") or self._take("sasl.mechanisms")
        if not self._ours.get("security.protocol", "").upper().startswith("SASL"):
            return
        if mechanism not in _LOGIN_MODULES:
            known = ", ".join(_LOGIN_MODULES)
            raise self._refused("sasl.mechanism", f"It has to be one of {known}.")
        module = _LOGIN_MODULES[mechanism]
        self._ours["sasl.mechanism"] = self._java["sasl.mechanism"] = mechanism
        if (jaas := self._take_secret("sasl.jaas.config")) is not None:
            login = self._from_jaas(jaas, module)
        else:
            user, password = map(self._reference, ("sasl.username", "sasl.password"))
            jaas = f'{module} required username="{user}" password="{password}";'
            self._java["sasl.jaas.config"] = jaas
            login = {name: self._take(f"sasl.{name}") or "" for name in ("username", "password")}
            if not all(login.values()) or set('"\\') & set("".join(login.values())):
                rule = 'Both are needed, without " or \\; sasl.jaas.config can say these too.'
                raise self._refused("sasl.username or sasl.password", rule)
        self._ours |= {f"sasl.{name}": value for name, value in login.items()}

    def _from_jaas(self, text: str, module: str) -> dict[str, str]:
        jaas = _JAAS.fullmatch(text)
        options = {
            name: re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
            for name, value in _JAAS_OPTION.findall(jaas[2] if jaas else "")
        }
        if jaas is None or jaas[1] != module or options.keys() != {"username", "password"}:
            raise self._refused(
                "sasl.jaas.config",
                f'For this mechanism it reads: {module} required username="..." password="...";',
            )
        return options

    def _trust(self) -> None:
        """Java's file of trusted authorities."""
        location = self._take("ssl.truststore.location")
        kind = self._take("ssl.truststore.type") or "JKS"
        if location is None:
            return
        self._java |= {"ssl.truststore.location": location, "ssl.truststore.type": kind}
        if kind.upper() == _PEM:
            self._ours["ssl.ca.location"] = location
            return
        if kind.upper() not in ("JKS", "PKCS12"):
            raise self._refused("ssl.truststore.type", "It has to be JKS, PKCS12 or PEM.")
        password = self._take_secret("ssl.truststore.password")
        self._trust_store = TrustStore(location, kind, password)

    def _identify(self) -> None:
        """The client's own certificate and key."""
        if self._left.keys() >= _KEY_FILES.keys():
            for ours, java in _KEY_FILES.items():
                file = Path(self._left[ours]).resolve()
                self._java[java] = f"${{directory:{self._quotable(file.parent)}:{file.name}}}"
                self._ours[ours] = self._left.pop(ours)
            self._java["ssl.keystore.type"] = _PEM
        kind = self._take("ssl.keystore.type") or "JKS"
        location = self._take("ssl.keystore.location")
        if location is None:
            return
        self._java |= {"ssl.keystore.location": location, "ssl.keystore.type": kind}
        if kind.upper() == _PEM:
            self._ours |= {"ssl.certificate.location": location, "ssl.key.location": location}
        elif kind.upper() == "PKCS12":
            self._ours["ssl.keystore.location"] = location
            if (password := self._take_secret("ssl.keystore.password")) is not None:
                self._ours["ssl.keystore.password"] = password
        else:
            rule = "It has to be PKCS12 or PEM; `keytool -importkeystore -deststoretype PKCS12` "
            raise self._refused("ssl.keystore.type", f"{rule}makes the former of a JKS file.")

    def _check_names(self) -> None:
        """Whether the name in the broker's certificate is compared; both clients do by default."""
        name = "ssl.endpoint.identification.algorithm"
        if name in self._left:
            wanted = self._left.pop(name)
            off = wanted in ("", "none")
            self._ours[name], self._java[name] = ("none", "") if off else (wanted, wanted)

    def _refuse_the_rest(self) -> None:
        """Whatever is left is a name that one of the clients, or both, do not know."""
        if self._left:
            rule = "One of the two Kafka clients that read this file could not obey it."
            raise self._refused(", ".join(sorted(self._left)), rule)

    def _take(self, name: str) -> str | None:
        return self._left.pop(name, None)

    def _take_secret(self, name: str) -> str | None:
        """Java's client gets a reference to it."""
        if name in self._left:
            self._java[name] = self._reference(name)
        return self._take(name)

    def _reference(self, name: str) -> str:
        return f"${{file:{self._quotable(self._path)}:{name}}}"

    def _quotable(self, path: Path) -> Path:
        if set(":}") & set(str(path)):
            raise UsageError(
                f"The path {path} holds a colon or a brace.",
                rule="Kafka's client cannot be referred to such a file.",
                next_step="move the file",
            )
        return path

    def _refused(self, name: str, rule: str) -> UsageError:
        return UsageError(
            f"The Kafka client file {self._path} sets {name} in a way that cannot be used.",
            rule=rule,
            next_step="correct the file; docs/kafka.md lists what it may hold",
        )
