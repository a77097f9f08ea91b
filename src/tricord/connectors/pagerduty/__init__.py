"""PagerDuty: alerts as incidents, by the Events API v2."""
