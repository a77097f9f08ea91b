"""The pages: what they show, whom they refuse, and that nothing in them is ever run."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
import structlog
from starlette.applications import Starlette

from console.browsing import application, desk_of, get
from console.firm import GO_LIVE, NOW, POLICY, Client, Town, billing, open_town, usd
from console.scenes import WEEK, fill
from tricord.console.charts import WHOLE, segments
from tricord.console.guard import host_is_ours
from tricord.console.pages.asked import PER_PAGE
from tricord.console.wording import span
from tricord.core.ids import Kind
from tricord.core.records import Dispute, DisputeStatus, Invoice, InvoiceStatus
from tricord.store import audit
from tricord.store.schema import metadata

PAGES = (
    "/", "/accounts", "/invoices", "/cases", "/cases?state=closed", "/identity", "/commands",
)  # fmt: skip
PAYLOADS = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'-alert(1)-'",
    "</title><svg/onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "&lt;script&gt; &amp;",
)  # fmt: skip
STRANGERS = (
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "localhost:8765:1",
    "hub.example:x",
    "10.0.0.1",
    "[::1",
    "",
    None,
)


class Parts(HTMLParser):
    """Every element of a page with its attributes, as a browser would read them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def harm(self) -> list[tuple[str, dict[str, str]]]:
        """The elements that would run or load what a page of ours never does."""
        return [
            (tag, attributes)
            for tag, attributes in self.found
            if tag in ("iframe", "object", "embed", "style", "base")
            or (tag in ("script", "img") and not attributes.get("src", "").startswith("/static/"))
            or any(name.startswith("on") or name == "style" for name in attributes)
            or any(":" in attributes.get(name, "") for name in ("href", "src", "action"))
        ]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    made = open_town(tmp_path_factory.mktemp("firm"))
    fill(made)
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def app(town: Town) -> Starlette:
    return application(desk_of(town))


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Town]:
    made = open_town(tmp_path)
    yield made
    made.database.close()


def words_of(text: str) -> str:
    together = text.replace('<span class="cents">', "")
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", together))


def test_today_shows_money_cases_connections_and_what_happened(app: Starlette) -> None:
    page = get(app, "/")
    told = words_of(page.text)
    assert page.status == 200
    for words in (
        "Tuesday, 15 December 2026",
        "14,680.00 USD",
        "Trail map app cannot be invoiced",
        "Waits for approval by finance",
        "slowed down",
        "Invoice HS-1050 was partly paid",
    ):
        assert words in told
    assert "Noted:" not in told, "what Tricord repeats in the CRM is no news"


def test_an_account_is_one_story_with_its_reasons(app: Starlette) -> None:
    page = get(app, "/accounts/acc_northwind")
    told = words_of(page.text)
    for words in (
        "Northwind Pottery",
        "Spring catalogue reached “contract signed”",
        "2,100.00 USD is left to pay",
        "Waiting for milestone 1 delivered",
        "stripe invoice in_1050",
    ):
        assert words in told
    assert page.text.count("<details") >= 5
    assert 'class="seg billed"' in page.text


def test_the_story_can_be_read_one_system_at_a_time(app: Starlette) -> None:
    told = get(app, "/accounts/acc_northwind?system=billing").text
    assert "was partly paid" in told
    assert "reached “contract signed”" not in told


def test_each_command_has_a_page_with_its_reason_and_attempts(app: Starlette) -> None:
    found = re.search(
        r'/commands/(\d+)">Send the deposit invoice over 1,680', get(app, "/commands").text
    )
    assert found
    told = words_of(get(app, f"/commands/{found[1]}").text)
    for words in ("billing_plan/project/deposit", "refused", "customer_tax_location_invalid"):
        assert words in told


def test_lists_are_turned_page_by_page(app: Starlette) -> None:
    first, second = get(app, "/commands").text, get(app, "/commands?page=2").text
    assert 'href="/commands?page=2"' in first
    assert 'href="/commands?page=1"' in second
    numbers = [set(re.findall(r'/commands/(\d+)"', text)) for text in (first, second)]
    assert len(numbers[0]) == PER_PAGE
    assert not numbers[0] & numbers[1]


def test_search_keeps_to_what_was_asked_for(app: Starlette) -> None:
    page = get(app, "/accounts?q=dental")
    assert "Lakeside Dental Group" in page.text
    assert "Northwind" not in page.text
    assert 'value="dental"' in page.text
    assert "No account matches" in get(app, "/accounts?q=zzz").text


def test_odd_questions_get_an_ordinary_answer(app: Starlette) -> None:
    for query in (
        "page=-1",
        "page=x",
        "page=99999999999999",
        "page=٣",
        "state=nix",
        "q=%00",
        "system=x",
    ):
        for path in ("/", "/accounts", "/commands", "/cases", "/accounts/acc_northwind"):
            assert get(app, f"{path}?{query}").status == 200, (path, query)


def test_an_empty_firm_has_a_word_for_every_page(bare: Town) -> None:
    app = application(desk_of(bare))
    for path, words in (
        ("/", "Nothing is invoiced yet"),
        ("/accounts", "No accounts yet"),
        ("/invoices", "No invoices yet"),
        ("/cases", "Nothing waits for a person"),
        ("/commands", "Nothing here"),
    ):
        page = get(app, path)
        assert (page.status, words in page.text) == (200, True), path


def test_without_a_policy_the_console_says_what_to_do(bare: Town) -> None:
    page = get(application(desk_of(bare, policy=None)), "/")
    assert page.status == 200
    assert "tricord init" in page.text


def test_what_is_not_there_has_a_page_of_its_own(app: Starlette) -> None:
    for path in (
        "/nothing",
        "/accounts/acc_nobody",
        "/commands/0",
        "/commands/x",
        "/static/x",
        "/a/b",
    ):
        page = get(app, path)
        assert page.status == 404, path
        assert "There is nothing at this address" in page.text


