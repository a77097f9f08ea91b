"""The types of record an account has, and what each calls its own dates."""

from dataclasses import dataclass

from tricord.sandbox.hubspot.crm.refusals import Refusal, invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`shown_as` is the key under `associations`; `defaults` are read when nothing is listed."""

    name: str
    singular: str
    type_id: str
    defaults: tuple[str, ...]
    created: str = "createdate"
    modified: str = "hs_lastmodifieddate"
    required: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()
    engagement: bool = False

    @property
    def shown_as(self) -> str:
        # HubSpot writes "line items" with a space here, and nowhere else.
        return self.name.replace("_", " ")

    @property
    def always(self) -> tuple[str, ...]:
        """Properties in every answer, whatever was asked for."""
        return (self.created, self.modified, "hs_object_id")


def _engagement(
    name: str, singular: str, type_id: str, required: tuple[str, ...], searched: tuple[str, ...]
) -> Kind:
    return Kind(
        name=name,
        singular=singular,
        type_id=type_id,
        defaults=(),
        created="hs_createdate",
        required=required,
        searched=searched,
        engagement=True,
    )


KINDS = (
    Kind(
        name="contacts",
        singular="contact",
        type_id="0-1",
        defaults=("email", "firstname", "lastname"),
        modified="lastmodifieddate",
        searched=("firstname", "lastname", "email", "phone", "company"),
    ),
    Kind(
        name="companies",
        singular="company",
        type_id="0-2",
        defaults=("domain", "name"),
        searched=("name", "domain", "phone", "website"),
    ),
    Kind(
        name="deals",
        singular="deal",
        type_id="0-3",
        defaults=("amount", "closedate", "dealname", "dealstage", "pipeline"),
        searched=("dealname", "pipeline", "dealstage", "description"),
    ),
    Kind(
        name="line_items",
        singular="line_item",
        type_id="0-8",
        defaults=("amount", "name", "price", "quantity"),
        searched=("name", "description"),
    ),
    Kind(
        name="invoices",
        singular="invoice",
        type_id="0-53",
        defaults=(),
        created="hs_createdate",
        searched=("hs_number", "hs_title"),
    ),
    _engagement("notes", "note", "0-46", ("hs_timestamp",), ("hs_note_body",)),
    _engagement("tasks", "task", "0-27", ("hs_timestamp",), ("hs_task_body", "hs_task_subject")),
    _engagement("calls", "call", "0-48", ("hs_timestamp",), ("hs_call_title", "hs_call_body")),
    _engagement("emails", "email", "0-49", ("hs_timestamp",), ("hs_email_subject",)),
    _engagement(
        "communications",
        "communication",
        "0-18",
        ("hs_timestamp", "hs_communication_channel_type", "hs_communication_logged_from"),
        ("hs_communication_body",),
    ),
    _engagement("meetings", "meeting", "0-47", ("hs_timestamp",), ("hs_meeting_title",)),
)


def kind_named(text: str) -> Kind:
    """Finds a kind by its plural, its singular or its type id, in any case, as HubSpot does."""
    wanted = text.lower()
    for kind in KINDS:
        if wanted in (kind.name, kind.singular, kind.type_id, kind.shown_as):
            return kind
    raise unknown_kind(text)


def unknown_kind(text: str) -> Refusal:
    return invalid(f"Unable to infer object type from: {text}")
