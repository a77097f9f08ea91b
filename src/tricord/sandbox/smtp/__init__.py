"""Mail in a box."""

from tricord.sandbox.smtp.box import SmtpBox

__all__ = ["SmtpBox"]
