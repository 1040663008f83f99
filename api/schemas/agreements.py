"""Agreements with shops, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from api.schemas.fields import Fen, Id, Moment, PageQuery, Schema, Text, WholeNumber, page_of
from ledger.rewards.models import Path
from ledger.rewards.path_caps import LOWER_FOR_PAPER, PathCap, caps_in


class AgreementQuery(PageQuery):
    merchant_id = Id(load_default=None)


CAP_POINTS = 1_000_000


class PathCapSchema(Schema):
    """How many points a path to a redemption carries: of one redemption, and of a member's day at the shop."""

    path = fields.Enum(Path, by_value=True, required=True)
    each = WholeNumber(1, CAP_POINTS, load_default=None, allow_none=True)
    per_day = WholeNumber(1, CAP_POINTS, load_default=None, allow_none=True)


class AgreementTermsSchema(Schema):
    fund_id = Id(required=True, metadata={"description": "Who pays."})
    rate_fen = Fen(required=True, metadata={"description": "Fen for every `rate_points` points.", "example": 100})
    rate_points = WholeNumber(1, 1_000_000, required=True, metadata={"example": 10})
    starts_on = fields.Date(required=True, metadata={"example": "2026-01-01"})
    ends_on = fields.Date(required=True, metadata={"example": "2026-12-31"})
    signatory = Text(80, least=1, required=True, metadata={"description": "Who signs for the shop on paper."})
    auto_confirm_days = WholeNumber(
        1, 30, load_default=3, metadata={"description": "Days after which a statement counts as confirmed."}
    )
    minimum_fen = Fen(
        load_default=0, metadata={"description": "Less than this of a week is carried over.", "example": 5000}
    )
    needs_invoice = fields.Boolean(
        load_default=False, metadata={"description": "No statement is approved without the number of a 发票."}
    )
    other_days = fields.Boolean(
        load_default=True, metadata={"description": "False: it redeems on the community's redemption day alone."}
    )
    undecided_for_shop = fields.Boolean(
        load_default=True,
        metadata={
            "description": "Whose a disputed line is that nobody decides in time: the shop's, or the community's."
        },
    )

    path_caps = fields.List(
        fields.Nested(PathCapSchema),
        load_default=lambda: [{"path": path, **cap._asdict()} for path, cap in LOWER_FOR_PAPER.items()],
        validate=validate.Length(max=len(Path)),
        metadata={
            "description": "Points that a path carries at most; left out: a paper card 100 at a time, 200 a day, "
            "slips 100 a day. "
            "helper: somebody who chooses for the member at the shop's poster. "
            "slip: one written offline, counted on the day it is entered."
        },
    )

    @validates_schema
    def _names_a_path_once(self, data: dict[str, Any], **_: Any) -> None:
        if len({cap["path"] for cap in data["path_caps"]}) != len(data["path_caps"]):
            raise ValidationError("A path is named twice.", "path_caps")

    slip_points = WholeNumber(
        0, 1_000, load_default=0, metadata={"description": "The most of a numbered slip, offline; 0: no slips."}
    )
    slip_days = WholeNumber(
        1, 14, load_default=3, metadata={"description": "Days within which a slip must be entered."}
    )

    @validates_schema
    def _ends_after_start(self, data: dict[str, Any], **_: Any) -> None:
        if data["ends_on"] < data["starts_on"]:
            raise ValidationError("Ends before it starts.", "ends_on")

    @post_load
    def _by_path(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        caps = {cap["path"]: PathCap(cap["each"], cap["per_day"]) for cap in data["path_caps"]}
        return data | {"path_caps": caps}


class AgreementRequestSchema(AgreementTermsSchema):
    merchant_id = Id(required=True)


class AgreementSchema(Schema):
    id = Id()
    merchant_id = Id()
    number = fields.String()
    state = fields.String()
    version = fields.Integer(metadata={"description": "The version in force, or the first draft."})
    draft_version = fields.Integer(allow_none=True, metadata={"description": "A version that waits for signatures."})
    created_at = Moment()


class AgreementVersionSchema(Schema):
    version = fields.Integer()
    fund_id = Id()
    rate_fen = fields.Integer()
    rate_points = fields.Integer()
    starts_on = fields.Date()
    ends_on = fields.Date()
    signatory = fields.String()
    auto_confirm_days = fields.Integer()
    minimum_fen = fields.Integer()
    needs_invoice = fields.Boolean()
    other_days = fields.Boolean()
    undecided_for_shop = fields.Boolean()
    path_caps = fields.Function(
        lambda terms: [{"path": path.value, **cap._asdict()} for path, cap in caps_in(terms.path_caps).items()],
        metadata={"type": "array", "items": {"type": "object"}, "description": "As agreed; empty: every path alike."},
    )
    slip_points = fields.Integer()
    slip_days = fields.Integer()
    signed_by = Id(allow_none=True)
    first_signed_at = Moment(allow_none=True)
    second_signed_by = Id(allow_none=True)
    signed_at = Moment(allow_none=True, metadata={"description": "When the last of the community's two signed."})
    owner_signed_by = Id(allow_none=True)
    owner_signed_at = Moment(allow_none=True)


class AgreementWithTermsSchema(AgreementSchema):
    terms = fields.Nested(AgreementVersionSchema)


class AgreementWithVersionsSchema(AgreementSchema):
    versions = fields.List(fields.Nested(AgreementVersionSchema))


AgreementPageSchema = page_of(AgreementWithTermsSchema)
