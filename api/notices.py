"""Notices: my inbox, and what staff hand over on paper to who has no phone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import global_resource, resource
from api.pages import page
from api.schemas.fields import PageQuery
from api.schemas.notices import (
    HandedOverSchema,
    HandOverSchema,
    InboxSchema,
    NoticeQuery,
    NoticeSchema,
    PaperNoticePageSchema,
    ReadSchema,
)
from api.writing import writes
from ledger.people import inbox, notice_delivery
from ledger.people.inbox import SeenNotice

blp = global_resource("notices", "What I was told.")
on_paper = resource("paper-notices", "Notices for members without a phone, handed over by staff.")


@blp.get("/me/notices")
@blp.arguments(NoticeQuery, location="query")
@blp.response(200, InboxSchema)
def list_notices(asked: dict[str, Any]) -> dict[str, Any]:
    """What I was told in all my communities, newest first unless asked."""
    actor = current_actor()
    rows = inbox.list_notices(
        actor, unread=asked["unread"], order=asked["sort"], after=asked["cursor"], limit=asked["limit"] + 1
    )
    return page(rows, asked["limit"], key="notice.id") | {"unread": inbox.count_unread(actor)}


@blp.post("/me/notices/<id:notice_id>/read")
@blp.response(200, NoticeSchema)
@writes(NoticeSchema)
def post_read(notice_id: UUID) -> SeenNotice:
    """I have read it."""
    return inbox.with_names([inbox.read_notice(current_actor(), notice_id)])[0]


@blp.post("/me/notices/read")
@blp.response(200, ReadSchema)
@writes(ReadSchema)
def post_read_all() -> dict[str, int]:
    """I have read all of them."""
    return {"read": inbox.read_all(current_actor())}


@on_paper.get("/paper-notices")
@on_paper.arguments(PageQuery, location="query")
@on_paper.response(200, PaperNoticePageSchema)
def list_paper_notices(asked: dict[str, Any]) -> dict[str, Any]:
    """What members without a phone have not been told yet, in my part, newest first."""
    rows = notice_delivery.list_paper_notices(current_actor(), after=asked["cursor"], limit=asked["limit"] + 1)
    return page(rows, asked["limit"], key="notice.id")


@on_paper.post("/paper-notices/hand-over")
@on_paper.arguments(HandOverSchema)
@on_paper.response(200, HandedOverSchema)
@writes(HandedOverSchema)
def post_hand_over(asked: dict[str, Any]) -> dict[str, int]:
    """These were handed over."""
    return {"handed_over": notice_delivery.hand_over(current_actor(), asked["notice_ids"])}
