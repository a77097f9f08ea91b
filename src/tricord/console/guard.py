"""Who may ask for a page or an act, and what a browser may do with the answer."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request

_PLAIN = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not no-referrer: with that a browser sends a form of ours with the Origin "null".
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
PAGE_HEADERS = {
    **_PLAIN,
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cache-Control": "no-store",
}
FILE_HEADERS = {
    **_PLAIN,
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'",
}
_OURS = ("same-origin", None)
"""What Sec-Fetch-Site may say of an act; browsers from before 2023 do not say anything."""


def host_of(request: Request) -> str:
    """The Host header; "" when there is none, or more than one."""
    named = request.headers.getlist("host")
    return named[0] if len(named) == 1 else ""


def host_is_ours(host: str, allowed: tuple[str, ...]) -> bool:
    """Whether a Host header names this machine, or a name the firm has given it."""
    name = _without_port(host.strip().lower())
    if name is None:
        return False
    if name in {other.lower() for other in allowed}:
        return True
    return _is_loopback(name)


def host_is_loopback(host: str) -> bool:
    name = _without_port(host.strip().lower())
    return name is not None and _is_loopback(name)


def comes_from_elsewhere(request: Request) -> bool:
    """Whether an act was sent by a page that is not ours (OWASP ASVS 5.0.0, V3.5.1 and V3.5.3).

    The browser itself says so twice, where no page can change it; one word of it is enough.
    """
    if request.headers.get("sec-fetch-site") not in _OURS:
        return True
    origins = request.headers.getlist("origin")
    if len(origins) != 1:
        return True
    origin = urlsplit(origins[0])
    return (
        origin.scheme not in ("http", "https") or origin.netloc.lower() != host_of(request).lower()
    )


def is_our_path(path: str) -> bool:
    """Whether a path leads to a page of ours, and nowhere else by any reading of it."""
    plain = path.startswith("/") and not path.startswith("//") and len(path) < 500
    return plain and path.isascii() and path.isprintable() and "\\" not in path


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _without_port(host: str) -> str | None:
    if host.startswith("["):
        name, bracket, rest = host[1:].partition("]")
        port = rest.removeprefix(":")
        sound = bool(bracket) and (not rest or rest.startswith(":"))
    else:
        name, _, port = host.partition(":")
        sound = bool(name)
    return name if sound and (not port or (port.isascii() and port.isdigit())) else None
