"""The console: pages for people. They read and show; nothing is changed from here."""

from tricord.console.desk import Desk
from tricord.console.routes import console_routes

__all__ = ["Desk", "console_routes"]
