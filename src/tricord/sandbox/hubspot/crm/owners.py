"""The people of the account who can own a record."""

import random
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tricord.sandbox.hubspot.crm.values import moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """`id` is what `hubspot_owner_id` holds; `user_id` is another number for the same person."""

    id: str
    user_id: int
    email: str
    first_name: str
    last_name: str
    created_at: datetime

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "email": self.email,
            "type": "PERSON",
            "firstName": self.first_name,
            "lastName": self.last_name,
            "userId": self.user_id,
            "userIdIncludingInactive": self.user_id,
            "createdAt": moment(self.created_at),
            "updatedAt": moment(self.created_at),
            "archived": False,
            "teams": [],
        }


def seed_owners(dice: random.Random, now: datetime) -> list[Owner]:
    people = (("Alma", "Reyes"), ("Jonas", "Weber"), ("Priya", "Nair"))
    return [
        Owner(
            id=str(dice.randint(10_000_000, 99_999_999)),
            user_id=dice.randint(1_000_000, 9_999_999),
            email=f"{first.lower()}@firm.example",
            first_name=first,
            last_name=last,
            created_at=now,
        )
        for first, last in people
    ]
