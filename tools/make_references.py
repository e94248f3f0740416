"""Writes docs/settings.md, docs/cli.md, docs/api.md and page/openapi.json from the code.

.venv/bin/python tools/make_references.py            write all
.venv/bin/python tools/make_references.py --check    exit 1 where one is out of date
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec
from api_reference import api_page, openapi_text

from sfcrime.cli.main import COMMANDS, sfcrime
from sfcrime.machine.sizes import CORES_PER_PARTITION, STEPS
from sfcrime.setting_values import bounds_of
from sfcrime.settings import Settings
from sfcrime.settings_loading import ENVIRONMENT_PREFIX, SHORT_VARIABLES

ROOT = Path(__file__).resolve().parent.parent
MENDED_BY = ".venv/bin/python tools/make_references.py"
HELP_WIDTH = 88

SETTINGS_HEAD = f"""# Settings

Made by `{MENDED_BY}`: change
[settings.py](../src/sfcrime/settings.py) instead of this page.

A value comes from a flag, else from the environment, else from the file that `SFCRIME_CONFIG`
names, else from the default. A name that is not on this page is refused, and so is a value out of
its bounds; nothing is ignored silently.

The file is TOML, with a table for each room:

```toml
[kafka]
partitions = 4

[stream]
window_minutes = 15
```

`stream.spark_properties` and `stream.source_options` are tables of names that Spark knows; in the
environment they are JSON objects. What sfcrime sets itself cannot be set there, and no name that
looks like a credential is taken:

```toml
[stream.spark_properties]
"spark.sql.streaming.pollingDelay" = "50ms"
```

```sh
export SFCRIME_STREAM_SPARK_PROPERTIES='{{"spark.scheduler.mode": "FAIR"}}'
```

Passwords and other secrets of a Kafka cluster belong in the file that `kafka.config_file` names:
no flag takes them, so that none is seen in a list of processes.
"""

SIZES_HEAD = f"""## Defaults that fit the machine

