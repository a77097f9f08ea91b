"""The door: a link opens the console once, sessions end, and no other site acts through them."""

import asyncio
import hashlib
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.routing import Route

from console.browsing import application, desk_of, get
from console.firm import NOW, Town, open_town
from console.scenes import fill
from tricord.console import Desk
from tricord.console.door import form_token
from tricord.console.guard import is_our_path
from tricord.store import audit, schema, sessions

HERE = "http://127.0.0.1:8765"
SITES: tuple[dict[str, str], ...] = (
    {"origin": "https://evil.example"},
    {"origin": "http://127.0.0.1:9999"},
    {"origin": "http://localhost:8765"},
    {"origin": "null"},
    {"origin": ""},
    {},
    {"origin": HERE, "sec_fetch_site": "cross-site"},
    {"origin": HERE, "sec_fetch_site": "same-site"},
    {"origin": HERE, "sec_fetch_site": "none"},
    {"origin": "http://127.0.0.1:8765.evil.example"},
    {"origin": "https://127.0.0.1:8765@evil.example"},
    {"origin": "ftp://127.0.0.1:8765"},
)
ELSEWHERE = (
    "//evil.example",
    "https://evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "/%0d%0aSet-Cookie:x=1\r\n",
    "///evil.example",
    "evil.example",
    "",
    "/" + "a" * 600,
    "/\u2025evil",
)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    made = open_town(tmp_path_factory.mktemp("firm"))
    fill(made)
    yield made
    made.database.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Town]:
    made = open_town(tmp_path)
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def app(town: Town) -> Starlette:
    return application(desk_of(town))


def ticket(desk: Desk, person: str = "ines") -> str:
    return asyncio.run(_offered(desk, person))


async def _offered(desk: Desk, person: str) -> str:
    return await desk.write(lambda tx: sessions.offer(tx, person, desk.wall()))


def token_of(app: Starlette) -> str:
    return form_token(app.state.cookie.partition("=")[2])


def post(app: Starlette, path: str, headers: dict[str, str], **fields: str):  # type: ignore[no-untyped-def]  # a Page
    body = urlencode(fields).encode()
    return get(
        app, path, method="POST", body=body,
        content_type="application/x-www-form-urlencoded", **headers,
    )  # fmt: skip


def every_post(app: Starlette) -> list[str]:
    paths = [
        route.path
        for route in app.routes
        if isinstance(route, Route) and "POST" in (route.methods or ())
    ]
    assert len(paths) >= 9
    return [path.replace("{name}", "1") for path in paths]


def test_a_link_opens_the_console_once_and_leaves_no_ticket_behind(fresh: Town) -> None:
    desk = desk_of(fresh)
    app = application(desk)
    link = f"/enter?ticket={ticket(desk)}"
    page = get(app, link, cookie=None)
    assert (page.status, page.headers["location"]) == (303, "/")
    cookie = page.headers["set-cookie"]
    for word in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=43200"):
        assert word in cookie
    assert get(app, "/", cookie=cookie.partition(";")[0]).status == 200
    again = get(app, link, cookie=None)
    assert again.status == 401
    assert "set-cookie" not in again.headers
    assert "once, within ten minutes" in again.text


def test_a_ticket_is_spent_neither_by_looking_ahead_nor_after_ten_minutes(fresh: Town) -> None:
    desk = desk_of(fresh)
    app = application(desk)
    first, late = ticket(desk), ticket(desk)
    assert get(app, f"/enter?ticket={first}", cookie=None, method="HEAD").status == 401
    ahead = get(app, f"/enter?ticket={first}", cookie=None, sec_purpose="prefetch;prerender")
    assert ahead.status == 401
    assert get(app, f"/enter?ticket={first}", cookie=None).status == 303
    fresh.wall += timedelta(minutes=10)
    assert get(app, f"/enter?ticket={late}", cookie=None).status == 401
    for wrong in ("", "x", "a" * 5000, late[:-1]):
        assert get(app, f"/enter?ticket={wrong}", cookie=None).status == 401


def test_pages_without_a_session_say_how_to_get_one_and_nothing_else(app: Starlette) -> None:
    for path in (
        "/",
        "/accounts/acc_northwind",
        "/search?q=north",
        "/live",
        "/nothing",
        "/commands/1/replay",
    ):
        for cookie in (None, "tricord_session=wrong", "tricord_session="):
            page = get(app, path, cookie=cookie)
            assert page.status == 401, path
            assert "tricord link" in page.text
            assert "Harbour" not in page.text
            assert "Northwind" not in page.text
    assert get(app, "/static/tricord.css", cookie=None).status == 200


def test_t31_a_session_ends_after_12_hours_and_after_8_without_a_visit(fresh: Town) -> None:
    app = application(desk_of(fresh))
    for hours in (7, 4.9):
        fresh.wall += timedelta(hours=hours)
        assert get(app, "/").status == 200
    fresh.wall += timedelta(minutes=7)
    assert get(app, "/").status == 401, "12 hours are over, however often it was used"
    app = application(desk_of(fresh))
    fresh.wall += timedelta(hours=8)
    assert get(app, "/").status == 401, "8 hours without a visit"


def test_t31_who_leaves_is_out_at_once(fresh: Town) -> None:
    app = application(desk_of(fresh))
    left = post(app, "/leave", {"origin": HERE}, token=token_of(app))
    assert left.status == 200
    assert 'tricord_session=""' in left.headers["set-cookie"]
    assert get(app, "/").status == 401


def test_t30_each_entry_is_a_session_of_its_own(fresh: Town) -> None:
    """No session can be fixed beforehand: what the browser brought is not taken over."""
    desk = desk_of(fresh)
    app = application(desk)
    page = get(app, f"/enter?ticket={ticket(desk)}", cookie="tricord_session=planted")
    secret = page.headers["set-cookie"].partition("=")[2].partition(";")[0]
    assert secret not in ("planted", app.state.cookie.partition("=")[2])
    assert len(secret) >= 43, "256 bits"


