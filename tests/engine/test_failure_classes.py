"""Every class of failure there is becomes a case with an owner, which alerts know how to tell."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from architecture.places import modules, tree_of
from architecture.test_pages import _case_kinds
from engine.supervising import until
from tricord.app.demo import Stage, demo_policy, demo_secrets, running_stage
from tricord.app.home import Home
from tricord.app.wiring import Hub, running_hub
from tricord.core.case_kinds import KINDS, kind_of
from tricord.core.commands import Priority
from tricord.engine.connection import Connection
from tricord.engine.wire import NetworkSender
from tricord.sdk import errors
from tricord.sdk.talk import Response, Wire
from tricord.store import views


def test_every_kind_of_case_in_the_code_is_one_that_alerts_can_tell() -> None:
    assert {kind for path in modules() for kind in _case_kinds(tree_of(path))} == set(KINDS)


def test_a_kind_that_is_not_listed_is_told_in_general_words() -> None:
    assert kind_of("of an outside rule").title("stripe", 2) == "2 things need a person"


FAILURES: dict[type[Exception], set[str]] = {
    errors.TryAgain: {"failing", "down", "limited"},
    errors.OutcomeUnknown: {"failing", "unknown"},
    errors.AccessLost: {"access_lost"},
    errors.Refused: {"refused"},
    errors.PayloadMalformed: {"failing", "unknown"},
    ZeroDivisionError: {"failing", "unknown"},
}


def test_no_class_of_failure_is_left_out() -> None:
    told_otherwise = {errors.TricordError, errors.SignatureInvalid}
    kinds = {
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.TricordError)
    }
    assert kinds - told_otherwise <= set(FAILURES)


class _Failing:
    """The real wire, except that each write to the billing engine ends in one way."""

    def __init__(self, inner: NetworkSender, failure: type[Exception]) -> None:
        self._inner, self._failure = inner, failure

    async def send(
        self, connection: Connection, wire: Wire, priority: Priority = Priority.NEWS
    ) -> Response:
        if connection.name == "stripe" and wire.writes:
            raise self._failure("stripe: POST /v1/customers: on purpose")
        return await self._inner.send(connection, wire, priority)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda kind: kind.__name__)
def test_each_class_of_failure_becomes_a_case_with_an_owner(
    tmp_path: Path, failure: type[Exception]
) -> None:
    async def story(hub: Hub, stage: Stage) -> None:
        deal = await stage.new_deal(0)
        await stage.move(deal, "contractsigned")

        async def told() -> Any:
            return await hub.read(lambda tx: views.cases(tx, limit=9))

        (case,) = await until(told, "there is a case")
        assert case.kind in FAILURES[failure]
        assert case.cause == f"{case.kind}/stripe"
        assert case.owner in ("role:operations", "role:finance")
        assert case.next_actions
        assert set(case.actions) >= {"assign", "snooze", "resolve"}
        assert case.due_at > case.opened_at

    async def whole() -> None:
        async with running_stage(None, seed=7) as stage, NetworkSender() as inner:
            home = Home(tmp_path)
            home.make()
            home.policy_path.write_text(demo_policy(stage, "1 second"))
            home.secrets_path.touch(mode=0o600)
            home.secrets_path.write_text(demo_secrets(stage))
            async with running_hub(home, sender=_Failing(inner, failure)) as hub:
                await story(hub, stage)

    asyncio.run(whole())
