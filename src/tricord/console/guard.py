"""Who may ask for a page, and what a browser may do with it."""

from ipaddress import ip_address

_PLAIN = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
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


def host_is_ours(host: str, allowed: tuple[str, ...]) -> bool:
    """Whether a Host header names this machine, or a name the firm has given it."""
    name = _without_port(host.strip().lower())
    if name is None:
        return False
    if name == "localhost" or name in {other.lower() for other in allowed}:
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
