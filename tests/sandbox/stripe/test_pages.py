"""The sandbox's page and the hosted invoice: what they show, and what their buttons do."""

from collections.abc import Callable
from urllib.parse import urlsplit

from sandbox.stripe.stage import Billed, Stage

Bill = Callable[..., Billed]


def _page(stage: Stage, path: str = "/") -> str:
    status, headers, body = stage.request("GET", path)
    assert status == 200
    assert headers["content-type"].startswith("text/html")
    return body.decode()


def _press(stage: Stage, path: str, form: str = "", page: str = "/") -> str:
    status, headers, _ = stage.request(
        "POST",
        path,
        form.encode(),
        Content_Type="application/x-www-form-urlencoded",
        Referer=f"{stage.url}{page}",
    )
    assert status == 303
    return headers["location"]


def test_an_empty_box_says_so_and_says_where_webhooks_go(stage: Stage) -> None:
    page = _page(stage)
    assert "No invoices yet" in page
    assert f"{stage.hub}/hooks/stripe" in page
    (own,) = stage.client.v1.webhook_endpoints.list().data
    stage.client.v1.webhook_endpoints.delete(own.id)
    assert "Nobody listens yet" in _page(stage)


def test_the_page_loads_nothing_from_elsewhere(stage: Stage, bill: Bill) -> None:
    bill()
    page = _page(stage)
    for outside in ("<script", "<link", "src=", "@import", "url("):
        assert outside not in page
    assert "prefers-color-scheme: dark" in page
    assert "width=device-width" in page


def test_names_are_shown_as_text(stage: Stage) -> None:
    v1 = stage.client.v1
    customer = v1.customers.create({"name": "<b>Ada</b>"})
    v1.invoices.create({"customer": customer.id})
    assert "&lt;b&gt;Ada&lt;/b&gt;" in _page(stage)


def test_the_buttons_pay_refund_dispute_and_decide(stage: Stage, bill: Bill) -> None:
    v1 = stage.client.v1
    invoice = bill().invoice
    assert "EUR 1,000.00" in _page(stage)
    assert _press(stage, f"/_sandbox/invoices/{invoice.id}/pay", "amount=25000") == "/"
    assert "partly paid" in _page(stage)
    _press(stage, f"/_sandbox/invoices/{invoice.id}/pay", "amount=")
    assert v1.invoices.retrieve(invoice.id).status == "paid"
    rest, part = v1.charges.list().data
    _press(stage, f"/_sandbox/charges/{part.id}/refund", "amount=")
    assert v1.charges.retrieve(part.id).refunded is True
    _press(stage, f"/_sandbox/charges/{rest.id}/dispute")
    (dispute,) = v1.disputes.list().data
    assert "dispute: needs response" in _page(stage)
    _press(stage, f"/_sandbox/disputes/{dispute.id}/close", "status=lost")
    assert "dispute: lost" in _page(stage)


def test_a_declined_card_is_told_on_the_page(stage: Stage, bill: Bill) -> None:
    invoice = bill().invoice
    path = f"/_sandbox/invoices/{invoice.id}/pay"
    location = _press(stage, path, "payment_method=pm_card_chargeDeclined")
    assert "Your card was declined." in _page(stage, location)


def test_the_client_pays_on_the_hosted_page(stage: Stage, bill: Bill) -> None:
    invoice = bill().invoice
    address = urlsplit(invoice.hosted_invoice_url or "")
    assert f"{address.scheme}://{address.netloc}" == stage.url
    page = _page(stage, f"{address.path}?{address.query}")
    assert "Pay EUR 1,000.00" in page
    assert "Design" in page
    back = _press(stage, f"/_sandbox/invoices/{invoice.id}/pay", page=address.path)
    assert back == address.path
    assert "Pay EUR" not in _page(stage, back)


def test_the_pdf_opens_as_a_pdf(stage: Stage, bill: Bill) -> None:
    invoice = bill().invoice
    address = urlsplit(invoice.invoice_pdf or "")
    status, headers, body = stage.request("GET", address.path)
    assert (status, headers["content-type"]) == (200, "application/pdf")
    assert body.startswith(b"%PDF-1.4")
    assert (invoice.number or "").encode() in body
    table = int(body.split(b"startxref\n")[1].split(b"\n")[0])
    assert body[table:].startswith(b"xref")


def test_a_link_of_no_invoice_is_gone(stage: Stage) -> None:
    assert stage.request("GET", "/i/acct_1/test_nothing")[0] == 404


def test_a_form_never_redirects_to_another_host(stage: Stage, bill: Bill) -> None:
    invoice = bill().invoice
    status, headers, _ = stage.request(
        "POST",
        f"/_sandbox/invoices/{invoice.id}/pay",
        b"amount=1",
        Content_Type="application/x-www-form-urlencoded",
        Referer="https://elsewhere.example/page",
    )
    assert (status, headers["location"]) == (303, "/")


def test_json_controls_say_what_is_wrong(stage: Stage, bill: Bill) -> None:
    draft = bill(finalize=False).invoice
    status, _, body = stage.request(
        "POST", f"/_sandbox/invoices/{draft.id}/pay", b"{}", Content_Type="application/json"
    )
    assert status == 400
    assert b"draft" in body


def test_unknown_settings_are_refused(stage: Stage) -> None:
    status, _, body = stage.request(
        "POST", "/_sandbox/stripe", b'{"colour": "red"}', Content_Type="application/json"
    )
    assert status == 400
    assert b"colour" in body


def test_the_state_tells_everything(stage: Stage, bill: Bill) -> None:
    billed = bill()
    stage.control(f"invoices/{billed.invoice.id}/pay")
    state = stage.state()
    assert [c["id"] for c in state["customers"]] == [billed.customer.id]
    assert [i["status"] for i in state["invoices"]] == ["paid"]
    assert [p["amount_paid"] for p in state["payments"]] == [100_000]
    assert state["refunds"] == state["disputes"] == state["credit_notes"] == []
    assert state["events"] == len(stage.client.v1.events.list({"limit": 100}).data)
