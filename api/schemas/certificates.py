"""Service record certificates, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from api.schemas.fields import EARLIEST, LATEST, Id, Moment, PageQuery, Schema, Sort, Text, page_of
from api.schemas.seals import Hexadecimal
from ledger.core.orders import Age
from ledger.recognition.certificates import LONGEST_PURPOSE, LONGEST_REASON
from ledger.recognition.commendation_models import SubjectKind
from ledger.recognition.models import CertificateState
from ledger.recognition.verifying import Verdict

STATES = [one.value for one in CertificateState]
IN_OUR_TIME = validate.Range(min=EARLIEST.date(), max=LATEST.date())


class CertificateQuery(PageQuery):
    mine = fields.Boolean(load_default=False, metadata={"description": "My own."})
    status = fields.Enum(CertificateState, by_value=True, load_default=None)
    sort = Sort(Age.NEWEST)


class CertificateRequestSchema(Schema):
    member_id = Id(required=True, metadata={"description": "Myself, or whom I help."})
    starts_on = fields.Date(required=True, validate=IN_OUR_TIME, metadata={"example": "2026-01-01"})
    ends_on = fields.Date(
        required=True, validate=IN_OUR_TIME, metadata={"example": "2026-10-31", "description": "Included."}
    )
    purpose = Text(
        LONGEST_PURPOSE, least=1, required=True, metadata={"example": "入学申请", "description": "It is printed."}
    )

    @validates_schema
    def _in_order(self, asked: dict[str, Any], **_more: Any) -> None:
        if "starts_on" in asked and "ends_on" in asked and asked["starts_on"] > asked["ends_on"]:
            raise ValidationError("Before the first day.", "ends_on")


class RevocationSchema(Schema):
    reason = Text(LONGEST_REASON, least=1, required=True, metadata={"example": "时长有误，重新开具"})


class ServedSchema(Schema):
    programme = fields.String()
    visits = fields.Integer()
    minutes = fields.Integer()


class PrintedSchema(Schema):
    """What stands on the paper."""

    name = fields.String(allow_none=True, metadata={"description": "null: erased."})
    purpose = fields.String(allow_none=True)
    community = fields.String()
    is_demo = fields.Boolean()
    starts_on = fields.String()
    ends_on = fields.String()
    issued_on = fields.String()
    visits = fields.Integer()
    minutes = fields.Integer()
    minutes_ever = fields.Integer()
    stars = fields.Integer()
    programmes = fields.List(fields.Nested(ServedSchema))
    digest = fields.String(metadata={"description": "SHA-256 of the frozen content, hexadecimal."})
    kind = fields.String(
        metadata={"enum": [one.value for one in SubjectKind], "description": "Only of a commendation's certificate."}
    )
    title = fields.String(metadata={"description": "What a commendation is called; only of its certificate."})
    year = fields.Integer(metadata={"description": "The year commended; only of a commendation's certificate."})


class CertificateSchema(Schema):
    id = Id(attribute="certificate.id")
    member_id = Id(attribute="certificate.member_id")
    member_name = fields.String()
    purpose = fields.String(metadata={"description": "Empty for whoever reads masked names."})
    starts_on = fields.Date(attribute="certificate.starts_on")
    ends_on = fields.Date(attribute="certificate.ends_on")
    status = fields.String(attribute="certificate.state", metadata={"enum": STATES})
    number = fields.String(attribute="certificate.number", allow_none=True)
    digest = Hexadecimal(attribute="certificate.digest", allow_none=True)
    asked_at = Moment(attribute="certificate.asked_at")
    issued_at = Moment(attribute="certificate.issued_at", allow_none=True)
    ended_at = Moment(attribute="certificate.ended_at", allow_none=True)
    reason = fields.String(attribute="certificate.reason", metadata={"description": "Why it was revoked or declined."})


class WholeCertificateSchema(CertificateSchema):
    printed = fields.Nested(PrintedSchema, attribute="document", allow_none=True)


class CertificateStepSchema(Schema):
    id = Id()
    status = fields.String(attribute="state", metadata={"enum": STATES})
    number = fields.String(allow_none=True)


class VerifiedSchema(Schema):
    number = fields.String()
    status = fields.String(metadata={"enum": [one.value for one in Verdict]})
    certificate = fields.Nested(PrintedSchema, allow_none=True, metadata={"description": "Of a valid one only."})
    revoked_on = fields.Date(allow_none=True)


CertificatePageSchema = page_of(CertificateSchema)
