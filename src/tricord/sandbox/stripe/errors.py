"""What Stripe answers when it says no: status, type, code, and a message for a person."""

from typing import Any

from tricord.sandbox.stripe.kinds import Json, Kind


class StripeRefusal(Exception):
    """An error answer. `executed` is False where Stripe refused before the endpoint began.

    Only executed answers are kept under an idempotency key.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        executed: bool = True,
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.executed = executed
        self.error: Json = {"message": message, "type": kind}
        self.error.update({name: value for name, value in details.items() if value is not None})
        if code := details.get("code"):
            name = str(code).replace("_", "-")
            self.error["doc_url"] = f"https://docs.stripe.com/error-codes/{name}"

    @property
    def body(self) -> Json:
        return {"error": self.error}


def missing_object(kind: Kind, object_id: str, param: str | None = None) -> StripeRefusal:
    """An id in the path gives 404; an id among the parameters, named by `param`, gives 400."""
    return StripeRefusal(
        404 if param is None else 400,
        f"No such {kind.name.replace('_', ' ') if kind.name == 'webhook_endpoint' else kind.name}:"
        f" '{object_id}'",
        code="resource_missing",
        param=param or kind.param,
    )


def bad_parameter(message: str, param: str, code: str | None = None) -> StripeRefusal:
    """A parameter that fails validation, before anything ran."""
    return StripeRefusal(400, message, param=param, code=code, executed=False)


def wrong_state(message: str, code: str | None = None, **details: Any) -> StripeRefusal:
    """A request Stripe understood and will not do to this object as it is now."""
    return StripeRefusal(400, message, code=code, **details)


def no_access(account_id: str, key: str) -> StripeRefusal:
    """The key, shown masked, is good, and not for this account (or no longer)."""
    return StripeRefusal(
        403,
        f"The provided key '{key}' does not have access to account '{account_id}' (or that account "
        "does not exist). Application access may have been revoked.",
        code="account_invalid",
        executed=False,
    )


def not_in_sandbox(what: str, param: str) -> StripeRefusal:
    """Real Stripe would do this; the box says so instead of quietly leaving it out."""
    return bad_parameter(f"The sandbox does not do {what}: leave out '{param}'.", param)
