"""Notices, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from api.errors import language
from api.schemas.fields import Id, Moment, PageQuery, Schema, Sort, page_of
from ledger.core.orders import Age
from ledger.people.notice_delivery import MOST_AT_ONCE
from ledger.people.notices import sentence_of


class NoticeQuery(PageQuery):
    unread = fields.Boolean(load_default=False, metadata={"description": "Only what I have not read."})
    sort = Sort(Age.NEWEST)


class NoticeSchema(Schema):
    id = Id(attribute="notice.id")
    community_id = Id(attribute="notice.community_id")
    kind = fields.String(attribute="notice.kind", metadata={"example": "helping.checked_in"})
    sentence = fields.Method("said", metadata={"type": "string", "description": "In the reader's language."})
    by_name = fields.String(metadata={"description": "Who acted; empty where nobody did."})
    at = Moment(attribute="notice.at")
    read_at = Moment(attribute="notice.read_at", allow_none=True)

    def said(self, seen: Any) -> str:
        return sentence_of(seen.notice, language())


class InboxSchema(Schema):
    items = fields.List(fields.Nested(NoticeSchema))
    next_cursor = fields.String(allow_none=True)
    unread = fields.Integer(metadata={"description": "How many I have not read in all."})


class ReadSchema(Schema):
    read = fields.Integer(metadata={"description": "How many were not read before."})


class PaperNoticeSchema(Schema):
    """A notice for a member without a phone."""

    id = Id(attribute="notice.id")
    member_id = Id(attribute="member.id")
    member_name = fields.String(attribute="member.name")
    unit_name = fields.String(attribute="unit.name")
    sentence = fields.Method("said", metadata={"type": "string"})
    by_name = fields.String()
    at = Moment(attribute="notice.at")

    def said(self, row: Any) -> str:
        return sentence_of(row.notice, language())


class HandOverSchema(Schema):
    notice_ids = fields.List(Id(), required=True, validate=validate.Length(min=1, max=MOST_AT_ONCE))


class HandedOverSchema(Schema):
    handed_over = fields.Integer()


PaperNoticePageSchema = page_of(PaperNoticeSchema)
