"""Twilio's paths: all of one account, below the version of 2010, which is still the current one."""

from tricord.sdk.connector import Access
from tricord.sdk.errors import PayloadMalformed
from tricord.sdk.reader import Reader
from tricord.sdk.talk import segment

VERSION = "2010-04-01"
PAGE = 1000


def many(access: Access, name: str) -> str:
    """A list, such as `Messages`."""
    return f"{_home(access)}/{name}.json"


def one(access: Access, name: str, sid: str) -> str:
    return f"{_home(access)}/{name}/{segment(sid)}.json"


def following(access: Access, page: Reader) -> str:
    """The next page as Twilio names it, "" after the last. It must be of the same account."""
    path = page.text_or("next_page_uri")
    plain = path.isascii() and path.isprintable() and " " not in path
    climbs = ".." in path.partition("?")[0]
    if path and (climbs or not plain or not path.startswith(f"{_home(access)}/")):
        raise PayloadMalformed(f"{page.path}.next_page_uri: leads elsewhere")
    return path


def _home(access: Access) -> str:
    return f"/{VERSION}/Accounts/{segment(access.text('account_sid'))}"
