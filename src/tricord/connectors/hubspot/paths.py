"""HubSpot's paths: where the version stands differs by area, so all are made here."""

from tricord.core.ids import Kind
from tricord.sdk.talk import segment

VERSION = "2026-03"
PLURAL = {Kind.DEAL: "deals", Kind.CONTACT: "contacts", Kind.COMPANY: "companies"}
KIND_OF_TYPE = {
    "deal": Kind.DEAL, "contact": Kind.CONTACT, "company": Kind.COMPANY,
    "0-3": Kind.DEAL, "0-1": Kind.CONTACT, "0-2": Kind.COMPANY,
}  # fmt: skip


def objects(plural: str, rest: str = "") -> str:
    return f"/crm/objects/{VERSION}/{plural}{rest}"


def one(plural: str, external_id: str) -> str:
    return objects(plural, f"/{segment(external_id)}")


def properties(plural: str, rest: str = "") -> str:
    return f"/crm/properties/{VERSION}/{plural}{rest}"


def pipelines() -> str:
    return f"/crm/pipelines/{VERSION}/deals"


def associations(one_plural: str, other_plural: str, rest: str) -> str:
    return f"/crm/associations/{VERSION}/{one_plural}/{other_plural}{rest}"


def default_association(plural: str, external_id: str, other: str, other_id: str) -> str:
    tail = f"/associations/default/{other}/{segment(other_id)}"
    return one(plural, external_id) + tail
