"""How each figure of the page is counted: plain paragraphs, the rule, and what proves it."""

from __future__ import annotations

from sfcrime.dashboard.answers.proofs import Method, Methods

_NOT_A_CRIME = (
    "A call is not a crime: it is a request for service, in the words of a caller or a dispatcher, "
    "and nothing here says what happened. In the city's own lists of 2026 citations, tows, passing "
    "calls and traffic stops alone were 46 % of the dispatched calls."
)
_FREE_TEXT = (
    "The field of the call type holds the dispatch system's description or, where a dispatcher "
    "typed one, a free note in its place, with abbreviations and typing errors. In a sample of "
    "7,359 calls 79 % had a description. A label is grouped by what it is read as; one that cannot "
    "be read stays itself, in the category of notes. A note may describe a person, so notes are "
    "listed one by one only where their category is chosen."
)
_SMALL = (
    "A percentage is shown only where both sides have at least 20 calls: of fewer, chance alone "
    "makes large ones."
)


def _method(figure: str, title: str, *text: str, rule: str = "docs/rules.md#cells") -> Method:
    """A figure made of stored counts."""
    proof = (
        f"The rule is written in {rule}. `sfcrime audit` proves the stored counts that this rests "
        "on: it reads the topic again with another client, judges and counts with other code, and "
        "compares every number."
    )
    return Method(id=figure, title=title, text=[*text, proof], rule=rule, check="sfcrime audit")


def _sign(figure: str, title: str, *text: str, rule: str) -> Method:
    """A figure for looking at the stream, on which no count rests."""
    proof = (
        f"More is written in {rule}. `sfcrime status` shows it too. No count rests on it: those "
        "that the page shows are proved by `sfcrime audit`, however the stream is doing."
    )
    return Method(id=figure, title=title, text=[*text, proof], rule=rule, check="sfcrime status")


