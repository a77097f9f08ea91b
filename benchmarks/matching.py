"""Account matching, measured on two systems that hold the same clients with noise.

    scripts/bench matching [--json] [--clients N] [--noise PERCENT] [--seed N]

A seeded generator makes clients for a CRM and customers for a billing engine. Each detail of a
customer is spoilt with the given probability: typing errors, nicknames, swapped names, a missing or
mistyped address, another number or another way of writing it, a new domain. One customer in seven
has no client in the CRM; one client in ten shares its domain with a sister firm, one in thirty its
number with a stranger. All of it goes through the real engine and a real database, in random order.
Times are of the processor, so that a busy machine does not spoil them.
"""

import argparse
import json
import random
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tricord.core.identity import account_id
from tricord.core.ids import AccountId, ConnectionName, ExternalId, Kind, Ref
from tricord.core.nicknames import NICKNAMES
from tricord.core.policy.conditions import condition
from tricord.core.policy.types import BillingPlan, Firm, Installment, Owners, Percent, Policy, Roles
from tricord.core.records import Company, Contact, Customer, Record
from tricord.engine import proposing
from tricord.engine.batch import Batch
from tricord.engine.homing import see
from tricord.store import mirror
from tricord.store.database import Database, Tx
from tricord.store.identity_views import MatchRow, queue
from tricord.store.sealing import Keyring

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CRM, BILLING = ConnectionName("crm"), ConnectionName("billing")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST = sorted({*NICKNAMES.values(), *_words("""
    ana bo carla dmitri elif farah goran hana ines jonas kemal lena mateo nadia omar priya
""")})  # fmt: skip
LAST = _words("""
    Smith Johnson Brown Miller Davis Garcia Lopez Nguyen Lindqvist Okafor Petrov Schneider Rossi
    Moreau Kowalski Andersson Yilmaz Tanaka Haddad Silva Novak Jensen Murphy Walsh Fischer Weber
""")
STEMS = _words("""
    North South East West Blue Green Silver Golden Harbour River Summit Valley Cedar Maple Granite
    Lumen Vertex Orion Atlas Nova Beacon Anchor Falcon Heron Aspen Willow Stone Iron Copper Amber
""")
TRADES = _words("""
    Traders Mining Design Consulting Logistics Foods Studio Media Law Dental Software Energy
    Partners Capital Builders Textiles Travel Events Health Research
""")
FORMS = ("Inc.", "LLC", "Ltd", "GmbH", "", "", "Group")
STREETS = ("Main Street", "Oak Avenue", "Station Road", "Mill Lane", "High Street", "Park Row")
FREE = ("gmail.com", "yahoo.com", "outlook.com")


@dataclass
class Client:
    """One client as the CRM knows it."""

    company: Company
    people: list[Contact]


@dataclass
class Towns:
    """Both systems, and whose each customer truly is: None for nobody the CRM knows."""

    clients: list[Client] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)
    truth: dict[Ref, AccountId | None] = field(default_factory=dict)


