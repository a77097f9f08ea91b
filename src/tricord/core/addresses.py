"""What a client is reached by, in one form each: e-mail addresses, domains, phone numbers."""

import functools
import re

import phonenumbers

from tricord.core.free_mail import is_free_mail

_EMAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
_LONGEST_PHONE = 40


def email_of(text: str) -> str:
    """The address in small letters, "" when it is none.

    Sub-addresses and dots stay: only the receiving server knows what they mean (RFC 5321, 2.3.11),
    and the local part's case, which it might mind, is ignored by every large one.
    """
    address = text.strip().lower()
    return address if _EMAIL.fullmatch(address) else ""


def domain_of(text: str) -> str:
    """The domain of an address, a web address or a domain itself; "" when there is none."""
    name = text.strip().lower().rpartition("@")[2]
    name = name.partition("://")[2] or name
    name = re.split(r"[/:?#]", name, maxsplit=1)[0].rstrip(".").removeprefix("www.")
    try:
        name = name.encode("idna").decode()
    except UnicodeError:
        return ""
    return name if _DOMAIN.fullmatch(name) else ""


def own_domain(text: str, shared: frozenset[str] = frozenset()) -> str:
    """The domain of `text` if it is a client's own, "" for free mail and what clients share."""
    domain = domain_of(text)
    return "" if domain in shared or is_free_mail(domain) else domain


@functools.lru_cache(maxsize=8192)
def phone_of(text: str, country: str) -> str:
    """The number in E.164 (`+15550100`), without an extension; "" when it cannot be a number.

    `country` (ISO 3166, two letters) is where a number without a country code is dialled from; ""
    leaves those unread. A number is taken if its length is possible: new ranges open every month.
    """
    if not text or len(text) > _LONGEST_PHONE:
        return ""
    try:
        number = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        return ""
    fits = phonenumbers.is_possible_number_with_reason(number)
    local = fits == phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY
    if fits != phonenumbers.ValidationResult.IS_POSSIBLE and not (local and text[:1] == "+"):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_country(code: str) -> bool:
    return code in phonenumbers.SUPPORTED_REGIONS
