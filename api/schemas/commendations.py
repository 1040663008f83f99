"""The year's commendation, over HTTP: criteria, names, reviews, objections, what is frozen."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load

from api.schemas.fields import Id, Moment, PageQuery, Schema, Text, WholeNumber, page_of
from api.schemas.seals import Hexadecimal
from ledger.people.models import PostKind
from ledger.recognition import announcing, commendations, priority_lists
from ledger.recognition.candidates import Terms
from ledger.recognition.commendation_models import (
    CommendationState,
    NominationState,
    PoliticalStatus,
    PriorityList,
    SubjectKind,
)

STATES = [one.value for one in CommendationState]
KINDS = [one.value for one in SubjectKind]
TERMS = ("hours", "visits", "stars", "proven_percent", "unit_id", "programme_id", "post", "team_id", "nothing_open")


class CommendationQuery(PageQuery):
    pass


class CriteriaFields(Schema):
    """What is asked for; whatever is left out is not."""

    hours = WholeNumber(0, 5000, load_default=0, metadata={"description": "Hours served in the year, at least."})
    visits = WholeNumber(
        0, 10_000, load_default=0, metadata={"description": "Visits in the year, at least; of shops: redemptions."}
    )
    stars = WholeNumber(0, 5, load_default=0, metadata={"description": "Of all hours ever, at least."})
    proven_percent = WholeNumber(
        0, 100, load_default=0, metadata={"description": "Share of visits not entered later by hand, at least."}
    )
    unit_id = Id(load_default=None, metadata={"description": "Members (teams) of this part of the community."})
    programme_id = Id(load_default=None, metadata={"description": "Only service of this programme counts."})
    post = fields.Enum(PostKind, by_value=True, load_default=None, metadata={"description": "Held in the year."})
    team_id = Id(load_default=None, metadata={"description": "Members of this team."})
    nothing_open = fields.Boolean(
        load_default=False, metadata={"description": "No objection of the person, no complaint about the shop waits."}
    )
    most = WholeNumber(1, commendations.MOST, load_default=commendations.MOST, metadata={"description": "Honoured."})
    bonus_points = WholeNumber(
        0, commendations.MOST_BONUS, load_default=0, metadata={"description": "For each person; none for teams, shops."}
    )

    @post_load
    def _with_terms(self, values: dict[str, Any], **_more: Any) -> dict[str, Any]:
        rest = {name: value for name, value in values.items() if name not in TERMS}
        return rest | {"terms": Terms(**{name: values[name] for name in TERMS})}


class CommendationRequestSchema(CriteriaFields):
    year = WholeNumber(2020, 2199, required=True, metadata={"example": 2026})
    kind = fields.Enum(SubjectKind, by_value=True, required=True)
    title = Text(commendations.LONGEST_TITLE, least=1, required=True, metadata={"example": "年度优秀志愿者"})


class CriteriaSchema(CriteriaFields):
    preview = fields.Boolean(
        load_default=False, metadata={"description": "Count who would meet them; nothing is stored."}
    )


class CountSchema(Schema):
    candidates = fields.Integer(metadata={"description": "Who meets these criteria now."})


class NominateSchema(Schema):
    subject_id = Id(required=True, metadata={"description": "The member, team or shop."})
    reason = Text(commendations.LONGEST_REASON, least=1, required=True, metadata={"example": "全年风雨无阻"})


class ReviewRequestSchema(Schema):
    nomination_id = Id(required=True)
    is_for = fields.Boolean(required=True)
    note = Text(commendations.LONGEST_REASON, load_default="", metadata={"example": "看过服务记录"})


class AnnounceSchema(Schema):
    days = WholeNumber(
        commendations.LEAST_DAYS,
        commendations.MOST_DAYS,
        load_default=commendations.LEAST_DAYS,
        metadata={"description": "Working days after today on which the list is public."},
    )


class PublicObjectionRequestSchema(Schema):
    words = Text(announcing.LONGEST_WORDS, least=1, lines=True, required=True, metadata={"example": "漏了李大爷"})
    nomination_id = Id(load_default=None, metadata={"description": "The name it is about; left out: the list."})


class PublicAnswerSchema(Schema):
    is_upheld = fields.Boolean(required=True, metadata={"description": "The name is struck from the list."})
    answer = Text(
        announcing.LONGEST_ANSWER, least=1, required=True, metadata={"description": "Public.", "example": "核对过记录"}
    )


class HonourRevocationSchema(Schema):
    reason = Text(300, least=1, required=True, metadata={"example": "弄虚作假", "description": "Its holder reads it."})


class CandidateSchema(Schema):
    subject_id = Id()
    name = fields.String()
    minutes = fields.Integer()
    visits = fields.Integer()


class CandidatesSchema(Schema):
    total = fields.Integer()
    items = fields.List(fields.Nested(CandidateSchema), metadata={"description": "The first 200, most hours first."})


class ReviewSchema(Schema):
    is_for = fields.Boolean()
    note = fields.String()
    at = Moment()


class NamedSchema(Schema):
    id = Id(attribute="nomination.id")
    name = fields.String(metadata={"description": "Masked for everybody but staff, unless its owner agreed."})
    status = fields.String(attribute="nomination.state", metadata={"enum": [one.value for one in NominationState]})
    minutes = fields.Integer(attribute="nomination.minutes")
    visits = fields.Integer(attribute="nomination.visits")
    reason = fields.String(metadata={"description": "For staff."})
    reviews = fields.List(fields.Nested(ReviewSchema), metadata={"description": "For staff."})
    honour_id = Id(attribute="honour.id", metadata={"description": "For staff, once published."})
    number = fields.String(attribute="honour.number", metadata={"description": "For staff, once published."})


class PublicObjectionSchema(Schema):
    id = Id(attribute="objection.id")
    nomination_id = Id(attribute="objection.nomination_id", allow_none=True)
    asked_at = Moment(attribute="objection.asked_at")
    words = fields.String(metadata={"description": "For staff."})
    is_upheld = fields.Boolean(attribute="objection.is_upheld", allow_none=True)
    answer = fields.String(attribute="objection.answer", metadata={"description": "For everybody."})
    answered_at = Moment(attribute="objection.answered_at", allow_none=True)


class CommendationSchema(Schema):
    id = Id()
    year = fields.Integer()
    kind = fields.String(metadata={"enum": KINDS})
    title = fields.String()
    status = fields.String(attribute="state", metadata={"enum": STATES})
    criteria = fields.Dict(attribute="terms", metadata={"description": "What is asked for, by name."})
    most = fields.Integer()
    bonus_points = fields.Integer()
    announced_at = Moment(allow_none=True)
    ends_at = Moment(allow_none=True, metadata={"description": "Until then objections are taken."})
    digest = Hexadecimal(allow_none=True, metadata={"description": "SHA-256 of the frozen bytes, hexadecimal."})
    published_at = Moment(allow_none=True)


class WholeCommendationSchema(Schema):
    commendation = fields.Nested(CommendationSchema)
    names = fields.List(fields.Nested(NamedSchema))
    objections = fields.List(fields.Nested(PublicObjectionSchema))
    open_objections = fields.Integer()


class CommendationStepSchema(Schema):
    id = Id()
    status = fields.String(attribute="state", metadata={"enum": STATES})


class NominationStepSchema(Schema):
    id = Id()
    status = fields.String(attribute="state", metadata={"enum": [one.value for one in NominationState]})


class ReviewStepSchema(Schema):
    nomination_id = Id()
    is_for = fields.Boolean()


class PublicObjectionStepSchema(Schema):
    id = Id()
    is_upheld = fields.Boolean(allow_none=True)


class HonourStepSchema(Schema):
    id = Id()
    number = fields.String()
    revoked_at = Moment(allow_none=True)


class PaperSchema(Schema):
    id = Id(attribute="honour.id")
    number = fields.String(attribute="honour.number")
    name = fields.String(metadata={"description": "Empty once erased."})
    digest = Hexadecimal(attribute="honour.digest")
    document = fields.Dict(metadata={"description": "What is printed, without the name."})


class PaperListSchema(Schema):
    items = fields.List(fields.Nested(PaperSchema))


class PriorityRequestSchema(Schema):
    list_kind = fields.Enum(PriorityList, by_value=True, required=True)
    member_id = Id(required=True)
    note = Text(priority_lists.LONGEST_NOTE, load_default="", metadata={"example": "组织能力强"})
    birth_year = WholeNumber(priority_lists.EARLIEST_BIRTH, priority_lists.LATEST_BIRTH, load_default=None)
    political_status = fields.Enum(PoliticalStatus, by_value=True, load_default=None)
    is_agreed = fields.Boolean(
        load_default=False, metadata={"description": "The member agreed that birth year and political status are kept."}
    )


class PriorityEntrySchema(Schema):
    id = Id(attribute="entry.id")
    list_kind = fields.String(attribute="entry.list_kind", metadata={"enum": [one.value for one in PriorityList]})
    member_id = Id(attribute="entry.member_id")
    name = fields.String()
    note = fields.String(attribute="entry.note")
    birth_year = fields.Integer(attribute="entry.birth_year", allow_none=True)
    political_status = fields.String(
        attribute="entry.political_status", allow_none=True, metadata={"enum": [*PoliticalStatus, None]}
    )
    added_at = Moment(attribute="entry.added_at")


class PriorityListsSchema(Schema):
    items = fields.List(fields.Nested(PriorityEntrySchema))


class PriorityStepSchema(Schema):
    id = Id()
    ended_at = Moment(allow_none=True)


CommendationPageSchema = page_of(CommendationSchema)
