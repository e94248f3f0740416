"""The settings that the newest job was started with, described."""

from __future__ import annotations

import msgspec

from sfcrime.dashboard.answers.proofs import Setting, SettingsInForce
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.dashboard.questions.setting_notes import SETTING_NOTES
from sfcrime.settings import Settings
from sfcrime.settings_loading import SETTINGS
from sfcrime.streaming.run_facts import settings_in_force


def settings_of(seen: Seen, own: Settings) -> SettingsInForce:
    """Every setting of this version, in the order of docs/settings.md.

    Args:
        seen: names what the job said of itself.
        own: those of this server, for what the job did not say.
    """
    said = seen.writer.facts.settings
    in_force = settings_in_force(own) | said
    defaults, descriptions = settings_in_force(Settings()), _descriptions()
    names = [f"{room}.{name}" for room, name in SETTINGS]
    return SettingsInForce(
        from_job=bool(said),
        settings=[
            Setting(
                name=name,
                value=in_force[name],
                default=defaults[name],
                description=descriptions[name],
                lab=SETTING_NOTES.get(name),
            )
            for name in names
        ],
    )


def _descriptions() -> dict[str, str]:
    """What each setting is, as docs/settings.md says it, by `room.name`."""
    found = {}
    for room in msgspec.structs.fields(Settings):
        schema = msgspec.json.schema(room.type)["$defs"][room.type.__name__]
        for name, facts in schema["properties"].items():
            found[f"{room.name}.{name}"] = facts["description"]
    return found