METHODS = Methods(
    methods=[
        _method(
            "hours",
            "Calls an hour",
            "Calls whose call time lies in the hour, on the clock of San Francisco's walls. Each "
            "call is counted once, however often its record was sent.",
            "The hour of the newest call is still being counted. The hour that clocks show twice "
            "in November is one hour here, with the calls of both; the one that March leaves out "
            "has no number unless a call claims it.",
            _NOT_A_CRIME,
        ),
        _method(
            "usual",
            "Usual for this hour",
            "The median of the same weekday and hour in the 8 weeks before, and the lower and "
            "upper quartile as its spread; between two values they are interpolated linearly. "
            "The hour itself never plays a part in it.",
            "A week counts whose hour was counted from start to end: no repeated or missing "
            "hour, no day without any call. n says how many there were; under 3, nothing is "
            "called usual.",
            rule="docs/methods.md#usual",
        ),
        _method(
            "stands_out",
            "Hours that stand out",
            "An hour stands out if its calls lie more than one and a half times the distance of "
            "the quartiles outside of them, at least 4 square roots of the median away from the "
            "median, and at least 10 calls.",
            "It says that the number is unusual, not why: a holiday, a storm, an event, or an "
            "afternoon of traffic stops. The page says how many hours were compared, for among "
            "very many a few stand out by chance.",
            rule="docs/methods.md#stands-out",
        ),
        _method(
            "names",
            "Categories, types and raw labels",
            _FREE_TEXT,
            "The share is that of all calls of the span. The change compares with the equally long "
            "span right before; the hour of the newest call, which is not over, and the hour it "
            f"would be compared with are left out of it. {_SMALL}",
            "A label carries a caller's perception: a suspicious person is what somebody thought. "
            + _NOT_A_CRIME,
        ),
        _method(
            "matrix",
            "Types by disposition",
            "Calls of each type by how they ended. Codes with one meaning are merged: 22 is CAN, "
            "cancelled.",
            "About one call in ten carries a code that the city's table does not have. It is shown "
            "as it came and marked, never dropped, and its meaning is not guessed. Not recorded "
            "means that nobody entered how the call ended; it says nothing of what was done.",
            _FREE_TEXT,
        ),
        _method(
            "heat",
            "Calls by weekday and hour",
            "All calls of one weekday and hour of the day, and how many such hours went by while "
            "calls were counted; their quotient is the mean.",
            "A day without any call was not counted at all and adds no hours; the hour repeated in "
            "November adds two, the one left out in March none. The hour of the first call and "
            "that of the newest are left out: they may have been counted in part.",
        ),
        _method(
            "days",
            "Calls a day",
            "Calls whose call time lies on the day. The first and the last day of the count are "
            "marked as incomplete, and so is a day of which only a part was asked for.",
            _NOT_A_CRIME,
        ),
        _method(
            "comparison",
            "One span against another",
            "Calls of each span, and the same a day: divided by the days of 24 hours that went by "
            "while calls were counted. Days without any call add none; the hour of the first call "
            "and that of the newest are left out.",
            f"The change is that of calls a day. {_SMALL}",
            "Spans differ in holidays, weather, weekdays, and in how calls were recorded; the "
            "comparison knows nothing of these.",
        ),
        _method(
            "change",
            "Percentage of change",
            "Calls divided by those of the other span, less one.",
            _SMALL,
        ),
        _method(
            "changes",
            "Last changes",
            "What the newest batches added to which cell: a window of time, a raw call type and a "
            "disposition. Duplicates, late and rejected records add nothing, so they are not here.",
            "While a backlog is counted, several batches may be shown together: a change is listed "
            "under the batch that changed its window last.",
            _FREE_TEXT,
        ),
        _method(
            "accounts",
            "Accounts",
            "Each record of the topic that was read is exactly one of four: counted, duplicate, "
            "late or rejected; so read is the sum of the four. It is checked for every batch "
            "before it is stored. Gaps are offsets that hold no record.",
            "A duplicate has the call id and the call time of a record that was counted before, "
            "however long ago.",
            rule="docs/rules.md#duplicates",
        ),
        _method(
            "rejected",
            "Rejected records",
            "Records that break one of the rules R1 to R15; the first one broken is the reason. "
            "They are kept by partition and offset, so that their bytes can be shown again, with "
            "everything but plain characters escaped.",
            "A rejected record is data, no failure. It is not among the calls.",
            rule="docs/rules.md#how-to-read-the-rules",
        ),
        _method(
            "late",
            "Late records",
            "Valid records that were published more than the allowed lateness after their call; 7 "
            "days unless it was set otherwise. Where the rule is off, no record is late.",
            "They are not among the calls; they are kept by partition and offset.",
            rule="docs/rules.md#l1-late",
        ),
        _sign(
            "lag",
            "Lag",
            "Records of the topic that no batch has read: the last offset of each partition less "
            "the one where the ledger ends. The cluster is asked at most every 5 seconds, and only "
            "while somebody looks; where it does not answer, the lag is not known, which is said. "
            "A batch's own lag is what it had not reached when it was planned.",
            rule="docs/architecture.md#accounting-and-offsets",
        ),
        _sign(
            "rates",
            "Records a second",
            "Spark's report of a batch: the rows it read, divided by the time since the batch "
            "before began (input) and by the time it took (processing). They are for looking at "
            "the stream, and no count rests on them.",
            rule="docs/architecture.md#the-life-of-a-batch",
        ),
        _sign(
            "batch",
            "Duration of a batch by phase",
            "What Spark and the job say each step of a batch took, in milliseconds. A batch is "
            "stored in one transaction: either all of it is in the numbers, or nothing.",
            rule="docs/architecture.md#the-life-of-a-batch",
        ),
        _method(
            "newest_call",
            "Data as of",
            "The latest call time among the calls that were counted, on the clock of San "
            "Francisco's walls. The stream has no watermark that drops records: a call that comes "
            "late by less than the allowed lateness is still counted, and older hours may grow.",
            rule="docs/rules.md#l1-late",
        ),
        _sign(
            "state",
            "Live, stale or offline",
            "Live: no part that counts is down; a job has written, or has shown that it runs, "
            "within 15 seconds, and while there is lag it has committed a batch within a minute. "
            "Else the page is stale: the numbers are right as of the time shown, and nobody "
            "counts on. Offline is what the page says when it cannot reach this server.",
            rule="docs/architecture.md#one-writer",
        ),
        _method(
            "audit",
            "The last audit",
            "The verdict of the last `sfcrime audit` of this data folder: whether its own count of "
            "the topic gave the same cells, accounts and totals as the store, and how many batches "
            "were committed since. What came later is not covered by it.",
            rule="docs/rules.md#rules-what-becomes-of-a-record",
        ),
        _method(
            "span",
            "What was counted",
            "From the hour of the first counted call to that of the newest. Nothing is said of "
            "times before or after, and a day in between without any call is shown as it is: no "
            "calls in the source.",
            _NOT_A_CRIME,
        ),
    ]
)
