"""PagerDuty in a box: one service, its events and its incidents."""

from tricord.sandbox.pagerduty.box import PagerDutyBox

__all__ = ["PagerDutyBox"]
