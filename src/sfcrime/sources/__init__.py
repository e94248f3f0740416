"""Sources of calls: iterators of raw records in publication order."""
