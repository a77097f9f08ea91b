"""The tables. What is searched by is a column; everything personal is in one sealed value per row.

Instants are microseconds since 1970 in UTC; money is minor units beside a currency.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

# SQLite counts rows by itself only in a column that is exactly INTEGER.
_Counter = BigInteger().with_variant(Integer, "sqlite")
_Instant = BigInteger

meta = Table(
    "meta",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

partitions = Table(
    "partitions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("fence", BigInteger, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("id", _Counter, primary_key=True, autoincrement=True),
    Column("kind", String, nullable=False),
    Column("place", String, nullable=False),
    Column("started_at", _Instant, nullable=False),
    Column("beat_at", _Instant, nullable=False),
    sqlite_autoincrement=True,
)

connections = Table(
    "connections",
    metadata,
    Column("name", String, primary_key=True),
    Column("connector", String, nullable=False),
    Column("state", String, nullable=False),
    Column("problem", Text, nullable=False, server_default=""),
    Column("changed_at", _Instant, nullable=False),
    Column("delivered_at", _Instant),
    Column("unheard_since", _Instant),
    Column("answered_at", _Instant),
    Column("paused_until", _Instant),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("pauses", Integer, nullable=False, server_default="0"),
    Column("probing_by", BigInteger),
)

grants = Table(
    "grants",
    metadata,
    Column("connection", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("obtained_at", _Instant, nullable=False),
    Column("expires_at", _Instant, nullable=False),
    Column("refresh_until", _Instant),
    Column("buying_by", BigInteger),
    Column("sealed", LargeBinary, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("connection", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("problem", Text, nullable=False, server_default=""),
    Column("checked_at", _Instant),
    Column("expires_at", _Instant),
    Column("due_at", _Instant, nullable=False),
    Column("checking_by", BigInteger),
)

budgets = Table(
    "budgets",
    metadata,
    Column("name", String, primary_key=True),
    Column("next_at", _Instant, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", _Counter, primary_key=True, autoincrement=True),
    Column("connection", String, nullable=False),
    Column("name", String, nullable=False),
    Column("source", String, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("received_at", _Instant, nullable=False),
    Column("absorbed_at", _Instant),
    Column("copies", Integer, nullable=False, server_default="1"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("sealed", LargeBinary, nullable=False),
    Column("problem", Text, nullable=False, server_default=""),
    UniqueConstraint("connection", "name", name="deliveries_once"),
    Index("deliveries_waiting", "partition", "id", sqlite_where=text("state = 'waiting'"),
          postgresql_where=text("state = 'waiting'")),
)  # fmt: skip

hints = Table(
    "hints",
    metadata,
    Column("connection", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("external_id", String, primary_key=True),
    Column("partition", Integer, nullable=False),
    Column("due_at", _Instant, nullable=False),
    Column("hinted_at", _Instant, nullable=False),
    Column("times", Integer, nullable=False, server_default="1"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("reading_by", BigInteger),
    Column("problem", Text, nullable=False, server_default=""),
    Index("hints_due", "due_at"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", String, primary_key=True),
    Column("partition", Integer, nullable=False),
    Column("wake_at", _Instant),
    Column("created_at", _Instant, nullable=False),
    Column("changed_at", _Instant, nullable=False),
    Column("merged_into", String),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("sealed_name", LargeBinary),
    Index("accounts_waking", "wake_at"),
    Index("accounts_changed", "changed_at", "id"),
)

links = Table(
    "links",
    metadata,
    Column("connection", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("external_id", String, primary_key=True),
    Column("account", String, primary_key=True),
    Column("basis", String, nullable=False),
    Column("linked_at", _Instant, nullable=False),
    Index("links_of_account", "account"),
)

ties = Table(
    "ties",
    metadata,
    Column("deal", String, primary_key=True),
    Column("contact", String, primary_key=True),
    Index("ties_of_contact", "contact"),
)

records = Table(
    "records",
    metadata,
    Column("connection", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("external_id", String, primary_key=True),
    Column("account", String, nullable=False),
    Column("starts", String, nullable=False),
    Column("shape", String, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("stamp", BigInteger, nullable=False),
    Column("status", String, nullable=False, server_default=""),
    Column("minor", BigInteger),
    Column("currency", String),
    Column("due_at", _Instant),
    Column("email_index", String),
    Column("phone_index", String),
    Column("domain_index", String),
    Column("message_index", String),
    Column("sealed", LargeBinary, nullable=False),
    Index("records_of_account", "account"),
    Index("records_starting", "starts"),
    Index("records_by_email", "email_index"),
    Index("records_by_phone", "phone_index"),
    Index("records_by_domain", "domain_index"),
    Index("records_by_message", "message_index"),
)

mentions = Table(
    "mentions",
    metadata,
    Column("message_index", String, primary_key=True),
    Column("connection", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("external_id", String, primary_key=True),
    Index("mentions_of_record", "connection", "kind", "external_id"),
)

choices = Table(
    "choices",
    metadata,
    Column("connection", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("external_id", String, primary_key=True),
    Column("account", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("chosen_at", _Instant, nullable=False),
)

merges = Table(
    "merges",
    metadata,
    Column("id", _Counter, primary_key=True, autoincrement=True),
    Column("emptied", String, nullable=False),
    Column("home", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("merged_at", _Instant, nullable=False),
    Column("unmerged_at", _Instant),
    Column("moved", Text, nullable=False, server_default="{}"),
    Index("merges_one_live", "emptied", unique=True, sqlite_where=text("unmerged_at IS NULL"),
          postgresql_where=text("unmerged_at IS NULL")),
)  # fmt: skip

matches = Table(
    "matches",
    metadata,
    Column("id", _Counter, primary_key=True, autoincrement=True),
    Column("connection", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("external_id", String, nullable=False),
    Column("account", String, nullable=False),
    Column("score", Integer, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("actor", String, nullable=False, server_default=""),
    Column("proposed_at", _Instant, nullable=False),
    Column("decided_at", _Instant),
    UniqueConstraint("connection", "kind", "external_id", "account", name="matches_once"),
    Index("matches_open", "state"),
)

observations = Table(
    "observations",
    metadata,
    Column("id", _Counter, primary_key=True, autoincrement=True),
    Column("account", String, nullable=False),
    Column("connection", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("external_id", String, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("observed_at", _Instant, nullable=False),
    Column("source", String, nullable=False),
    Column("changes", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("observations_of_account", "account", "id"),
)

commands = Table(
    "commands",
    metadata,
    Column("id", _Counter, primary_key=True, autoincrement=True),
    Column("key", String, nullable=False, unique=True),
    Column("account", String, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("connection", String, nullable=False),
    Column("verb", String, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("policy", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("minor", BigInteger),
    Column("currency", String),
    Column("planned_at", _Instant, nullable=False),
    Column("due_at", _Instant, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("again", Boolean, nullable=False, server_default=text("false")),
    Column("worker", BigInteger),
    Column("ended_at", _Instant),
    Column("remote", String),
    Column("approver", String, nullable=False, server_default=""),
    Column("problem", Text, nullable=False, server_default=""),
    Column("sealed", LargeBinary, nullable=False),
    Index("commands_of_account", "account", "id"),
    Index("commands_open", "connection", "account", "id", "partition", "state",
          sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL")),
    Index("commands_in_state", "state", "due_at"),
)  # fmt: skip

attempts = Table(
    "attempts",
    metadata,
    Column("id", _Counter, primary_key=True, autoincrement=True),
    Column("command", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    Column("started_at", _Instant, nullable=False),
    Column("ended_at", _Instant),
    Column("outcome", String, nullable=False, server_default=""),
    Column("calls", Integer, nullable=False, server_default="0"),
    Column("problem", Text, nullable=False, server_default=""),
    Column("worker", BigInteger),
    Column("sealed", LargeBinary),
    UniqueConstraint("command", "number", name="attempts_once"),
)

cases = Table(
    "cases",
    metadata,
    Column("id", _Counter, primary_key=True, autoincrement=True),
    Column("key", String, nullable=False),
    Column("account", String),
    Column("kind", String, nullable=False),
    Column("origin", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("state", String, nullable=False),
    Column("minor", BigInteger),
    Column("currency", String),
    Column("cause", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("assignee", String, nullable=False, server_default=""),
    Column("opened_at", _Instant, nullable=False),
    Column("due_at", _Instant, nullable=False),
    Column("snoozed_until", _Instant),
    Column("escalated_at", _Instant),
    Column("closed_at", _Instant),
    Column("sealed", LargeBinary, nullable=False),
    Index("cases_one_live", "key", unique=True, sqlite_where=text("state IN ('open', 'snoozed')"),
          postgresql_where=text("state IN ('open', 'snoozed')")),
    Index("cases_of_account", "account"),
    Index("cases_by_cause", "state", "cause"),
)  # fmt: skip

incidents = Table(
    "incidents",
    metadata,
    Column("cause", String, primary_key=True),
    Column("occurrence", Integer, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("opened_at", _Instant, nullable=False),
    Column("level", Integer, nullable=False, server_default="0"),
    Column("escalated", Boolean, nullable=False, server_default=text("false")),
    Column("told_at", _Instant),
    Column("most", Integer, nullable=False, server_default="0"),
    Column("gone_at", _Instant),
    Column("over_at", _Instant),
    Column("before", _Instant),
    Column("latest", Boolean, nullable=False, server_default=text("true")),
    Index("incidents_latest", "latest", "cause"),
)

notices = Table(
    "notices",
    metadata,
    Column("id", _Counter, primary_key=True, autoincrement=True),
    Column("key", String, nullable=False, unique=True),
    Column("cause", String, nullable=False),
    Column("occurrence", Integer, nullable=False),
    Column("step", String, nullable=False),
    Column("destination", String, nullable=False),
    Column("state", String, nullable=False),
    Column("planned_at", _Instant, nullable=False),
    Column("due_at", _Instant, nullable=False),
    Column("latest_at", _Instant, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("lease_until", _Instant),
    Column("ended_at", _Instant),
    Column("receipt", Text, nullable=False, server_default=""),
    Column("problem", Text, nullable=False, server_default=""),
    Column("sealed", LargeBinary, nullable=False),
    Index("notices_of_incident", "cause", "occurrence"),
    Index("notices_waiting", "state", "due_at"),
)

duties = Table(
    "duties",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("until", _Instant, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", _Counter, primary_key=True, autoincrement=True),
    Column("at", _Instant, nullable=False),
    Column("actor", String, nullable=False),
    Column("act", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Index("audit_of_subject", "subject", "seq"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("connection", String, primary_key=True),
    Column("cursor", Text, nullable=False),
    Column("next_at", _Instant, nullable=False),
    Column("polled_at", _Instant),
    Column("busy_by", BigInteger),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("problem", Text, nullable=False, server_default=""),
)

imports = Table(
    "imports",
    metadata,
    Column("connection", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("cursor", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("seen", Integer, nullable=False, server_default="0"),
    Column("total", Integer),
    Column("held", Integer),
    Column("started_at", _Instant),
    Column("finished_at", _Instant),
    Column("busy_by", BigInteger),
    Column("problem", Text, nullable=False, server_default=""),
)

books = Table(
    "books",
    metadata,
    Column("connection", String, primary_key=True),
    Column("external_id", String, primary_key=True),
    Column("account", String, nullable=False),
    Column("word", String, nullable=False),
    Column("currency", String, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("outstanding", BigInteger, nullable=False),
    Column("reached_at", _Instant),
    Column("issued_at", _Instant),
    Column("due_at", _Instant),
    Column("settled_at", _Instant),
    Index("books_of_account", "account"),
    Index("books_owing", "currency", "due_at", "outstanding",
          sqlite_where=text("outstanding > 0"), postgresql_where=text("outstanding > 0")),
    Index("books_issued", "issued_at"),
)  # fmt: skip

movements = Table(
    "movements",
    metadata,
    Column("connection", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("external_id", String, primary_key=True),
    Column("account", String, nullable=False),
    Column("currency", String, nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("moved_at", _Instant),
    Index("movements_of_account", "account"),
    Index("movements_in_time", "currency", "moved_at", "kind", "minor"),
)

tickets = Table(
    "tickets",
    metadata,
    Column("hash", String, primary_key=True),
    Column("person", String, nullable=False),
    Column("made_at", _Instant, nullable=False),
    Column("used_at", _Instant),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String, primary_key=True),
    Column("person", String, nullable=False),
    Column("made_at", _Instant, nullable=False),
    Column("seen_at", _Instant, nullable=False),
)
