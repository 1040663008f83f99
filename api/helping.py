"""Helpers: who may act for whom."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.fields import PageQuery
from api.schemas.helping import HelperLinkPageSchema, HelperLinkSchema, HelperLinkViewSchema, HelperRequestSchema
from api.writing import writes
from ledger.people import helping
from ledger.people.helping import LinkView
from ledger.people.helping_models import HelperLink

blp = resource("helpers", "A member names a relative who may act for them; live once both agreed.")


@blp.get("/members/<id:member_id>/helpers")
@blp.arguments(PageQuery, location="query")
@blp.response(200, HelperLinkPageSchema)
def list_helpers(asked: dict[str, Any], member_id: UUID) -> dict[str, Any]:
    """Who acts and acted for the member, newest first."""
    rows = helping.helpers_of(current_actor(), member_id, after=asked["cursor"], limit=asked["limit"] + 1)
    return page(rows, asked["limit"], key="link.id")


@blp.get("/members/<id:member_id>/helped")
@blp.arguments(PageQuery, location="query")
@blp.response(200, HelperLinkPageSchema)
def list_helped(asked: dict[str, Any], member_id: UUID) -> dict[str, Any]:
    """For whom the member acts and acted, newest first."""
    rows = helping.helped_by(current_actor(), member_id, after=asked["cursor"], limit=asked["limit"] + 1)
    return page(rows, asked["limit"], key="link.id")


@blp.post("/members/<id:member_id>/helpers")
@blp.arguments(HelperRequestSchema)
@blp.response(201, HelperLinkSchema)
@writes(HelperLinkSchema, status=201)
def post_helper(asked: dict[str, Any], member_id: UUID) -> HelperLink:
    """Name a helper, who is asked to agree; so is the member, unless they said so themself or in presence of staff."""
    return helping.name_helper(current_actor(), member_id, **asked)


@blp.get("/helpers/<id:link_id>")
@blp.response(200, HelperLinkViewSchema)
def get_helper(link_id: UUID) -> LinkView:
    """One link, for the two whom it binds and for staff."""
    return helping.see_link(current_actor(), link_id)


@blp.post("/helpers/<id:link_id>/agree")
@blp.response(200, HelperLinkSchema)
@writes(HelperLinkSchema)
def post_agreement(link_id: UUID) -> HelperLink:
    """I agree, as the helper or as the member."""
    return helping.agree(current_actor(), link_id)


@blp.post("/helpers/<id:link_id>/end")
@blp.response(200, HelperLinkSchema)
@writes(HelperLinkSchema)
def post_end(link_id: UUID) -> HelperLink:
    """The helper may do nothing more from now on; what was only asked is declined."""
    return helping.end_help(current_actor(), link_id)
