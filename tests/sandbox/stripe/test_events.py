"""Events and webhooks: signed bytes, snapshots and thin notifications, other endpoints."""

from collections.abc import Callable

import pytest
import stripe

from sandbox.stripe.stage import Billed, Stage

Bill = Callable[..., Billed]


def test_every_webhook_verifies_with_the_sdk_and_not_after_a_change(
    stage: Stage, bill: Bill
) -> None:
    invoice = bill().invoice
    stage.control(f"invoices/{invoice.id}/pay")
    heard = stage.await_webhooks()
    assert len(heard) >= 10
    for webhook in heard:
        event = stripe.Webhook.construct_event(webhook.body, webhook.signature, stage.secret)
        assert event.api_version == "2026-10-28.endive"
        assert event.livemode is False
        again = stage.client.construct_event(webhook.body, webhook.signature, stage.secret)
        assert again.id == event.id
        changed = webhook.body.replace(b"evt_", b"evt-", 1)
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(changed, webhook.signature, stage.secret)
        bare_secret = stage.secret.removeprefix("whsec_")
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(webhook.body, webhook.signature, bare_secret)


def test_signatures_carry_the_boxs_time(stage: Stage) -> None:
    stage.clock.pass_(days=-1)
    stage.client.v1.customers.create({"name": "Ada"})
    (webhook,) = stage.await_webhooks()
    with pytest.raises(stripe.SignatureVerificationError, match="tolerance"):
        stripe.Webhook.construct_event(webhook.body, webhook.signature, stage.secret)


def test_an_event_names_the_request_that_caused_it(stage: Stage) -> None:
    stage.client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "deal:42"})
    (event,) = stage.events()
    assert event["request"]["idempotency_key"] == "deal:42"
    assert event["request"]["id"].startswith("req_")
    assert event["pending_webhooks"] == 1


def test_an_event_of_the_client_names_no_request(stage: Stage, bill: Bill) -> None:
    invoice = bill().invoice
    stage.control(f"invoices/{invoice.id}/pay")
    paid = next(event for event in stage.events() if event["type"] == "invoice.paid")
    assert paid["request"] == {"id": None, "idempotency_key": None}


def test_a_snapshot_keeps_the_object_as_it_was(stage: Stage) -> None:
    v1 = stage.client.v1
    made = v1.customers.create({"name": "Ada"})
    v1.customers.update(made.id, {"name": "Eve"})
    created = v1.events.list({"type": "customer.created"}).data[0]
    assert created.data.object["name"] == "Ada"
    assert v1.events.retrieve(created.id).data.object["name"] == "Ada"


def test_events_are_listed_newest_first_by_type_and_time(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    bill()
    start = stage.clock().timestamp()
    stage.clock.pass_(seconds=10)
    bill()
    created = v1.events.list({"types": ["customer.created", "invoice.created"]}).data
    assert [event.type for event in created] == [
        "invoice.created",
        "customer.created",
    ] * 2
    recent = v1.events.list(
        {"types": ["customer.created"], "created": {"gte": int(start) + 5}}
    ).data
    assert [event.id for event in recent] == [created[1].id]


def test_events_are_kept_for_thirty_days(stage: Stage) -> None:
    v1 = stage.client.v1
    v1.customers.create({"name": "Ada"})
    (event,) = v1.events.list().data
    stage.clock.pass_(days=29, hours=23)
    assert v1.events.retrieve(event.id).id == event.id
    stage.clock.pass_(hours=2)
    assert v1.events.list().data == []
    with pytest.raises(stripe.InvalidRequestError):
        v1.events.retrieve(event.id)


def test_undelivered_events_can_be_listed(stage: Stage) -> None:
    v1 = stage.client.v1
    v1.customers.create({"name": "Ada"})
    stage.await_webhooks()
    stage.control("settings", automatic=False)
    v1.customers.create({"name": "Eve"})
    (undelivered,) = v1.events.list({"delivery_success": False}).data
    assert undelivered.data.object["name"] == "Eve"
    assert undelivered.pending_webhooks == 1
    stage.control("deliver")
    assert v1.events.list({"delivery_success": False}).data == []
    assert v1.events.retrieve(undelivered.id).pending_webhooks == 0


def test_a_registered_endpoint_has_its_own_secret_and_its_own_events(stage: Stage) -> None:
    v1 = stage.client.v1
    endpoint = v1.webhook_endpoints.create(
        {"url": f"{stage.hub}/hooks/second", "enabled_events": ["customer.deleted"]}
    )
    assert endpoint.secret is not None
    assert "secret" not in v1.webhook_endpoints.retrieve(endpoint.id)
    made = v1.customers.create({"name": "Ada"})
    v1.customers.delete(made.id)
    second = [w for w in stage.await_webhooks() if w.path == "/hooks/second"]
    assert [w.json["type"] for w in second] == ["customer.deleted"]
    stripe.Webhook.construct_event(second[0].body, second[0].signature, endpoint.secret)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(second[0].body, second[0].signature, stage.secret)
    v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    v1.customers.delete(v1.customers.create({"name": "Eve"}).id)
    assert len([w for w in stage.await_webhooks() if w.path == "/hooks/second"]) == 1
    v1.webhook_endpoints.delete(endpoint.id)
    assert [known.url for known in v1.webhook_endpoints.list().data] == [
        f"{stage.hub}/hooks/stripe"
    ]


def test_thin_notifications_name_the_object_and_lead_to_it(stage: Stage, bill: Bill) -> None:
    stage.control("stripe", thin=True)
    invoice = bill().invoice
    stage.control(f"invoices/{invoice.id}/pay")
    by_type = {}
    for webhook in stage.await_webhooks():
        notice = stage.client.parse_event_notification(
            webhook.body, webhook.signature, stage.secret
        )
        assert type(notice).__name__ != "UnknownEventNotification"
        by_type[notice.type] = notice
        with pytest.raises(ValueError, match="thin"):
            stripe.Webhook.construct_event(webhook.body, webhook.signature, stage.secret)
    paid = by_type["v1.invoice.paid"]
    assert isinstance(paid, stripe.events.V1InvoicePaidEventNotification)
    assert paid.related_object.url == f"/v1/invoices/{invoice.id}"
    assert paid.fetch_related_object().status == "paid"
    event = paid.fetch_event()
    assert event.snapshot_event is not None
    assert stage.client.v1.events.retrieve(event.snapshot_event).type == "invoice.paid"


def test_a_hub_that_refuses_is_asked_again(stage: Stage) -> None:
    stage.hub_status = 500
    stage.client.v1.customers.create({"name": "Ada"})
    first = stage.box.outbox.parcels[0]
    stage.hub_status = 200
    stage.control("deliver")
    assert first.attempts >= 1
    assert first.status == 200


def test_nobody_listening_means_no_webhooks_and_still_events(stage: Stage) -> None:
    (own,) = stage.client.v1.webhook_endpoints.list().data
    stage.client.v1.webhook_endpoints.delete(own.id)
    stage.client.v1.customers.create({"name": "Ada"})
    (event,) = stage.client.v1.events.list().data
    assert event.pending_webhooks == 0
    assert stage.box.outbox.dropped == 1