def test_t30_over_https_the_cookie_is_bound_to_the_host(fresh: Town) -> None:
    desk = desk_of(fresh, hosts=("hub.harbour.example",), https=True)
    app = application(desk)
    page = get(app, f"/enter?ticket={ticket(desk)}", cookie=None, host="hub.harbour.example")
    cookie = page.headers["set-cookie"]
    assert cookie.startswith("__Host-tricord_session=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    mine = cookie.partition(";")[0]
    assert get(app, "/", cookie=mine, host="hub.harbour.example").status == 200
    plain = mine.removeprefix("__Host-")
    assert get(app, "/", cookie=plain, host="hub.harbour.example").status == 401


def test_the_database_holds_no_ticket_and_no_session_that_could_be_used(fresh: Town) -> None:
    desk = desk_of(fresh)
    app = application(desk)
    secret, unused = app.state.cookie.partition("=")[2], ticket(desk)
    with fresh.database.engine.connect() as db:
        held = [row.hash for row in db.execute(select(schema.sessions.c.hash))]
        held += [row.hash for row in db.execute(select(schema.tickets.c.hash))]
    assert hashlib.sha256(secret.encode()).hexdigest() in held
    assert hashlib.sha256(unused.encode()).hexdigest() in held
    raw = b"".join(path.read_bytes() for path in Path(fresh.database.url[10:]).parent.iterdir())
    assert secret.encode() not in raw
    assert unused.encode() not in raw


def test_entering_and_leaving_stand_in_the_audit_log(fresh: Town) -> None:
    app = application(desk_of(fresh))
    post(app, "/leave", {"origin": HERE}, token=token_of(app))
    told = [(e["actor"], e["act"]) for e in fresh.database.run(audit.entries, NOW)]
    assert told[:3] == [
        ("person:ines", "console.left"),
        ("person:ines", "console.entered"),
        ("person:ines", "console.ticket_made"),
    ]


@pytest.mark.parametrize("headers", SITES, ids=str)
def test_t30_no_act_from_another_site_on_any_address(
    app: Starlette, town: Town, headers: dict[str, str]
) -> None:
    """With the right session and even the right token: what the browser says decides."""
    before = town.database.run(audit.entries, NOW)[0]["seq"]
    for path in every_post(app):
        page = post(app, path, headers, token=token_of(app), reason="x")
        assert page.status == 403, path
    assert town.database.run(audit.entries, NOW)[0]["seq"] == before


@pytest.mark.parametrize("token", ["", "wrong", "a" * 43])
def test_t30_no_act_without_the_token_of_this_session(app: Starlette, token: str) -> None:
    for path in every_post(app):
        assert post(app, path, {"origin": HERE}, token=token, reason="x").status == 403, path


def test_t30_no_act_with_the_token_of_another_session(town: Town, app: Starlette) -> None:
    other = application(desk_of(town))
    for path in every_post(app):
        page = post(app, path, {"origin": HERE}, token=token_of(other), reason="x")
        assert page.status == 403, path


def test_t30_no_act_without_a_session_and_none_by_reading(app: Starlette, town: Town) -> None:
    before = town.database.run(audit.entries, NOW)[0]["seq"]
    for path in every_post(app):
        page = get(app, path, method="POST", cookie=None, origin=HERE)
        assert page.status == 401, path
        assert get(app, path).status in (404, 405, 200), path
        assert get(app, f"{path}?token={token_of(app)}&reason=x").status in (404, 405, 200)
    assert town.database.run(audit.entries, NOW)[0]["seq"] == before


def test_t30_only_a_small_plain_form_is_an_act(app: Starlette) -> None:
    good = urlencode({"token": token_of(app)}).encode()
    for kind, body, status in (
        ("application/json", good, 415),
        ("text/plain", good, 415),
        ("multipart/form-data; boundary=x", good, 415),
        ("application/x-www-form-urlencoded", good + b"&x=" + b"y" * 20_000, 413),
        ("application/x-www-form-urlencoded", b"&".join([b"a=1"] * 50), 400),
        ("application/x-www-form-urlencoded", b"\xff\xfe", 400),
    ):
        page = get(app, "/theme", method="POST", body=body, origin=HERE, content_type=kind)
        assert page.status == status, (kind, status)


@pytest.mark.parametrize("path", ELSEWHERE)
def test_t10_no_act_leads_to_another_site(app: Starlette, path: str) -> None:
    assert not is_our_path(path)
    page = post(app, "/theme", {"origin": HERE}, token=token_of(app), theme="dark", back=path)
    assert (page.status, page.headers["location"]) == (303, "/")


def test_a_theme_is_kept_in_a_cookie_and_shown(app: Starlette) -> None:
    page = post(app, "/theme", {"origin": HERE}, token=token_of(app), theme="dark", back="/cases")
    assert page.headers["location"] == "/cases"
    chosen = page.headers["set-cookie"].partition(";")[0]
    shown = get(app, "/", cookie=f"{app.state.cookie}; {chosen}")
    assert '<html lang="en" data-theme="dark">' in shown.text
    assert '<html lang="en">' in get(app, "/", cookie=f"{app.state.cookie}; tricord_theme=x").text


def test_every_form_that_acts_carries_the_token(app: Starlette) -> None:
    for path in ("/", "/cases/1", "/commands/1", "/accounts/acc_osprey"):
        text = get(app, path).text
        for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", text, re.DOTALL):
            assert f'value="{token_of(app)}"' in form
            assert re.search(r'action="/[a-z]', form)
