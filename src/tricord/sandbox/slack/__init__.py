"""Slack in a box: one channel and its incoming webhook."""

from tricord.sandbox.slack.box import SlackBox

__all__ = ["SlackBox"]
