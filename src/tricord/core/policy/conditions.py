"""Conditions: CEL over an account's facts, compiled once, evaluated within the library's budget.

Money is passed as integer minor units; `money("25000 USD")` gives minor units too. Because a bare
number has no currency, a condition that names a currency is undecided for facts in another one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cel_expr_python import cel

from tricord.core.money import Money

NAMES = ("deal", "invoice", "account", "case")
LONGEST = 2000
_MONEY = re.compile(r"""money\(\s*["']([^"']*)["']\s*\)""")


class ConditionInvalid(ValueError):
    """The text is not a condition: it does not parse, names something unknown, or is no yes/no."""


class ConditionUndecided(ValueError):
    """The condition could not be answered for these facts; the text says which was missing."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A yes/no question about `deal`, `invoice`, `account` and `case`. Equal when the text is."""

    source: str
    currencies: frozenset[str] = field(compare=False)
    _compiled: Any = field(compare=False, repr=False)

    def holds(self, facts: Mapping[str, Mapping[str, object]], currency: str) -> bool:
        """Answer for `facts`, whose amounts are in `currency`.

        Raises ConditionUndecided when a fact is missing or of another kind or currency, so that
        the caller can choose the safe side.
        """
        if self.currencies - {currency}:
            named = ", ".join(sorted(self.currencies))
            raise ConditionUndecided(f"it compares {named} with an amount in {currency}")
        data = {name: dict(facts.get(name, {})) for name in NAMES}
        answer = self._compiled.eval(data=data)
        value = answer.value()
        if not isinstance(value, bool):
            raise ConditionUndecided(_plain(str(value)))
        return value


def condition(source: str) -> Condition:
    """Compile one condition. Raises ConditionInvalid, whose text shows the place in the source."""
    if len(source) > LONGEST:
        raise ConditionInvalid(f"a condition may have {LONGEST} characters, not {len(source)}")
    currencies = set()
    for amount in _MONEY.findall(source):
        try:
            currencies.add(Money.parse(amount).currency)
        except ValueError as error:
            raise ConditionInvalid(str(error)) from error
    try:
        compiled = _environment().compile(source)
    except RuntimeError as error:
        raise ConditionInvalid(_plain(str(error))) from error
    if compiled.return_type().name() not in ("BOOL", "DYN"):
        raise ConditionInvalid("a condition must answer yes or no; compare with ==, < or >")
    return Condition(source, frozenset(currencies), compiled)


def _environment() -> cel.Env:
    anything = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    amount = cel.Overload(
        "money_text",
        return_type=cel.Type.INT,
        parameters=[cel.Type.STRING],
        impl=lambda text: Money.parse(text).minor,
    )
    return cel.NewEnv(
        variables=dict.fromkeys(NAMES, anything),
        functions=[cel.FunctionDecl("money", [amount])],
    )


def _plain(message: str) -> str:
    """The library's message without its own status words."""
    message = re.sub(r"^[A-Z_]+: (ERROR: )?", "", message.strip())
    return re.sub(r"\s*\[[A-Z_]+\]$", "", message).replace("<input>:", "at ")
