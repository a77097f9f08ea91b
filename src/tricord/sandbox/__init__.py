"""Vendors in a box: stateful, signed, written from their documents, never from connectors."""
