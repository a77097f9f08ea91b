"""A connection: one configured use of a connector, with what limits and addresses it."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from tricord.core.ids import ConnectionName
from tricord.sdk.connector import Access, Connector
from tricord.sdk.oauth import OAuth


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
    def webhook_secrets(self) -> tuple[str, ...]:
        """The live signing secrets; two, separated by a comma, while one is being rolled."""
        texts = [self.access.text(name) for name in self.connector.webhook_secrets]
        return tuple(part.strip() for text in texts for part in text.split(",") if part.strip())

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
