"""Check-ins, over HTTP."""

from __future__ import annotations

from typing import Any, NamedTuple

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from api.errors import language
from api.schemas.fields import Code, Id, Moment, PageQuery, Schema, Sort, Text, WholeNumber, page_of
from ledger.core.orders import Age
from ledger.service.checkins import Kind, Via
from ledger.service.evidence import Location, Review
from ledger.service.models import CheckinState, Evidence, NoteCategory
from ledger.service.queue import WAITING
from ledger.service.visit_notes import VisitNote

MOST_ITEMS = 200
MOST_KEY = 128


class CheckinViaSchema(Schema):
    """How the visit is proved: exactly one of these."""

    grant = fields.String(validate=validate.Length(min=1, max=600), metadata={"description": "From POST /scans."})
    live_code = Code(40, metadata={"description": "The changing code of the screen."})
    poster_code = Code(40, metadata={"description": "The fixed code of the poster."})
    plate_code = Code(40, metadata={"description": "The code of a plate at a door; the visit ends with a note."})
    card_code = Code(200, metadata={"description": "The code of a paper card."})
    member_id = Id(metadata={"description": "Staff record this member themselves."})

    @validates_schema
    def is_exactly_one(self, asked: dict[str, Any], **_: Any) -> None:
        if len(asked) != 1:
            raise ValidationError("Give exactly one way.")

    @post_load
    def as_via(self, asked: dict[str, Any], **_: Any) -> Via:
        return Via(**asked)


class LocationSchema(Schema):
    """Degrees, WGS 84. Kept only as a distance bucket."""

    latitude = fields.Float(required=True, validate=validate.Range(min=-90, max=90))
    longitude = fields.Float(required=True, validate=validate.Range(min=-180, max=180))

    @post_load
    def as_location(self, asked: dict[str, Any], **_: Any) -> Location:
        return Location(**asked)


class VisitNoteSchema(Schema):
    """A visit note (走访手记), read by its writer and by staff of that part."""

    category = fields.Enum(
        NoteCategory, by_value=True, required=True, metadata={"description": "What it was about.", "example": "elders"}
    )
    need = Text(500, lines=True, load_default="", metadata={"description": "What is needed."})
    follow_up = Text(
        500, lines=True, load_default="", metadata={"description": "What is to be done; listed until it is."}
    )

    @post_load
    def as_note(self, asked: dict[str, Any], **_: Any) -> VisitNote:
        return VisitNote(**asked)


class DoorSchema(Schema):
    number = fields.Integer(metadata={"description": "The number on the plate."})
    address = fields.String(
        allow_none=True, metadata={"description": "For whoever visits there and staff of that part; none for others."}
    )


class CheckinRequestSchema(Schema):
    activity_id = Id(required=True)
    kind = fields.Enum(Kind, by_value=True, required=True)
    via = fields.Nested(CheckinViaSchema, required=True)
    happened_at = Moment(metadata={"description": "When it happened, if that is not now (sent without network)."})
    minutes = WholeNumber(
        0, 24 * 60, metadata={"description": "A complete visit entered by hand; its evidence is `later`."}
    )
    location = fields.Nested(LocationSchema)
    note = fields.Nested(VisitNoteSchema)
    on_behalf_of = Id(metadata={"description": "The member for whom a helper acts."})


class CheckinSchema(Schema):
    id = Id()
    activity_id = Id()
    member_id = Id()
    status = fields.String(attribute="state", metadata={"enum": [state.value for state in CheckinState]})
    evidence = fields.String(metadata={"enum": [grade.value for grade in Evidence]})
    reasons = fields.List(
        fields.String(metadata={"enum": [reason.value for reason in Review]}),
        metadata={"description": "What the stamper should look at."},
    )
    arrived_at = Moment()
    left_at = Moment(allow_none=True)
    received_at = Moment()
    minutes = fields.Integer(allow_none=True)


class DecidedSchema(Schema):
    """The live stamp of a check-in."""

    stamp_id = Id(attribute="stamp.id")
    batch_id = Id(attribute="stamp.batch_id")
    decision = fields.String(attribute="stamp.decision")
    note = fields.String(attribute="batch.note")
    points = fields.Integer(attribute="stamp.points")
    minutes = fields.Integer(attribute="stamp.minutes")
    explanation = fields.String(attribute="stamp.explanation")
    explanation_en = fields.String(attribute="stamp.explanation_en")
    rule_version = fields.Integer(attribute="stamp.rule_version")
    stamped_at = Moment(attribute="stamp.stamped_at")