One default depends on cores. `kafka.partitions` is one for every {CORES_PER_PARTITION} cores,
and at least one: a partition keeps a thread of Spark's JVM and a Python process busy at the same
time. That is what [the tuning lab](tuning.md#the-shipped-settings) found best on two cores; on more
it is a rule, and was not measured.

Three depend on memory: that of the machine, or of the container where it is allowed less. What
they come to is in [performance.md](performance.md#small-machines). `sfcrime doctor` shows what is
in force.

| Memory | `kafka.heap` | `stream.heap` | `stream.max_records_per_batch` |
|---|---|---|---|
"""

CLI_HEAD = f"""# Command line

Made by `{MENDED_BY}`: this is what `--help` prints. Where a
flag is not given, the environment, the settings file and the default decide, in this order:
[settings.md](settings.md).

## Exit codes

| Code | Meaning |
|---|---|
| 0 | done; rejected and late records are data and change nothing here |
| 1 | failed, or refused because going on would change or endanger numbers |
| 2 | a flag or setting that cannot be |
| 3 | `audit` found a difference, or a file cannot be read to its end |
| 4 | Java, Kafka, the jars or the store cannot be reached |
| 130 | interrupted |

An error says what happened, the rule it met and the next step; `sfcrime --verbose COMMAND` adds
the traceback.
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of docs/settings.md."""

    room: str
    name: str
    flag: str
    variables: tuple[str, ...]
    default: str
    bounds: str
    description: str

    def row(self) -> str:
        variables = "<br>".join(f"`{each}`" for each in self.variables)
        flag = f"`{self.flag}`" if self.flag else ""
        cells = (f"`{self.name}`", flag, variables, self.default, self.bounds, self.description)
        return "| " + " | ".join(cells) + " |"


def settings_page() -> str:
    """docs/settings.md as it has to be."""
    parts = [SETTINGS_HEAD]
    for room in msgspec.structs.fields(Settings):
        settings = settings_of(room.name, room.type)
        heading = f"## {room.name}\n\n{summary_of(room.type)}\n"
        header = (
            "| Setting | Flag | Variable | Default | Bounds | Meaning |\n|---|---|---|---|---|---|"
        )
        parts.append("\n".join([heading, header, *(each.row() for each in settings), ""]))
    return "\n".join([*parts, SIZES_HEAD + "\n".join(sizes_rows()) + "\n"])


def sizes_rows() -> list[str]:
    """One row for each step of memory, the largest first."""
    rows = []
    for least_bytes, sizes in STEPS:
        memory = f"from {least_bytes / 1e9:g} GB on" if least_bytes else "less"
        heaps = f"`{sizes.broker_heap}` | `{sizes.driver_heap}`"
        rows.append(f"| {memory} | {heaps} | `{sizes.records_per_batch}` |")
    return rows


def settings_of(room: str, kind: type[msgspec.Struct]) -> list[Setting]:
    """A room's settings in the order of the code."""
    schema = msgspec.json.schema(kind)["$defs"][kind.__name__]
    flags = flags_by_setting()
    short = {place: variable for variable, place in SHORT_VARIABLES.items()}
    found = []
    for name, facts in schema["properties"].items():
        own = f"{ENVIRONMENT_PREFIX}{room}_{name}".upper()
        variables = (short[room, name], own) if (room, name) in short else (own,)
        found.append(
            Setting(
                room=room,
                name=name,
                flag=flags.get((room, name), ""),
                variables=variables,
                default=_default(facts["default"]),
                bounds=bounds_of(facts),
                description=facts["description"],
            )
        )
    return found


def summary_of(kind: type[msgspec.Struct]) -> str:
    """The first line of a room's docstring."""
    return str(kind.__doc__).splitlines()[0]


def flags_by_setting() -> dict[tuple[str, str], str]:
    """(room, name) -> flag, from the commands' own parameters."""
    found = {}
    for command in commands().values():
        for parameter in command.params:
            room, separator, name = (parameter.name or "").partition("__")
            if separator:
                found[room, name] = parameter.opts[0]
    return found


def commands() -> dict[str, click.Command]:
    """Every command by name."""
    found = {name: sfcrime.get_command(whole_command(), name) for name in COMMANDS}
    return {name: command for name, command in found.items() if command is not None}


def whole_command() -> click.Context:
    """The context that `sfcrime` gives its commands: they inherit from it."""
    settings = sfcrime.context_settings
    return click.Context(sfcrime, info_name="sfcrime", terminal_width=HELP_WIDTH, **settings)


def _default(value: object) -> str:
    if value is None:
        return "not set"
    return "empty" if value in ("", {}) else f"`{value}`"


def cli_page() -> str:
    """docs/cli.md as it has to be."""
    whole = whole_command()
    parts = [CLI_HEAD, f"## sfcrime\n\n{_help(whole)}"]
    for name, command in commands().items():
        context = click.Context(command, parent=whole, info_name=name)
        parts.append(f"## sfcrime {name}\n\n{_help(context)}")
        inner = command.commands if isinstance(command, click.Group) else {}
        for inner_name, each in inner.items():
            below = click.Context(each, parent=context, info_name=inner_name)
            parts.append(f"### sfcrime {name} {inner_name}\n\n{_help(below)}")
    return "\n".join(parts)


def _help(context: click.Context) -> str:
    lines = [line.rstrip() for line in context.get_help().splitlines()]
    return "```text\n" + "\n".join(lines) + "\n```\n"


def pages() -> dict[Path, str]:
    """Every generated page and what it has to hold."""
    return {
        ROOT / "docs" / "settings.md": settings_page(),
        ROOT / "docs" / "cli.md": cli_page(),
        ROOT / "docs" / "api.md": api_page(MENDED_BY),
        ROOT / "page" / "openapi.json": openapi_text(),
    }


def is_current(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def main(arguments: list[str]) -> int:
    stale = [path for path, text in pages().items() if not is_current(path, text)]
    if "--check" in arguments:
        for path in stale:
            print(f"{path} is out of date\nNext step: {MENDED_BY}")
        return 1 if stale else 0
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
