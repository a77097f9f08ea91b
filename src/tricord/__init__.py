"""Tricord: one durable cord between a firm's CRM, its billing engine and its communications.

The rooms, from the door to the cellar; a room imports only rooms below it, and rooms on one line
do not know each other:

    cli                          commands a person types
    app                          settings and wiring; the only room that knows every part
    server | console | sandbox   webhooks in, pages for people, vendors in a box
    engine | connectors          absorbs, converges and acts; one package per vendor
    store | sdk                  SQLite or PostgreSQL; what a connector is made of
    core                         money, account, observe, decide, policy, rules; pure
"""

__version__ = "0.1.0"
