"""The properties a new HubSpot account comes with, as far as an integration meets them."""

from datetime import datetime
from typing import Any

from tricord.sandbox.hubspot.crm.kinds import KINDS, Kind
from tricord.sandbox.hubspot.crm.schema import Group, Property, Schema

# One line per property: name | label | type | field type | flags or options.
# Flags: ! read-only, * unique, @ options kept elsewhere. Options are separated by commas.
_SHARED = """
hs_object_id | Record ID | number | number | !*
hubspot_owner_id | Owner | enumeration | select | @
hs_merged_object_ids | Merged record IDs | enumeration | checkbox | !@
hs_object_source_label | Record source | string | text | !
"""
_BY_KIND = {
    "contacts": """
createdate | Create date | datetime | date | !
lastmodifieddate | Last modified date | datetime | date | !
email | Email | string | text | *
hs_additional_emails | Additional email addresses | enumeration | checkbox | !@
firstname | First name | string | text |
lastname | Last name | string | text |
phone | Phone number | phone_number | phonenumber |
mobilephone | Mobile phone number | phone_number | phonenumber |
company | Company name | string | text |
jobtitle | Job title | string | text |
website | Website URL | string | text |
address | Street address | string | text |
city | City | string | text |
state | State/Region | string | text |
zip | Postal code | string | text |
country | Country/Region | string | text |
hs_language | Preferred language | enumeration | select | en, de, fr, es, it, nl, pt
hs_email_optout | Unsubscribed from all email | bool | booleancheckbox |
lifecyclestage | Lifecycle stage | enumeration | radio | subscriber, lead, marketingqualifiedlead, \
salesqualifiedlead, opportunity, customer, evangelist, other
hs_lead_status | Lead status | enumeration | radio | NEW, OPEN, IN_PROGRESS, OPEN_DEAL, \
UNQUALIFIED, ATTEMPTED_TO_CONTACT, CONNECTED, BAD_TIMING
""",
    "companies": """
createdate | Create date | datetime | date | !
hs_lastmodifieddate | Last modified date | datetime | date | !
name | Company name | string | text |
domain | Company domain name | string | text |
phone | Phone number | phone_number | phonenumber |
website | Website URL | string | text |
description | Description | string | textarea |
address | Street address | string | text |
city | City | string | text |
state | State/Region | string | text |
zip | Postal code | string | text |
country | Country/Region | string | text |
annualrevenue | Annual revenue | number | number |
numberofemployees | Number of employees | number | number |
lifecyclestage | Lifecycle stage | enumeration | radio | subscriber, lead, marketingqualifiedlead, \
salesqualifiedlead, opportunity, customer, evangelist, other
""",
    "deals": """
createdate | Create date | datetime | date |
hs_createdate | HubSpot create date | datetime | date | !
hs_lastmodifieddate | Last modified date | datetime | date | !
dealname | Deal name | string | text |
amount | Amount | number | number |
dealstage | Deal stage | enumeration | radio | @
pipeline | Pipeline | enumeration | select | @
closedate | Close date | datetime | date |
deal_currency_code | Currency | enumeration | select | USD, EUR, GBP, CHF, CAD, AUD, JPY, SEK, \
NOK, DKK, PLN, NZD, INR, BRL, MXN, ZAR, SGD
dealtype | Deal type | enumeration | radio | newbusiness, existingbusiness
description | Deal description | string | textarea |
hs_priority | Priority | enumeration | select | low, medium, high
hs_is_closed | Is closed | bool | booleancheckbox | !
hs_is_closed_won | Is closed won | bool | booleancheckbox | !
hs_deal_stage_probability | Deal probability | number | number | !
hs_v2_date_entered_current_stage | Date entered current stage | datetime | date | !
""",
    "line_items": """
createdate | Create date | datetime | date | !
hs_lastmodifieddate | Last modified date | datetime | date | !
name | Name | string | text |
description | Description | string | textarea |
price | Unit price | number | number |
quantity | Quantity | number | number |
amount | Net price | number | number | !
discount | Unit discount | number | number |
hs_sku | SKU | string | text |
hs_product_id | Product ID | number | number |
hs_line_item_currency_code | Currency | string | text |
recurringbillingfrequency | Billing frequency | enumeration | select | monthly, quarterly, annually
""",
    "invoices": """
hs_createdate | Create date | datetime | date | !
hs_lastmodifieddate | Last modified date | datetime | date | !
hs_title | Title | string | text |
hs_number | Invoice number | string | text |
hs_currency | Currency | string | text |
hs_invoice_date | Invoice date | datetime | date |
hs_due_date | Due date | datetime | date |
hs_invoice_status | Status | enumeration | select | draft, open, paid, voided
hs_invoice_billable | Billable | bool | booleancheckbox |
hs_amount_billed | Amount billed | number | number |
hs_balance_due | Balance due | number | number |
""",
    "notes": """
hs_note_body | Note body | string | html |
hs_attachment_ids | Attached files | string | text |
""",
    "tasks": """
hs_task_subject | Task title | string | text |
hs_task_body | Notes | string | html |
hs_task_status | Status | enumeration | select | NOT_STARTED, IN_PROGRESS, WAITING, \
DEFERRED, COMPLETED
hs_task_priority | Priority | enumeration | select | NONE, LOW, MEDIUM, HIGH
hs_task_type | Type | enumeration | select | EMAIL, CALL, TODO
hs_task_reminders | Reminder | string | text |
""",
    "calls": """
hs_call_title | Call title | string | text |
hs_call_body | Call notes | string | html |
hs_call_direction | Direction | enumeration | select | INBOUND, OUTBOUND
hs_call_duration | Duration (ms) | number | number |
hs_call_status | Status | enumeration | select | BUSY, CALLING_CRM_USER, CANCELED, COMPLETED, \
CONNECTING, FAILED, IN_PROGRESS, NO_ANSWER, QUEUED, RINGING
hs_call_disposition | Outcome | string | text |
hs_call_from_number | From number | string | text |
hs_call_to_number | To number | string | text |
hs_call_recording_url | Recording URL | string | text |
""",
    "emails": """
hs_email_direction | Direction | enumeration | select | EMAIL, INCOMING_EMAIL, FORWARDED_EMAIL
hs_email_status | Status | enumeration | select | BOUNCED, FAILED, SCHEDULED, SENDING, SENT
hs_email_subject | Subject | string | text |
hs_email_text | Text | string | textarea |
hs_email_html | HTML | string | html |
hs_email_headers | Headers | string | textarea |
hs_email_message_id | Message ID | string | text | !
hs_email_from_email | From address | string | text | !
hs_email_from_firstname | From first name | string | text | !
hs_email_from_lastname | From last name | string | text | !
hs_email_to_email | To addresses | string | text | !
hs_email_to_firstname | To first names | string | text | !
hs_email_to_lastname | To last names | string | text | !
hs_attachment_ids | Attached files | string | text |
""",
    "communications": """
hs_communication_channel_type | Channel | enumeration | select | SMS, WHATS_APP, LINKEDIN_MESSAGE
hs_communication_logged_from | Logged from | enumeration | select | CRM
hs_communication_body | Body | string | html |
""",
    "meetings": """
hs_meeting_title | Title | string | text |
hs_meeting_body | Description | string | html |
hs_meeting_start_time | Start time | datetime | date |
hs_meeting_end_time | End time | datetime | date |
hs_meeting_location | Location | string | text |
hs_meeting_outcome | Outcome | enumeration | select | SCHEDULED, COMPLETED, RESCHEDULED, NO_SHOW, \
CANCELED
""",
}
_ENGAGEMENT = """
hs_createdate | Create date | datetime | date | !
hs_lastmodifieddate | Last modified date | datetime | date | !
hs_timestamp | Activity date | datetime | date |
"""
_DEMO_DEAL = """
service_type | Service type | enumeration | select | project, retainer, hourly
payment_terms | Payment terms | string | text |
monthly_retainer | Monthly retainer | number | number |
renewal_date | Renewal date | date | date |
"""


