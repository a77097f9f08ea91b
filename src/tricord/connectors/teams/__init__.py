"""Microsoft Teams: alerts into one channel or chat, by a Workflows webhook."""
