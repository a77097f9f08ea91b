"""Logs: one JSON line per event on standard error, with control characters escaped."""

import logging
import sys

import structlog


def quiet_logs(*, errors_only: bool = False) -> None:
    """Set the process's logging up. Libraries' own debug logs stay off: they would show bodies."""
    level = logging.ERROR if errors_only else logging.WARNING
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
