"""How Twilio says no: an HTTP status and a code of its own, with a page that explains it."""

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Refusal(Exception):
    status: int
    code: int
    message: str

    def body(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


def bad(code: int, message: str) -> Refusal:
    return Refusal(400, code, message)


def not_found(path: str) -> Refusal:
    return Refusal(404, 20404, f"The requested resource {path} was not found")
