"""Webhook endpoints: the one the box was born with, and those registered through the API."""

from tricord.sandbox.faults.fault import Shows
from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.errors import bad_parameter
from tricord.sandbox.stripe.kinds import API_VERSION, SPOKEN_VERSIONS, Json
from tricord.sandbox.stripe.wire import lists
from tricord.sandbox.stripe.wire.calls import Call
from tricord.sandbox.stripe.wire.shapes import (
    PAGE,
    absent,
    boolean,
    items,
    merged,
    metadata,
    shape,
    text,
    word,
)

CREATE = shape(
    "enabled_events",
    "url",
    api_version=word,
    connect=absent("connected accounts"),
    description=text,
    enabled_events=items(word),
    metadata=metadata,
    url=word,
)
UPDATE = shape(
    description=text, disabled=boolean, enabled_events=items(word), metadata=metadata, url=word
)
LIST = shape(**PAGE)
READ = shape()


def create(account: Account, call: Call) -> Json:
    """The answer is the only place that shows the secret."""
    params = call.params
    version = params.get("api_version", API_VERSION)
    if version not in SPOKEN_VERSIONS:
        raise bad_parameter(f"Invalid API version: {version}.", "api_version")
    _check_url(params["url"])
    endpoint = account.add_endpoint(
        params["url"],
        f"whsec_{account.mint.token(32)}",
        params["enabled_events"],
        api_version=version,
        description=params.get("description"),
        metadata=params.get("metadata") or {},
    )
    account.outbox.renew()
    return dict(endpoint)


def retrieve(account: Account, call: Call) -> Json:
    return _shown(account.get("webhook_endpoint", call.id))


def update(account: Account, call: Call) -> Json:
    endpoint = account.get("webhook_endpoint", call.id)
    for name, value in call.params.items():
        match name:
            case "disabled":
                endpoint["status"] = "disabled" if value else "enabled"
                if not value:
                    account.outbox.renew()
            case "metadata":
                endpoint[name] = merged(endpoint[name], value)
            case "url":
                _check_url(value)
                endpoint[name] = value
            case _:
                endpoint[name] = value
    return _shown(endpoint)


def delete(account: Account, call: Call) -> Json:
    endpoint = account.get("webhook_endpoint", call.id)
    del account.tables["webhook_endpoint"][endpoint["id"]]
    return {"id": endpoint["id"], "object": "webhook_endpoint", "deleted": True}


def list_(account: Account, call: Call) -> Json:
    return lists.page(call, map(_shown, account.newest_first("webhook_endpoint")))


def lapse(account: Account, shows: Shows) -> None:
    """What Stripe does to endpoints that failed for days: they stay, disabled, or are gone."""
    known = account.tables["webhook_endpoint"]
    if shows is Shows.GONE:
        known.clear()
    for endpoint in known.values():
        endpoint["status"] = "disabled"


def _shown(endpoint: Json) -> Json:
    return {name: value for name, value in endpoint.items() if name != "secret"}


def _check_url(url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise bad_parameter(
            "Invalid URL: An explicit scheme (such as https) must be provided.", "url"
        )
