"""A receiver of signed webhooks in a box, as a firm or an iPaaS would run one."""

from tricord.sandbox.webhook.box import WebhookBox

__all__ = ["WebhookBox"]
