"""The only room that knows the database: one writer, read-only readers, the schema."""

STORE_FILE = "sfcrime.db"
"""Name of the store inside the data folder."""
