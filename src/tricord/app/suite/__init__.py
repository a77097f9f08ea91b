"""The standard suite: what every connector must keep, ours and those written elsewhere."""
