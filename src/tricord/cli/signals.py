"""Being told to stop: by Ctrl-C, or by whatever supervises the process."""

import asyncio
import signal


def until_stopped() -> asyncio.Event:
    """Set when the process is told to end."""
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, event.set)
    return event