def make(count: int, noise: float, dice: random.Random) -> Towns:
    towns = Towns()
    for number in range(count):
        client = _client(number, dice, towns)
        towns.clients.append(client)
        if dice.random() < 0.85:
            _bill(client, noise, dice, towns, account_id(client.company.ref))
    for number in range(count, count + count // 7):
        _bill(_client(number, dice, Towns()), noise, dice, towns, None)
    return towns


def _client(number: int, dice: random.Random, towns: Towns) -> Client:
    name = f"{dice.choice(STEMS)}{dice.choice(('', ' '))}{dice.choice(STEMS).lower()}"
    name = f"{name.title()} {dice.choice(TRADES)} {dice.choice(FORMS)}".strip()
    domain = f"{''.join(name.lower().split()[:2]).replace('.', '')}{number}.example"
    phone = f"({dice.randrange(201, 989)}) 555-{dice.randrange(10_000):04}"
    street = f"{dice.randrange(1, 400)} {dice.choice(STREETS)}, {dice.randrange(10_000, 99_999)}"
    if towns.clients and dice.random() < 0.1:
        domain = dice.choice(towns.clients).company.domain
    if towns.clients and dice.random() < 0.033:
        phone = dice.choice(towns.clients).company.phone
    here = Ref(CRM, Kind.COMPANY, ExternalId(str(number)))
    company = Company(ref=here, version=1, name=name, domain=domain,
                      phone=phone if dice.random() < 0.8 else "",
                      address=street if dice.random() < 0.8 else "")  # fmt: skip
    people = []
    for nth in range(dice.choice((1, 1, 2, 3))):
        first, last = dice.choice(FIRST).title(), dice.choice(LAST)
        where = domain if dice.random() < 0.85 else dice.choice(FREE)
        mobile = f"({dice.randrange(201, 989)}) 555-{dice.randrange(10_000):04}"
        people.append(
            Contact(
                ref=Ref(CRM, Kind.CONTACT, ExternalId(f"{number}{nth:02}")),
                version=1,
                name=f"{first} {last}",
                email=f"{first}.{last}{number if where in FREE else ''}@{where}".lower(),
                phone=mobile if dice.random() < 0.6 else "",
                company=here,
            )
        )
    return Client(company=company, people=people)


def _bill(
    client: Client, noise: float, dice: random.Random, towns: Towns, truth: AccountId | None
) -> None:
    person, company = dice.choice(client.people), client.company
    name = company.name if dice.random() < 0.75 else person.name
    kind = dice.random()
    email = person.email if kind < 0.6 else f"billing@{company.domain}" if kind < 0.85 else ""
    phone = dice.choice((company.phone, person.phone))
    spoilt = [dice.random() < noise for _ in range(4)]
    customer = Customer(
        ref=Ref(BILLING, Kind.CUSTOMER, ExternalId(f"cus_{len(towns.customers)}")),
        version=1,
        name=_spoil_name(name, dice) if spoilt[0] else name,
        email=_spoil_email(email, dice) if spoilt[1] else email,
        phone=_spoil_phone(phone, dice) if spoilt[2] else phone,
        address=company.address[::-1].swapcase()[:4] if spoilt[3] else company.address,
    )
    towns.customers.append(customer)
    towns.truth[customer.ref] = truth


def _spoil_name(name: str, dice: random.Random) -> str:
    words = name.split()
    match dice.randrange(4):
        case 0:
            return _mistype(name, dice)
        case 1:
            return " ".join(reversed(words))
        case 2:
            short = {full: nick for nick, full in NICKNAMES.items()}
            return " ".join(short.get(word.lower(), word) for word in words).title()
        case _:
            return " ".join(words[:2]).upper()


def _spoil_email(email: str, dice: random.Random) -> str:
    local, _, domain = email.partition("@")
    match dice.randrange(4):
        case 0:
            return ""
        case 1:
            return f"{_mistype(local, dice)}@{domain}" if local else ""
        case 2:
            return f"{local}@new-{dice.randrange(10**6)}.example" if local else ""
        case _:
            return email.upper()


def _spoil_phone(phone: str, dice: random.Random) -> str:
    digits = "".join(sign for sign in phone if sign.isdigit())
    match dice.randrange(3):
        case 0:
            return f"+1-{digits[:3]}-{digits[3:6]}-{digits[6:]}" if digits else ""
        case 1:
            return f"({dice.randrange(201, 989)}) 555-{dice.randrange(10_000):04}"
        case _:
            return f"001{digits}" if digits else ""


def _mistype(text: str, dice: random.Random) -> str:
    """One or two letters swapped, lost, doubled or wrong."""
    letters = list(text)
    for _ in range(dice.choice((1, 1, 2))):
        place = dice.randrange(max(1, len(letters) - 1))
        match dice.randrange(4):
            case 0:
                letters[place : place + 2] = reversed(letters[place : place + 2])
            case 1 if len(letters) > 3:
                del letters[place]
            case 2:
                letters.insert(place, letters[place])
            case _:
                letters[place] = dice.choice("aeinorst")
    return "".join(letters)


def policy() -> Policy:
    zone = ZoneInfo("America/New_York")
    plan = BillingPlan(
        id="project",
        when=condition("true"),
        terms_days=14,
        installments=(Installment(id="all", at="signed", bill=Percent(Fraction(1))),),
    )
    return Policy(
        version="bench",
        firm=Firm(name="Bench", currency="USD", zone=zone, go_live=NOW, country="US"),
        roles=Roles(crm=CRM, billing=BILLING),
        milestones=(("signed", "signed"),),
        plans=(plan,),
        owners=Owners(default="role:operations", billing="role:finance"),
    )


def measure(count: int, noise: float, seed: int) -> dict[str, Any]:
    dice = random.Random(seed)
    towns = make(count, noise, dice)
    records: list[Record] = [r for c in towns.clients for r in (c.company, *c.people)]
    records += towns.customers
    dice.shuffle(records)
    with tempfile.TemporaryDirectory(prefix="tricord-matching-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'tricord.db'}", Keyring(bytes(32)))
        database.prepare()
        rules = policy()
        pace: list[float] = []
        for start in range(0, len(records), 200):
            began = time.process_time()

            def take_in(tx: Tx, start: int = start) -> None:
                batch = Batch(tx=tx, policy=rules, connections={}, worker=0)
                for record in records[start : start + 200]:
                    see(batch, record, "read")

            database.run(take_in, NOW)
            pace.append((time.process_time() - began) / len(records[start : start + 200]))
        began = time.process_time()
        database.run(
            lambda tx: proposing.scan(Batch(tx=tx, policy=rules, connections={}, worker=0)), NOW
        )
        scanned = time.process_time() - began
        homes, rows = database.run(lambda tx: _found(tx, towns), NOW)
        database.close()
    third, absorbing = max(1, len(pace) // 3), sum(pace) * 200
    return {
        "clients": count,
        "customers": len(towns.customers),
        "noise": noise,
        **_judged(towns, homes, rows),
        "records_absorbed_per_cpu_second": round(len(records) / absorbing),
        "cpu_ms_per_record_first_third": round(1000 * sum(pace[:third]) / third, 2),
        "cpu_ms_per_record_last_third": round(1000 * sum(pace[-third:]) / third, 2),
        "name_scan_cpu_seconds": round(scanned, 2),
    }


def _found(tx: Tx, towns: Towns) -> tuple[dict[Ref, AccountId | None], list[MatchRow]]:
    homes = {one.ref: mirror.account_of(tx, one.ref) for one in towns.customers}
    return homes, queue(tx, 10**6)


def _judged(
    towns: Towns, homes: dict[Ref, AccountId | None], rows: list[MatchRow]
) -> dict[str, Any]:
    proposed: dict[Ref, list[str]] = {}
    for row in rows:
        proposed.setdefault(row.record, []).append(row.account)
    known = {ref for ref, truth in towns.truth.items() if truth is not None}
    linked = {ref for ref, home in homes.items() if home != account_id(ref)}
    right = {ref for ref in linked if homes[ref] == towns.truth[ref]}
    first = {ref for ref, accounts in proposed.items() if accounts[0] == towns.truth[ref]}
    among = {ref for ref, accounts in proposed.items() if towns.truth[ref] in accounts}
    return {
        "linked_by_itself": len(linked),
        "precision_of_links": _part(len(right), len(linked)),
        "recall_of_links": _part(len(right), len(known)),
        "in_the_queue": len(proposed),
        "queue_first_is_right": _part(len(first), len(proposed)),
        "recall_of_links_and_queue": _part(len(right) + len(among), len(known)),
        "wrong_links": len(linked) - len(right),
    }


def _part(some: int, of: int) -> float:
    return round(some / of, 4) if of else 1.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.add_argument("--clients", type=int, default=2500)
    parser.add_argument("--noise", type=float, default=20.0, help="percent of details spoilt")
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    found = measure(wanted.clients, wanted.noise / 100, wanted.seed)
    if wanted.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name.replace('_', ' '):32} {value}")


if __name__ == "__main__":
    main()
