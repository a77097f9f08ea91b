"""The home: the one folder that holds a firm's policy, key, secrets and embedded database."""

import fcntl
import ipaddress
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tricord.app.declarations import Loaded
from tricord.app.policy_file import read_policy
from tricord.app.registry import shapes
from tricord.engine.addresses import Network
from tricord.store.database import Database
from tricord.store.sealing import Keyring, new_key_file, read_key_file


class HomeBusy(Exception):
    """Another Tricord process works in this home. Stop it first, or name another home."""


class SecretsInvalid(ValueError):
    """The file of secrets cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Home:
    path: Path

    @property
    def policy_path(self) -> Path:
        return self.path / "tricord.yaml"

    @property
    def key_path(self) -> Path:
        return self.path / "firm.key"

    @property
    def secrets_path(self) -> Path:
        return self.path / "secrets.env"

    @property
    def database_url(self) -> str:
        """`TRICORD_DATABASE`, or the embedded database in this home."""
        return os.environ.get("TRICORD_DATABASE") or f"sqlite:///{self.path / 'tricord.db'}"

    def allowed_ranges(self) -> list[Network]:
        """`TRICORD_ALLOW_PRIVATE`: ranges inside the network that settings may lead to, such as
        10.1.0.0/16, with commas between. Raises SecretsInvalid."""
        text = os.environ.get("TRICORD_ALLOW_PRIVATE", "")
        try:
            return [ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip()]
        except ValueError as error:
            raise SecretsInvalid(
                f"TRICORD_ALLOW_PRIVATE: {error}; write ranges such as 10.1.0.0/16,127.0.0.1/32"
            ) from None

    def make(self) -> None:
        """The folder, private to its owner, with a fresh key if it has none."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.key_path.exists():
            if (self.path / "tricord.db").exists():
                raise SecretsInvalid(
                    f"{self.key_path} is missing, but {self.path / 'tricord.db'} was sealed with "
                    "it; put the key back"
                )
            new_key_file(self.key_path)

    def open_database(self) -> Database:
        """Ready to use: tables made or upgraded, key checked. Raises KeyWrong."""
        self.make()
        database = Database(self.database_url, Keyring(read_key_file(self.key_path)))
        database.prepare()
        return database

    def load(self, *, offline: bool = False) -> Loaded:
        """The policy with its connections. Raises PolicyInvalid or SecretsInvalid."""
        return read_policy(
            self.policy_path, connectors=shapes(), variables=self.variables(), offline=offline
        )

    def variables(self) -> dict[str, str]:
        """What `${NAME}` may stand for: `secrets.env`, overruled by the environment."""
        found: dict[str, str] = {}
        if self.secrets_path.exists():
            if self.secrets_path.stat().st_mode & 0o077:
                raise SecretsInvalid(
                    f"{self.secrets_path} can be read by others; run: chmod 600 {self.secrets_path}"
                )
            for number, line in enumerate(self.secrets_path.read_text().splitlines(), 1):
                text = line.strip()
                if not text or text.startswith("#"):
                    continue
                name, sign, value = text.partition("=")
                if not sign or not name.strip().isidentifier():
                    raise SecretsInvalid(
                        f"{self.secrets_path}:{number}: write NAME=value, one on each line"
                    )
                found[name.strip()] = value.strip().strip("\"'")
        return found | dict(os.environ)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold this home alone while its engine runs. Raises HomeBusy."""
        with (self.path / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise HomeBusy(f"another Tricord process works in {self.path}") from None
            yield