def test_a_failure_shows_a_page_and_tells_nobody_a_name(bare: Town) -> None:
    app = application(desk_of(bare))
    metadata.tables["cursors"].drop(bare.database.engine)
    with structlog.testing.capture_logs() as logs:
        page = get(app, "/")
    assert page.status == 500
    assert "Nothing was changed" in page.text
    assert "cursors" not in page.text
    assert logs == [
        {"event": "console.failed", "log_level": "error", "page": "today",
         "error": "OperationalError"}
    ]  # fmt: skip


def test_every_page_has_a_strict_policy_and_no_inline_code(app: Starlette) -> None:
    for path in (*PAGES, "/accounts/acc_brightwater", "/commands/1", "/nothing"):
        page = get(app, path)
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["referrer-policy"] == "same-origin"
        assert page.headers["cache-control"] == "no-store"
        assert Parts(page.text).harm() == [], path


def test_t30_no_page_is_changed_by_being_read_or_posted_to(app: Starlette, town: Town) -> None:
    before = town.database.run(audit.entries, NOW)
    for path in PAGES:
        assert get(app, path).status == 200
        assert get(app, path.partition("?")[0], method="POST").status == 405
    assert town.database.run(audit.entries, NOW) == before


@pytest.mark.parametrize("host", STRANGERS)
def test_another_name_in_the_host_header_is_refused(app: Starlette, host: str | None) -> None:
    for path in ("/", "/accounts/acc_northwind", "/static/tricord.css", "/nothing"):
        page = get(app, path, host=host)
        assert page.status == 421
        assert "Northwind" not in page.text
        assert "Harbour" not in page.text


def test_this_machine_and_the_firms_own_names_are_answered(town: Town) -> None:
    for host in ("localhost", "LOCALHOST:8765", "127.0.0.1", "127.0.0.2:80", "[::1]:8765"):
        assert host_is_ours(host, ())
    app = application(desk_of(town, hosts=("Hub.Harbour.example",)))
    assert get(app, "/", host="hub.harbour.example:443").status == 200
    assert get(app, "/", host="other.harbour.example").status == 421


def test_files_are_kept_for_a_year_under_the_name_of_their_content(app: Starlette) -> None:
    for name, media_type in (("tricord.css", "text/css"), ("live.js", "text/javascript"),
                             ("mark.svg", "image/svg+xml")):  # fmt: skip
        found = re.search(rf'"/static/{re.escape(name)}\?v=(\w+)"', get(app, "/").text)
        assert found
        page = get(app, f"/static/{name}?v={found[1]}")
        assert page.headers["content-type"].startswith(media_type)
        assert "immutable" in page.headers["cache-control"]
        assert get(app, f"/static/{name}").headers["cache-control"] == "no-cache"
        again = get(app, f"/static/{name}", if_none_match=page.headers["etag"])
        assert (again.status, again.text) == (304, "")


def test_t21_what_vendors_and_clients_write_is_shown_as_text(bare: Town) -> None:
    """Every payload in every text field of every record shows as itself, on every page."""
    accounts = []
    for number, payload in enumerate(PAYLOADS, start=1):
        client = Client(number=number, name=payload, person=payload, email=f"{payload}@x.example",
                        deal=payload, amount="9000" if number % 2 else payload)  # fmt: skip
        at = GO_LIVE + WEEK
        here = bare.live(f"acc_{number}", client.records(2, at), at + WEEK)
        strange = Invoice(
            ref=billing(Kind.INVOICE, f"in_{payload}"), version=1,
            customer=billing(Kind.CUSTOMER, payload), status=InvoiceStatus.OPEN,
            total=usd("10"), paid=usd("0"), number=payload, url=payload, issued_at=NOW,
        )  # fmt: skip
        dispute = Dispute(
            ref=billing(Kind.DISPUTE, payload), version=1, payment=billing(Kind.PAYMENT, payload),
            amount=usd("10"), status=DisputeStatus.OPEN, reason=payload, created_at=NOW,
        )  # fmt: skip
        bare.live(here, [strange, dispute], NOW)
        accounts.append(f"/accounts/{here}")
    app = application(desk_of(bare))
    seen = ""
    for path in (*PAGES, *accounts, *(f"/commands/{number}" for number in range(1, 9))):
        page = get(app, path)
        assert page.status == 200, path
        assert Parts(page.text).harm() == [], path
        assert "49" not in re.findall(r"<h1>(.*?)</h1>", page.text), path
        seen += page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in seen
    assert "&#34;&gt;&lt;img src=x onerror=alert(1)&gt;" in seen
    assert "{{ 7 * 7 }}" in seen
    assert "&amp;lt;script&amp;gt; &amp;amp;" in seen
    searched = get(app, "/accounts?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").text
    assert "<script>alert" not in searched


def test_a_bar_is_filled_by_its_parts_however_uneven() -> None:
    parts = [(usd(amount), "good", "x") for amount in ("0.01", "99999.99", "0", "12")]
    drawn = segments(parts)
    assert len(drawn) == 3
    assert all(one.width > 0 for one in drawn)
    assert drawn[-1].x + drawn[-1].width >= WHOLE - 3
    assert segments([(usd("0"), "good", "x")]) == ()


def test_lengths_of_time_are_told_in_one_unit() -> None:
    assert [span(s) for s in (-5, 3, 59, 60, 7200, 86400, 200_000)] == [
        "just now", "just now", "59 s ago", "1 min ago", "2 hours ago", "1 day ago", "2 days ago",
    ]  # fmt: skip


def test_the_policy_in_force_is_named(app: Starlette) -> None:
    assert POLICY.version in get(app, "/").text
