"""Ids, secrets and tokens, drawn from the box's dice so that a seed repeats them."""

import random
import string
from dataclasses import dataclass

_LETTERS = string.ascii_letters + string.digits


@dataclass(slots=True)
class Mint:
    """Draws from `dice` alone, so that reading does not change what the next object is called."""

    dice: random.Random

    def token(self, length: int) -> str:
        return "".join(self.dice.choices(_LETTERS, k=length))

    def id(self, prefix: str) -> str:
        if prefix in {"cus", "re"}:
            return f"{prefix}_{self.token(14)}"
        return f"{prefix}_1{self.token(23)}"

    def invoice_prefix(self) -> str:
        return "".join(self.dice.choices(string.ascii_uppercase + string.digits, k=8))
