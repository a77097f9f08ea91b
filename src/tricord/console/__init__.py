"""The console: pages for people, over one desk. What is done there, the commands do alike."""

from tricord.console.desk import Desk
from tricord.console.routes import Console

__all__ = ["Console", "Desk"]
