"""Opening communities and streets (operator), and joining a community."""

from __future__ import annotations

from typing import Any

from flask import g

from api.auth import current_actor, for_strangers
from api.documents import global_resource, resource
from api.schemas.communities import (
    CommunityRequestSchema,
    CommunitySchema,
    JoinedAndCheckedInSchema,
    JoinedSchema,
    JoinRequestSchema,
    StreetRequestSchema,
    StreetSchema,
    TelephoneRequestSchema,
)
from api.writing import writes
from ledger.people import communities, members, sessions
from ledger.people.communities import FIRST_ROLES, Staff
from ledger.people.models import Community, Member, Street
from ledger.service import checkins, codes
from ledger.service.checkins import Kind, Via

blp = global_resource("communities", "Communities and street offices, opened by an operator.")
here = resource("community", "The community itself.")
joining = resource("joining", "Becoming a volunteer.")


@blp.post("/communities")
@blp.arguments(CommunityRequestSchema)
@blp.response(201, CommunitySchema)
@writes(CommunitySchema, status=201)
def post_community(asked: dict[str, Any]) -> Community:
    """Open a community with two staff accounts."""
    phones = asked.pop("staff")
    staff = [Staff(f"社工{phone[-4:]}", phone, roles) for phone, roles in zip(phones, FIRST_ROLES, strict=True)]
    return communities.open_community(current_actor(), asked.pop("name"), staff=staff, **asked)


@blp.post("/streets")
@blp.arguments(StreetRequestSchema)
@blp.response(201, StreetSchema)
@writes(StreetSchema, status=201)
def post_street(asked: dict[str, Any]) -> Street:
    """Open a street office."""
    return communities.open_street(current_actor(), asked["name"])


@here.get("")
@here.response(200, CommunitySchema)
def get_community() -> Community:
    """The community as everybody inside knows it."""
    return members.load_community(current_actor().tenant)


@here.patch("")
@here.arguments(TelephoneRequestSchema)
@here.response(200, CommunitySchema)
@writes(CommunitySchema)
def patch_community(asked: dict[str, Any]) -> Community:
    """Another telephone, or none; it is kept as 0758-2812345, however it was written."""
    return communities.set_telephone(current_actor(), asked["telephone"])


@joining.post("/join")
@for_strangers
@joining.arguments(JoinRequestSchema)
@joining.response(200, JoinedAndCheckedInSchema)
def post_join(asked: dict[str, Any]) -> Any:
    """Become a volunteer of the community, and check in at once; joining again answers the same member."""
    return _join(asked) if asked["grant"] is None else _join_and_check_in(asked)


@writes(JoinedSchema)
def _join(asked: dict[str, Any]) -> Member:
    return members.join_community(current_actor(), g.community_id, name=asked["name"], given=asked["consents"])


@writes(JoinedAndCheckedInSchema, keyed=True)
def _join_and_check_in(asked: dict[str, Any]) -> dict[str, Any]:
    """Both or neither: a scan that is no good leaves the person where they were."""
    joined = members.join_community(current_actor(), g.community_id, name=asked["name"], given=asked["consents"])
    inside, scanned = sessions.enter(current_actor(), g.community_id), codes.open_grant(asked["grant"])
    visit = checkins.record_checkin(inside, scanned.activity_id, kind=Kind.IN, via=Via(grant=asked["grant"]))
    return {"id": joined.id, "checkin": visit}
