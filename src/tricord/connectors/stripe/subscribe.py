"""Whether Stripe still sends us webhooks: the endpoint is looked at, and switched on again if off.

Stripe disables an endpoint that has not answered for days (docs.stripe.com/webhooks, "Disable
behavior"). One that is missing is a person's to make: its secret is shown only at that moment.
"""

from tricord.connectors.stripe.read import EVENTS
from tricord.core.ids import Instant
from tricord.sdk.connector import Access, Lease, Leasing
from tricord.sdk.reader import Reader
from tricord.sdk.talk import get, post_form, segment


def subscription(access: Access, at: Instant) -> Leasing:
    """Enables our endpoint when it is disabled, and adds events it lacks. Both are upserts."""
    rows = list((yield get("/v1/webhook_endpoints", [("limit", "100")])).read.children("data"))
    ours = [row for row in rows if row.text_or("url") == access.hook_url]
    if not ours:
        return Lease(live=False, problem=f"no webhook endpoint points to {access.hook_url}")
    on = next((row for row in ours if row.text("status") == "enabled"), ours[0])
    name, missing = on.text("id"), _missing(on)
    was_off = on.text("status") != "enabled"
    if was_off or missing:
        told = ["*"] if "*" in on.ids("enabled_events") else [*on.ids("enabled_events"), *missing]
        pairs = [("disabled", "false"), *(("enabled_events[]", event) for event in told)]
        key = f"{access.connection}/endpoint/{name}/{at:%Y%m%d%H%M%S}"
        yield post_form(f"/v1/webhook_endpoints/{segment(name)}", pairs, key=key)
    return Lease(live=True, remote=name, renewed=was_off)


def _missing(endpoint: Reader) -> list[str]:
    told = endpoint.ids("enabled_events")
    return [] if "*" in told else [event for event in EVENTS if event not in told]
