"""HubSpot in a box."""

from tricord.sandbox.hubspot.box import HubSpotBox

__all__ = ["HubSpotBox"]
