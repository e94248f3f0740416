"""What the page knows of the store, kept in memory and renewed by each batch."""
