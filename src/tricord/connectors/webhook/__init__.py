"""Webhook: alerts as signed JSON to any address, by the Standard Webhooks specification."""