class CheckinViewSchema(Schema):
    id = Id(attribute="checkin.id")
    activity_id = Id(attribute="checkin.activity_id")
    activity_name = fields.String(attribute="activity.name")
    place = fields.String(attribute="activity.place")
    member_id = Id(attribute="checkin.member_id")
    member_name = fields.String()
    status = fields.String(attribute="checkin.state", metadata={"enum": [state.value for state in CheckinState]})
    evidence = fields.String(attribute="checkin.evidence", metadata={"enum": [grade.value for grade in Evidence]})
    reasons = fields.List(fields.String(), attribute="checkin.reasons")
    arrived_at = Moment(attribute="checkin.arrived_at")
    left_at = Moment(attribute="checkin.left_at", allow_none=True)
    received_at = Moment(attribute="checkin.received_at")
    minutes = fields.Integer(attribute="checkin.minutes", allow_none=True)
    distance = fields.String(attribute="checkin.distance_bucket", allow_none=True)
    note = fields.Nested(
        VisitNoteSchema, allow_none=True, metadata={"description": "For its writer and for staff of that part."}
    )
    follow_up = fields.String(attribute="checkin.follow_up", allow_none=True, metadata={"enum": ["open", "done", None]})
    door = fields.Nested(DoorSchema, allow_none=True, metadata={"description": "Where it was at a plate."})
    stamp = fields.Nested(DecidedSchema, attribute="decided", allow_none=True)
    waiting_for = fields.String(allow_none=True, metadata={"enum": [*WAITING, None]})
    waiting_because = fields.Method(
        "sentence_of", metadata={"type": ["string", "null"], "description": "Why it is not stamped yet, for people."}
    )
    expected_by = Moment(allow_none=True, metadata={"description": "When the next step is expected."})
    acted_by = fields.List(
        fields.String(), metadata={"description": "Whose hands recorded it for the member; empty: the member's own."}
    )

    def sentence_of(self, view: Any) -> str | None:
        if view.waiting_for is None:
            return None
        zh, en = WAITING[view.waiting_for]
        return zh if language() == "zh" else en


class CheckinQuery(PageQuery):
    status = fields.Enum(CheckinState, by_value=True, load_default=None)
    activity_id = Id(load_default=None)
    evidence = fields.Enum(Evidence, by_value=True, load_default=None)
    unit_id = Id(load_default=None)
    member_id = Id(load_default=None)
    sort = Sort(Age.NEWEST)


class BatchItemSchema(CheckinRequestSchema):
    key = Text(MOST_KEY, least=1, required=True, metadata={"description": "The item's own idempotency key."})


class Malformed(NamedTuple):
    """An item that is no check-in: its key as far as one can tell, and what is wrong with it."""

    key: str | None
    errors: dict[str, Any]


class ItemOfItsOwn(fields.Nested):
    """An item that is read for itself: one that is malformed spoils no other."""

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        try:
            return super().deserialize(value, attr, data, **kwargs)
        except ValidationError as error:
            key = value.get("key") if isinstance(value, dict) else None
            is_key = isinstance(key, str) and 0 < len(key) <= MOST_KEY
            wrong = error.messages if isinstance(error.messages, dict) else {"_schema": error.messages}
            return Malformed(key if is_key else None, wrong)


class BatchRequestSchema(Schema):
    items = fields.List(ItemOfItsOwn(BatchItemSchema), required=True, validate=validate.Length(min=1, max=MOST_ITEMS))


class BatchItemResultSchema(Schema):
    key = fields.String(allow_none=True, metadata={"description": "Null where a malformed item had none."})
    status = fields.String(
        metadata={
            "enum": ["recorded", "replayed", "refused", "later"],
            "description": "`later`: send the item again with the same key, for the batch took too long, or (with the "
            "code `arrival_awaited`, for 72 hours) its arrival may still lie on another phone.",
        }
    )
    code = fields.String(metadata={"description": "The reason, when refused; `invalid`: see errors."})
    errors = fields.Dict(metadata={"description": "What is wrong with a malformed item, by field."})
    checkin = fields.Nested(CheckinSchema)


class BatchResultSchema(Schema):
    results = fields.List(fields.Nested(BatchItemResultSchema))


CheckinPageSchema = page_of(CheckinViewSchema)
