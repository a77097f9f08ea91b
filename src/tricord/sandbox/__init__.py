"""Vendors in a box: stateful, signed, written from the vendors' documents, never from connectors."""
