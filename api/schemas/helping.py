"""Helpers, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from api.schemas.fields import Id, Moment, Schema, Text, page_of
from ledger.people.helping import Found
from ledger.people.helping_models import HelpState, Relation
from ledger.people.phones import PATTERN


class HelperRequestSchema(Schema):
    """The helper by name and phone number together; staff may name a member whom they see by id."""

    helper_id = Id()
    name = Text(80, least=1, metadata={"example": "林小燕"})
    phone = fields.String(validate=[validate.Length(max=20), validate.Regexp(PATTERN)])
    relation = fields.Enum(Relation, by_value=True, required=True)
    note = Text(300, lines=True, load_default="")
    is_in_presence = fields.Boolean(
        load_default=False,
        metadata={"description": "Staff heard the member's yes in person; the note says how. Else the member agrees."},
    )

    is_guardian = fields.Boolean(
        load_default=False,
        metadata={"description": "The member is a child under fourteen, and the helper is to answer for it."},
    )

    @validates_schema
    def names_one(self, asked: dict[str, Any], **_: Any) -> None:
        by_id, by_name = "helper_id" in asked, {"name", "phone"} & set(asked)
        if by_id and by_name:
            raise ValidationError("Either helper_id, or name and phone.", "helper_id")
        if not by_id:
            for field in {"name", "phone"} - by_name:
                raise ValidationError("Missing data for required field.", field)
        if asked.get("is_in_presence") and not asked.get("note"):
            raise ValidationError("Missing data for required field.", "note")

    @post_load
    def as_named(self, asked: dict[str, Any], **_: Any) -> dict[str, Any]:
        """What the verb takes: the helper as `found`, the rest as it is."""
        found = Found(**{name: asked.pop(name) for name in Found._fields if name in asked})
        return asked | {"found": found}


class HelperLinkSchema(Schema):
    id = Id()
    member_id = Id()
    helper_id = Id()
    relation = fields.String(metadata={"enum": [one.value for one in Relation]})
    status = fields.String(attribute="state", metadata={"enum": [one.value for one in HelpState]})
    is_in_presence = fields.Boolean()
    is_guardian = fields.Boolean()
    asked_at = Moment()
    consented_at = Moment(allow_none=True, metadata={"description": "The yes of the member who is helped."})
    accepted_at = Moment(allow_none=True, metadata={"description": "The yes of the helper."})
    ended_at = Moment(allow_none=True)


class HelperLinkViewSchema(Schema):
    id = Id(attribute="link.id")
    member_id = Id(attribute="link.member_id")
    member_name = fields.String(attribute="member.name")
    helper_id = Id(attribute="link.helper_id")
    helper_name = fields.String(attribute="helper.name")
    relation = fields.String(attribute="link.relation", metadata={"enum": [one.value for one in Relation]})
    status = fields.String(attribute="link.state", metadata={"enum": [one.value for one in HelpState]})
    is_in_presence = fields.Boolean(attribute="link.is_in_presence")
    is_guardian = fields.Boolean(attribute="link.is_guardian")
    note = fields.String(attribute="link.note")
    asked_at = Moment(attribute="link.asked_at")
    consented_at = Moment(attribute="link.consented_at", allow_none=True)
    accepted_at = Moment(attribute="link.accepted_at", allow_none=True)
    ended_at = Moment(attribute="link.ended_at", allow_none=True)


HelperLinkPageSchema = page_of(HelperLinkViewSchema)
