"""How often Kafka is asked for what."""

from __future__ import annotations

from collections import Counter
from typing import Any

from confluent_kafka.admin import AdminClient

from sfcrime.settings import KafkaSettings


class AskedAdmin:
    """An administration client that keeps count of its requests."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._admin = AdminClient({"bootstrap.servers": settings.bootstrap_servers})
        self.asked: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        self.asked[name] += 1
        return getattr(self._admin, name)
