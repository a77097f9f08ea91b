"""Slack: alerts into one channel, by an incoming webhook."""
