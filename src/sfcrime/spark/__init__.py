"""A Spark of our own: its JVM, its session, its properties, and `spark-submit`."""
