"""The only room that knows the Kafka client: embedded broker, topics, producer, consumer."""