def install_defaults(schema: Schema, now: datetime) -> None:
    """Every kind gets one group, `{singular}information`, and its own properties."""
    for kind in KINDS:
        group = f"{kind.singular.replace('_', '')}information"
        schema.add_group(kind, Group(name=group, label=f"{kind.singular.capitalize()} information"))
        lines = _SHARED + _BY_KIND[kind.name] + (_ENGAGEMENT if kind.engagement else "")
        for new in _properties(lines, group, now, hubspot_defined=True):
            schema.add(kind, new)


def install_demo(schema: Schema, deals: Kind, now: datetime) -> None:
    """What the demo firm's people added to deals by hand; doing it twice changes nothing."""
    for new in _properties(_DEMO_DEAL, "dealinformation", now, hubspot_defined=False):
        if schema.find(deals, new.name) is None:
            schema.add(deals, new)


def option(value: str, order: int, label: str | None = None) -> dict[str, Any]:
    return {
        "label": label or value.replace("_", " ").capitalize(),
        "value": value,
        "displayOrder": order,
        "hidden": False,
    }


def _properties(lines: str, group: str, now: datetime, *, hubspot_defined: bool) -> list[Property]:
    return [
        _property([cell.strip() for cell in line.split("|")], group, now, hubspot_defined)
        for line in lines.splitlines()
        if line.strip()
    ]


def _property(cells: list[str], group: str, now: datetime, hubspot_defined: bool) -> Property:
    name, label, type_, field_type, *rest = cells
    last = rest[0] if rest else ""
    flags = last if set(last) <= set("!*@") else ""
    options = [] if flags or not last else [part.strip() for part in last.split(",")]
    if type_ == "bool":
        options = ["true", "false"]
    return Property(
        name=name,
        label=label,
        type=type_,
        field_type=field_type,
        group=group,
        options=[option(value, order) for order, value in enumerate(options)],
        unique="*" in flags,
        read_only="!" in flags,
        external="@" in flags,
        hubspot_defined=hubspot_defined,
        referenced="OWNER" if name == "hubspot_owner_id" else None,
        created_at=now,
        updated_at=now,
    )
