"""A connection: one configured use of a connector, with what limits and addresses it."""

from dataclasses import dataclass
from datetime import timedelta

from tricord.core.ids import ConnectionName
from tricord.sdk.connector import Access, Connector


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
