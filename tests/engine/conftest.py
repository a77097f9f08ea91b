"""The whole engine suite runs on both stores: embedded, and PostgreSQL."""

import pytest


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What asks for a PostgreSQL is about several processes; all else runs on either store.

    A module that says STORELESS needs none, and runs once.
    """
    names = metafunc.definition.fixturenames
    if "database" in names:
        return  # it is given one of either kind already
    stores = ["postgres"] if "postgres_url" in names else ["sqlite", "postgres"]
    stores = ["sqlite"] if getattr(metafunc.module, "STORELESS", False) else stores
    metafunc.parametrize("store", stores, indirect=True)


@pytest.fixture(autouse=True)
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which database the hubs of this test work on."""
    wanted: str = getattr(request, "param", "sqlite")
    if wanted == "postgres":
        monkeypatch.setenv("TRICORD_DATABASE", request.getfixturevalue("postgres_url"))
    return wanted
