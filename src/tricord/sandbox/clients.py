"""The clients of a firm that was there before Tricord: the same at every vendor, by number."""

from dataclasses import dataclass
from datetime import datetime, timedelta

STAGES = ("appointmentscheduled", "contractsigned", "milestone1", "complete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One client with one deal, whose stages it reached at `visits`, oldest first."""

    company: str
    domain: str
    first: str
    last: str
    email: str
    deal: str
    amount: int
    visits: tuple[tuple[str, datetime], ...]


def client(number: int, until: datetime) -> Client:
    """Client `number` of a firm whose history ends at `until`."""
    name = f"{number:05d}"
    reached = number % len(STAGES) + 1
    start = until - timedelta(days=400, minutes=number)
    return Client(
        company=f"Firm {name}",
        domain=f"firm{name}.example",
        first="Robin",
        last=f"Number{name}",
        email=f"robin@firm{name}.example",
        deal=f"Project {name}",
        amount=1000 + 7 * number,
        visits=tuple((STAGES[n], start + timedelta(days=30 * n)) for n in range(reached)),
    )
