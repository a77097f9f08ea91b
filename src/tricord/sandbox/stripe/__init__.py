"""Stripe in a box."""

from tricord.sandbox.stripe.box import StripeBox

__all__ = ["StripeBox"]
