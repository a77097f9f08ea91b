"""Each check of the standard suite can fail: it finds the one thing that was broken for it."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.subjects import HERE, SUBJECTS
from tricord.app.registry import all_connectors
from tricord.app.suite.checks import CHECKS, problems_of
from tricord.app.suite.listening import ROLLED, SECRET
from tricord.app.suite.subject import CasesUnreadable, Subject, subject_of
from tricord.core.alerts import Alert
from tricord.core.commands import CreateCustomer, CreateInvoice, LogActivity, SendMessage
from tricord.core.delivery import Delivery
from tricord.core.ids import Instant, Kind, Ref
from tricord.sdk.connector import Access, Limits, Notice, Once, Verb, Work
from tricord.sdk.errors import Refused
from tricord.sdk.paging import Page, Paging
from tricord.sdk.signing import Key, Scheme
from tricord.sdk.talk import Changes, Done, Mail, Request, Talk, get, post_form, post_json

HUBSPOT, STRIPE, SMTP = SUBJECTS["hubspot"], SUBJECTS["stripe"], SUBJECTS["smtp"]
WEBHOOK = SUBJECTS["webhook"]


def altered(subject: Subject, **changes: Any) -> Subject:
    return replace(subject, connector=replace(subject.connector, **changes))


def with_verb(subject: Subject, kind: Any, once: Once, act: Callable[..., Talk]) -> Subject:
    verbs = {**subject.connector.verbs, kind: Verb(once=once, act=act)}
    return altered(subject, verbs=verbs)


def with_reads(read: Callable[..., Any]) -> Subject:
    return altered(STRIPE, reads=dict.fromkeys(STRIPE.connector.reads, read))


def with_pages(pages: Callable[..., Any]) -> Subject:
    return altered(STRIPE, pages=dict.fromkeys(STRIPE.connector.pages, pages))


def circling(access: Access, cursor: str, now: Instant) -> Paging:
    yield get("/v1/customers")
    return Page(cursor=cursor, more=True)


def accepting(subject: Subject, accept: Callable[[Delivery], bool]) -> Subject:
    """The connector with a signature that also lets through what `accept` does."""
    genuine = subject.connector.signature
    assert genuine is not None

    def lax(delivery: Delivery, secrets: Any) -> None:
        if not accept(delivery):
            genuine(delivery, secrets)

    return altered(subject, signature=lax)


def refusing() -> Scheme:
    def strict(delivery: Delivery, secrets: Any) -> None:
        genuine = STRIPE.connector.signature
        assert genuine is not None
        genuine(delivery, secrets[:1])

    return strict


def unkeyed(access: Access, command: CreateCustomer, work: Work) -> Talk:
    answer = yield Request(method="POST", path="/v1/customers", writes=True)
    return Done(remote=Ref(access.connection, Kind.CUSTOMER, answer.read.text("id")))  # type: ignore[arg-type]


def by_the_clock(access: Access, command: CreateCustomer, work: Work) -> Talk:
    yield post_form("/v1/customers", [("at", work.at.isoformat())], key=work.key)
    return Done()


def twice(access: Access, command: SendMessage, work: Work) -> Talk:
    for _ in range(2):
        yield Mail(sender="a@b.example", recipient=command.recipient, content=b"x: y\n\nz")
    return Done()


def writing_first(access: Access, command: CreateInvoice, work: Work) -> Talk:
    yield post_form("/v1/invoices", [], key=work.key)
    return Done()


def silent(access: Access, command: CreateInvoice, work: Work) -> Talk:
    yield from ()
    return Done()


def secret_in_path(access: Access, ref: Ref, now: Instant) -> Iterator[Request]:
    yield get(f"/v1/{access.text('api_key')}/x")


def climbing(access: Access, ref: Ref, now: Instant) -> Iterator[Request]:
    yield get(f"/v1/things/{ref.external_id}")


def delete_quietly(access: Access, ref: Ref, now: Instant) -> Iterator[Request]:
    yield Request(method="DELETE", path="/v1/x")


def restless(access: Access, cursor: str, now: Instant) -> Iterator[Request]:
    while True:
        yield get("/v1/events")


def indexing(access: Access, ref: Ref, now: Instant) -> Any:
    answer = yield get("/v1/x", expected=(200, 404))
    return json.loads(answer.body)["id"][0]


def no_cursor(access: Access, cursor: str, now: Instant) -> Any:
    yield get("/v1/events")
    return Changes(cursor="")


def named_by_time(delivery: Delivery) -> str:
    return str(delivery.received_at)


def writing_probe(access: Access) -> Iterator[Request]:
    yield post_form("/v1/customers", [], key="probe")


def with_notice(tell: Callable[..., Talk]) -> Subject:
    return altered(WEBHOOK, notice=Notice(once=Once.KEY, tell=tell))


def telling_the_time(access: Access, alert: Alert, work: Work) -> Talk:
    yield post_json("", {"at": work.at.isoformat()}, expected=(200, 204))
    return Done()


def one_key_for_all(access: Access, alert: Alert, work: Work) -> Talk:
    yield Request(method="POST", path="", headers=(("webhook-id", "msg_1"),), writes=True)
    return Done()


def breaking(access: Access, alert: Alert, work: Work) -> Talk:
    yield post_json("", {"title": alert.title.encode("ascii").decode()})
    return Done()


def weak(secret: str, method: str, url: str, body: bytes, at: datetime) -> Mapping[str, str]:
    """Signs the time alone, as a scheme that forgot the body would be satisfied with."""
    assert STRIPE.sign is not None
    return STRIPE.sign(secret, method, url, b"", at)


def _without_body(delivery: Delivery) -> bool:
    genuine = STRIPE.connector.signature
    assert genuine is not None
    genuine(replace(delivery, body=b""), [Key(SECRET), Key(ROLLED)])
    return True


def _unparsed(access: Access, delivery: Delivery) -> Any:
    return [json.loads(delivery.body)["id"]]


_SETTING = STRIPE.connector.settings[0]
BROKEN: dict[str, Subject] = {
    "it_has_the_four_file_shape": with_verb(STRIPE, CreateCustomer, Once.KEY, unkeyed),
    "it_is_named_and_bounded": altered(
        STRIPE, limits=Limits(at_once=0, per_second=1, burst=1), base_url="http://x/"
    ),
    "its_settings_say_what_they_are": altered(STRIPE, settings=(replace(_SETTING, help="key"),)),
    "its_webhooks_are_signed_and_named": altered(STRIPE, signature=None),
    "every_verb_declares_its_class": altered(STRIPE, listing=None),
    "parse_survives_any_mutation": altered(STRIPE, parse=_unparsed),
    "it_speaks_for_every_verb": with_verb(STRIPE, CreateInvoice, Once.KEY, silent),
    "its_errors_have_their_plan": altered(STRIPE, explain=lambda answer, detail: Refused(detail)),
    "a_record_that_is_not_found_is_gone": with_reads(climbing),
    "hostile_ids_do_not_leave_their_place": with_reads(climbing),
    "class_c_looks_before_it_writes_again": with_verb(
        STRIPE, CreateInvoice, Once.TAG, writing_first
    ),
    "it_has_recorded_cases": replace(STRIPE, sign=None),
    "t01_a_signed_delivery_is_accepted_under_each_live_secret": altered(
        STRIPE, signature=refusing()
    ),
    "t01_another_secret_or_none_is_refused": accepting(STRIPE, lambda delivery: True),
    "t01_one_changed_bit_breaks_the_signature": replace(
        accepting(STRIPE, _without_body), sign=weak
    ),
    "t01_a_missing_or_senseless_header_is_refused": accepting(
        STRIPE, lambda delivery: not delivery.headers
    ),
    "t02_a_stale_or_early_delivery_is_refused": accepting(STRIPE, lambda delivery: True),
    "t02_a_delivery_has_one_stable_id": altered(STRIPE, delivery_id=named_by_time),
    "each_sample_becomes_what_it_declares": altered(STRIPE, parse=lambda access, delivery: []),
    "every_verb_has_a_talk_that_does_it": replace(STRIPE, talks=()),
    "class_a_writes_carry_a_key_of_the_business_key": with_verb(
        STRIPE, CreateCustomer, Once.KEY, unkeyed
    ),
    "class_a_and_b_replays_write_the_same": with_verb(
        STRIPE, CreateCustomer, Once.KEY, by_the_clock
    ),
    "a_customer_is_looked_for_before_one_is_made": with_verb(
        STRIPE, CreateCustomer, Once.KEY, by_the_clock
    ),
    "class_d_writes_exactly_once": with_verb(SMTP, SendMessage, Once.NEVER, twice),
    "writes_are_declared": with_reads(delete_quietly),
    "a_notice_is_recorded_told_and_over": replace(WEBHOOK, talks=WEBHOOK.talks[:1]),
    "a_repeated_notice_is_the_same": with_notice(telling_the_time),
    "a_class_a_notice_carries_its_key": with_notice(one_key_for_all),
    "no_alert_breaks_its_notice": with_notice(breaking),
    "every_talk_goes_as_recorded": with_verb(STRIPE, CreateCustomer, Once.KEY, unkeyed),
    "everything_it_reads_is_recorded": replace(STRIPE, talks=STRIPE.talks[:3]),
    "requests_stay_at_the_vendor": with_reads(secret_in_path),
    "its_probe_only_reads": altered(STRIPE, probe=writing_probe),
    "listing_an_empty_vendor_ends": altered(STRIPE, listing=restless),
    "every_kind_it_lists_whole_is_recorded": replace(
        STRIPE, talks=tuple(talk for talk in STRIPE.talks if "page" not in talk.given)
    ),
    "a_page_holds_its_kind_and_moves_on": with_pages(circling),
    "listing_nothing_whole_ends": with_pages(circling),
    "what_changes_during_an_import_is_found_after_it": altered(STRIPE, since=None),
    "no_answer_breaks_a_talk": with_reads(indexing),
}


def test_each_check_has_a_connector_that_fails_it() -> None:
    assert set(BROKEN) == set(CHECKS)


@pytest.mark.parametrize("check", BROKEN)
def test_a_check_finds_what_was_broken_for_it(check: str) -> None:
    assert next(CHECKS[check](_enough_answers(check)), "") != ""


def _enough_answers(check: str) -> Subject:
    """A talk that sends twice needs two answers to be played at all."""
    subject = BROKEN[check]
    if check != "class_d_writes_exactly_once":
        return subject
    talks = tuple(replace(talk, exchanges=talk.exchanges * 2) for talk in subject.talks)
    return replace(subject, talks=talks)


def test_a_listing_that_forgets_its_place_is_found() -> None:
    found = list(CHECKS["listing_an_empty_vendor_ends"](altered(STRIPE, listing=no_cursor)))
    assert found[0] == "step 0: it gives no cursor to go on from"


def test_a_natural_key_that_changes_with_a_repeat_is_found() -> None:
    def noted(access: Access, command: LogActivity, work: Work) -> Talk:
        yield Request(method="PUT", path="/x", writes=True, body=str(work.again).encode())
        return Done()

    broken = with_verb(HUBSPOT, LogActivity, Once.NATURAL, noted)
    found = list(CHECKS["class_a_and_b_replays_write_the_same"](broken))
    assert any("told that it is a repeat" in words for words in found)


def test_a_check_that_breaks_on_a_connector_is_told_not_raised(tmp_path: Path) -> None:
    connector = replace(all_connectors()["smtp"], explain=lambda answer, detail: 1 // 0)  # type: ignore[arg-type, return-value]
    assert any("ZeroDivisionError" in words for words in problems_of(connector, None))


def test_every_connector_passes_without_its_recorded_cases_too() -> None:
    for connector in all_connectors().values():
        assert problems_of(connector, None) == []


def test_a_file_of_cases_that_is_wrong_is_named(tmp_path: Path) -> None:
    connector = all_connectors()["smtp"]
    assert problems_of(connector, tmp_path) == [f"{tmp_path}/vendor.json: cannot be read"]
    (tmp_path / "vendor.json").write_text("{")
    with pytest.raises(CasesUnreadable, match=r"vendor\.json: not JSON"):
        subject_of(connector, tmp_path)
    (tmp_path / "vendor.json").write_text("{}")
    (tmp_path / "talks").mkdir()
    (tmp_path / "talks" / "a.json").write_text('{"name": "a talk"}')
    with pytest.raises(CasesUnreadable, match=r"a\.json: 'steps' is missing"):
        subject_of(connector, tmp_path)


def test_every_folder_of_cases_belongs_to_a_connector() -> None:
    folders = {path.name for path in HERE.iterdir() if (path / "vendor.json").exists()}
    assert folders == set(SUBJECTS)
