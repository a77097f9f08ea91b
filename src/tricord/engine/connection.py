"""A connection: one configured use of a connector, with what limits and addresses it."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from tricord.core.ids import ConnectionName
from tricord.sdk.connector import Access, Connector, Setting
from tricord.sdk.oauth import OAuth
from tricord.sdk.signing import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """`base_url` is the vendor's own unless the policy file names another."""

    connector: Connector
    access: Access
    base_url: str
    poll: timedelta = timedelta(seconds=60)

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
