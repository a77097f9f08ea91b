"""A connection: one configured use of a connector, with what limits and addresses it."""

import fnmatch
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from tricord.core.ids import ConnectionName
from tricord.engine.addresses import place_of
from tricord.sdk.connector import Access, Connector, Setting
from tricord.sdk.errors import Refused
from tricord.sdk.oauth import OAuth
from tricord.sdk.signing import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """`base_url` is the vendor's own unless the policy file names another.

    `trusted` says that it does: whoever writes the policy may lead a connection into the network.
    """

    connector: Connector
    access: Access
    base_url: str
    poll: timedelta = timedelta(seconds=60)
    trusted: bool = False

    @property
    def name(self) -> ConnectionName:
        return self.access.connection

    @property
    def signing_keys(self) -> tuple[Key, ...]:
        """What webhooks are signed with; two keys of a setting while one is being rolled."""
        return tuple(key for s in self.connector.webhook_secrets for key in self._keys(s))

    @property
    def client(self) -> tuple[str, str]:
        """The app's id and secret at the vendor; empty where it has none."""
        return self.access.text("client_id"), self.access.text("client_secret")

    @property
    def oauth(self) -> OAuth | None:
        """How tokens are bought, where this connection is configured with an app of its own."""
        return self.connector.oauth if all(self.client) else None

    @property
    def consent_url(self) -> str:
        """Where a person gives consent: the vendor's own page, or that of the host in its place."""
        if self.connector.oauth is None:
            return ""
        wanted = self.connector.oauth.consent_url
        if self.base_url == self.connector.base_url:
            return wanted
        return self.base_url.rstrip("/") + urlsplit(wanted).path

    def url_of(self, path: str) -> str:
        """The whole address of a request. Raises Refused for one that is not at the vendor."""
        setting = self.connector.address
        if not setting:
            if not path.startswith("/"):
                raise Refused(f"{self.name}: a request path must start with a slash")
            return self.base_url.rstrip("/") + path
        given = self.access.text(setting)
        host = place_of(given, f"{self.name}: the setting {setting}").host
        if not self.trusted and not self._at_home(host):
            wanted = " or ".join(self.connector.hosts)
            raise Refused(f"{self.name}: the setting {setting} is no address at {wanted}")
        if not self.base_url:
            return given + path
        # Another host stands in for the vendor's, with the same path: a sandbox, or a relay.
        parts = urlsplit(given)
        query = f"?{parts.query}" if parts.query else ""
        return self.base_url.rstrip("/") + parts.path + path + query

    def _at_home(self, host: str) -> bool:
        hosts = self.connector.hosts
        return not hosts or any(fnmatch.fnmatchcase(host, pattern) for pattern in hosts)

    def _keys(self, setting: Setting) -> list[Key]:
        """A secret whose id is not told is no key: it must not pass for one that needs no id."""
        secrets = _parts(self.access.text(setting.name))
        if not setting.named_by:
            return [Key(secret) for secret in secrets]
        names = _parts(self.access.text(setting.named_by))
        return [Key(secret, name) for secret, name in zip(secrets, names, strict=False)]


def _parts(text: str) -> list[str]:
    """What a comma separates."""
    return [part.strip() for part in text.split(",") if part.strip()]
