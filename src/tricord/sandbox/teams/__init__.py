"""Microsoft Teams in a box: one Workflows webhook and the channel it posts to."""

from tricord.sandbox.teams.box import TeamsBox

__all__ = ["TeamsBox"]
