"""The app's own side over HTTP: OAuth tokens, webhook target and subscriptions."""

from typing import Any

from tricord.sandbox.hubspot.api.call import Answer, Call, batch_answer
from tricord.sandbox.hubspot.api.tokens import Tokens
from tricord.sandbox.hubspot.crm.kinds import KINDS
from tricord.sandbox.hubspot.crm.portal import Portal
from tricord.sandbox.hubspot.crm.refusals import invalid, not_found
from tricord.sandbox.hubspot.crm.values import moment
from tricord.sandbox.hubspot.hooks import Hooks, Subscription

_EVENT_TYPES = {
    f"{kind.singular}.{what}"
    for kind in KINDS
    for what in ("creation", "deletion", "propertyChange", "merge", "associationChange", "restore")
} | {"contact.privacyDeletion"}


class OAuth:
    def __init__(self, portal: Portal, tokens: Tokens) -> None:
        self._portal = portal
        self._tokens = tokens

    def token(self, call: Call) -> Answer:
        granted = self._tokens.grant(call.body if isinstance(call.body, dict) else {})
        if call.version == "v1":
            return 200, granted
        access = self._tokens.access(granted["access_token"])
        return 200, granted | {
            "hub_id": self._portal.portal_id,
            "user_id": self._portal.owners[0].user_id,
            "scopes": list(access.scopes) if access else [],
            "token_use": "access_token",
        }

    def access_token(self, call: Call) -> Answer:
        access = self._tokens.access(call.path["token"])
        if access is None:
            raise not_found("resource not found")
        return 200, self._told(call, access.scopes, "access") | {
            "app_id": self._portal.app_id,
            "expires_in": self._tokens.seconds_left(access),
        }

    def refresh_token(self, call: Call) -> Answer:
        scopes = self._tokens.scopes_of_refresh(call.path["token"])
        if scopes is None:
            raise not_found("resource not found")
        return 200, self._told(call, scopes, "refresh") | {"client_id": self._tokens.client_id}

    def forget(self, call: Call) -> Answer:
        if not self._tokens.forget(call.path["token"]):
            raise not_found("resource not found")
        return 204, None

    def _told(self, call: Call, scopes: tuple[str, ...], kind: str) -> dict[str, Any]:
        return {
            "token": call.path["token"],
            "user": self._portal.owners[0].email,
            "hub_domain": "sandbox.hubspot.example",
            "scopes": list(scopes),
            "hub_id": self._portal.portal_id,
            "user_id": self._portal.owners[0].user_id,
            "token_type": kind,
        }


class WebhookSettings:
    def __init__(self, portal: Portal, hooks: Hooks) -> None:
        self._portal = portal
        self._hooks = hooks

    def read(self, call: Call) -> Answer:
        self._check_app(call)
        if self._hooks.target is None:
            raise not_found("No webhook settings")
        return 200, {
            "targetUrl": self._hooks.target,
            "throttling": {"maxConcurrentRequests": self._hooks.most_at_once},
            "createdAt": moment(self._hooks.created_at),
            "updatedAt": moment(self._hooks.updated_at),
        }

    def change(self, call: Call) -> Answer:
        self._check_app(call)
        throttling = call.object().get("throttling") or {}
        most = int(throttling.get("maxConcurrentRequests", 0))
        if most <= 5:
            raise invalid("maxConcurrentRequests must be above 5", code="INVALID_THROTTLING")
        self._hooks.aim(call.text("targetUrl"), most)
        return self.read(call)

    def clear(self, call: Call) -> Answer:
        self._check_app(call)
        self._hooks.target = None
        return 204, None

    def page(self, call: Call) -> Answer:
        self._check_app(call)
        return 200, {"results": [one.shown() for one in self._hooks.subscriptions.values()]}

    def subscribe(self, call: Call) -> Answer:
        self._check_app(call)
        event_type = call.text("eventType")
        property_name = call.object().get("propertyName")
        if event_type not in _EVENT_TYPES:
            raise invalid(f"{event_type} is not an event type", code="INVALID_EVENT_TYPE")
        if event_type.endswith(".propertyChange") and not property_name:
            raise invalid("propertyChange needs a propertyName", code="REQUIRED_FIELD")
        # Real subscriptions start paused unless they are asked to be active.
        active = bool(call.object().get("active", False))
        return 201, self._hooks.subscribe(event_type, property_name, active=active).shown()

    def read_subscription(self, call: Call) -> Answer:
        return 200, self._of(call).shown()

    def change_subscription(self, call: Call) -> Answer:
        known = self._of(call)
        self._hooks.set_active(known, active=bool(call.object().get("active", known.active)))
        return 200, known.shown()

    def unsubscribe(self, call: Call) -> Answer:
        del self._hooks.subscriptions[self._of(call).id]
        return 204, None

    def batch_change(self, call: Call) -> Answer:
        self._check_app(call)
        results: list[Any] = []
        for row in call.inputs():
            known = self._hooks.subscription(str(row.get("id", "")))
            self._hooks.set_active(known, active=bool(row.get("active", known.active)))
            results.append(known.shown())
        return batch_answer(moment(self._portal.now()), results)

    def _of(self, call: Call) -> Subscription:
        self._check_app(call)
        return self._hooks.subscription(call.path["subscription"])

    def _check_app(self, call: Call) -> None:
        if call.path["app"] != str(self._portal.app_id):
            raise not_found(f"App {call.path['app']} does not exist")
