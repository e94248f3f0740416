"""Spark itself: its JVM, its session, its properties, its workers, and `spark-submit`."""
