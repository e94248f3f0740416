"""Proves that a cluster answers and lets us in, and says what is wrong where it does not.

A client keeps trying for ever, whatever the cause; only what it reports meanwhile tells a wrong
password from a broker that is down.
"""

from __future__ import annotations

import time

from confluent_kafka import KafkaError, KafkaException

from sfcrime.errors import KafkaUnavailable
from sfcrime.kafka.client import REQUEST_TIMEOUT_S, open_admin
from sfcrime.settings import KafkaSettings

_STEP_S = 0.5


def require_answer(kafka: KafkaSettings, timeout_s: float = REQUEST_TIMEOUT_S) -> None:
    """Returns as soon as a broker has answered.

    Raises:
        UsageError: the file of client properties cannot be used.
        KafkaUnavailable: no broker answers within `timeout_s`; or one refuses the login or the TLS
            connection, which is raised at once.
    """
    reported: list[KafkaError] = []
    admin = open_admin(kafka, on_error=reported.append)
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            admin.list_topics(timeout=min(_STEP_S, timeout_s))
        except KafkaException as error:
            admin.poll(0)  # has the client say what it reported
            for each in reported:
                if each.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL):
                    raise _refused(kafka, each) from error
            if time.monotonic() > deadline:
                raise _no_answer(kafka, reported, timeout_s) from error
        else:
            return


def answers(kafka: KafkaSettings, timeout_s: float) -> bool:
    """Whether a broker answers and lets us in, within `timeout_s`."""
    try:
        require_answer(kafka, timeout_s)
    except KafkaUnavailable:
        return False
    return True


def _refused(kafka: KafkaSettings, reported: KafkaError) -> KafkaUnavailable:
    if reported.code() == KafkaError._AUTHENTICATION:
        return KafkaUnavailable(
            f"The Kafka cluster {kafka.bootstrap_servers} refuses the login: {reported.str()}.",
            next_step="correct user, password and sasl.mechanism in the file that --kafka-config "
            "names",
        )
    return KafkaUnavailable(
        f"No TLS connection to the Kafka cluster {kafka.bootstrap_servers}: {reported.str()}.",
        next_step="correct the certificates in the file that --kafka-config names (docs/kafka.md), "
        "and name the brokers in --bootstrap-servers as their certificates do",
    )


def _no_answer(
    kafka: KafkaSettings, reported: list[KafkaError], timeout_s: float
) -> KafkaUnavailable:
    causes = [each for each in reported if each.code() != KafkaError._ALL_BROKERS_DOWN]
    cause = f": {causes[-1].str()}" if causes else ""
    return KafkaUnavailable(
        f"No broker of {kafka.bootstrap_servers} answered within {timeout_s:g} s{cause}.",
        next_step="check that the broker runs, that --bootstrap-servers names it, and that "
        "security.protocol in the file of --kafka-config is the listener's",
    )
