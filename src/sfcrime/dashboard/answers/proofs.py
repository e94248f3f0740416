"""What the API answers about what stands behind the numbers: records set aside, settings, the last
audit, methods. The same kind of records as `answers`.
"""

from __future__ import annotations

from sfcrime.dashboard.answers.records import Accounts, Answer, Meta


class Rejected(Answer):
    partition: int
    offset: int
    reason: str
    rule: str
    """What the reason means, in one sentence."""


class Late(Answer):
    partition: int
    offset: int
    call_time: str
    published_at: str | None
    """UTC; None where the record's timestamp is no date."""
    late_by_s: int
    """Beyond the call time; more than the allowed lateness."""


class RejectedPage(Answer):
    meta: Meta
    records: list[Rejected]
    next: str | None
    """`after` of the next page."""
    dropped: int
    """Of all rejected records, the oldest, which are counted and no longer listed."""
    kept_from: dict[str, int]
    """By partition, where some were dropped: the first offset of which records are listed."""


class LatePage(Answer):
    meta: Meta
    records: list[Late]
    next: str | None
    dropped: int
    kept_from: dict[str, int]


class RecordBytes(Answer):
    """What the topic holds of one record now."""

    partition: int
    offset: int
    found: bool
    """False: the topic holds no record there, or holds it no longer."""
    size: int | None
    """Bytes of the value; None where there is none."""
    escaped: str
    """The first bytes, all but printable ASCII as \\xNN."""
    cut: bool
    """Whether there are more bytes than `escaped` shows."""


class Setting(Answer):
    name: str
    value: str
    default: str
    description: str
    lab: str | None
    """What the tuning lab found about it."""


class SettingsInForce(Answer):
    from_job: bool
    """True: as the newest job was started. False: as this server was, because no job said."""
    settings: list[Setting]


class Audit(Answer):
    """The last verdict of `sfcrime audit`."""

    equal: bool
    audited_at: str
    generation: int
    batch: int | None
    cells: int
    differing: int
    accounts: Accounts


class LastAudit(Answer):
    audit: Audit | None
    batches_since: int | None
    """Batches committed since; None where there is no verdict of this generation."""


class Method(Answer):
    id: str
    title: str
    text: list[str]
    """Paragraphs of plain text."""
    rule: str
    """Where the rule is written, a path in the project: docs/rules.md#..."""
    check: str
    """The command that proves it."""


class Methods(Answer):
    methods: list[Method]
