"""Stripe: customers, invoices, payments, refunds, disputes and credit notes."""
