"""每年一表彰: from criteria to the published list. What is announced and published is open to everybody, masked."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, g, request

from api.auth import current_actor, for_strangers, public, visitor_of
from api.documents import resource
from api.pages import page
from api.schemas.commendations import (
    AnnounceSchema,
    CandidatesSchema,
    CommendationPageSchema,
    CommendationQuery,
    CommendationRequestSchema,
    CommendationStepSchema,
    CountSchema,
    CriteriaSchema,
    NominateSchema,
    NominationStepSchema,
    PublicAnswerSchema,
    PublicObjectionRequestSchema,
    PublicObjectionStepSchema,
    ReviewRequestSchema,
    ReviewStepSchema,
    WholeCommendationSchema,
)
from api.seals import of_known_community
from api.writing import writes
from ledger.recognition import announcing, commendation_reading, commendations, freezing
from ledger.recognition.commendation_models import Commendation, Nomination, PublicObjection, Review
from ledger.recognition.commendation_reading import CommendationView

blp = resource("commendations", "每年一表彰. What is announced needs no sign-in; who did not agree is masked.")

FROZEN = {"description": "The bytes whose SHA-256 is the digest; no names.", "content_type": "application/json"}

MOST_CANDIDATES = 200


@blp.get("/commendations")
@public
@for_strangers
@of_known_community
@blp.arguments(CommendationQuery, location="query")
@blp.response(200, CommendationPageSchema)
def list_commendations(asked: dict[str, Any]) -> dict[str, Any]:
    """Newest first: all of them for staff, those announced and published for everybody."""
    rows = commendation_reading.list_commendations(
        g.community_id, visitor_of(g.community_id), after=asked["cursor"], limit=asked["limit"] + 1
    )
    return page(rows, asked["limit"])


@blp.get("/commendations/<id:commendation_id>")
@public
@for_strangers
@of_known_community
@blp.response(200, WholeCommendationSchema)
def get_commendation(commendation_id: UUID) -> CommendationView:
    """One with its names and objections, as far as I may see them."""
    return commendation_reading.see_commendation(g.community_id, visitor_of(g.community_id), commendation_id)


@blp.get("/commendations/<id:commendation_id>.json")
@public
@for_strangers
@of_known_community
@blp.response(200, **FROZEN)
def get_frozen(commendation_id: UUID) -> Response:
    """The frozen bytes of a published list, the same each time."""
    content = commendation_reading.frozen_bytes(g.community_id, commendation_id)
    headers = {"Content-Disposition": f'attachment; filename="commendation-{commendation_id.hex}.json"'}
    return Response(content, content_type="application/json", headers=headers)


@blp.post("/commendations")
@blp.arguments(CommendationRequestSchema)
@blp.response(201, CommendationStepSchema)
@writes(CommendationStepSchema, status=201)
def post_commendation(asked: dict[str, Any]) -> Commendation:
    """Draft one for people, teams or shops."""
    return commendations.draft_commendation(current_actor(), **asked)


@blp.post("/commendations/<id:commendation_id>/criteria")
@blp.arguments(CriteriaSchema)
@blp.response(200, CountSchema)
@writes(CountSchema)
def post_criteria(asked: dict[str, Any], commendation_id: UUID) -> dict[str, int]:
    """Set the criteria of a draft, or count who would meet them; with how many do."""
    actor = current_actor()
    if not asked.pop("preview"):
        commendations.set_criteria(actor, commendation_id, asked.pop("terms"), **asked)
        return {"candidates": len(commendation_reading.see_candidates(actor, commendation_id))}
    return {"candidates": commendations.count_candidates(actor, commendation_id, asked["terms"])}


@blp.get("/commendations/<id:commendation_id>/candidates")
@blp.response(200, CandidatesSchema)
def list_candidates(commendation_id: UUID) -> dict[str, Any]:
    """Who meets the criteria now."""
    found = commendation_reading.see_candidates(current_actor(), commendation_id)
    return {"total": len(found), "items": found[:MOST_CANDIDATES]}


@blp.post("/commendations/<id:commendation_id>/open")
@blp.response(200, CommendationStepSchema)
@writes(CommendationStepSchema)
def post_open(commendation_id: UUID) -> Commendation:
    """Names may be put forward; the criteria stay."""
    return commendations.open_commendation(current_actor(), commendation_id)


@blp.post("/commendations/<id:commendation_id>/drop")
@blp.response(200, CommendationStepSchema)
@writes(CommendationStepSchema)
def post_drop(commendation_id: UUID) -> Commendation:
    """It is not held, as long as nothing is frozen."""
    return commendations.drop_commendation(current_actor(), commendation_id)


@blp.post("/commendations/<id:commendation_id>/nominate")
@blp.arguments(NominateSchema)
@blp.response(201, NominationStepSchema)
@writes(NominationStepSchema, status=201)
def post_nominate(asked: dict[str, Any], commendation_id: UUID) -> Nomination:
    """Name a member or a team of my part, or a shop."""
    return commendations.nominate(current_actor(), commendation_id, asked["subject_id"], reason=asked["reason"])


@blp.post("/commendations/<id:commendation_id>/review")
@blp.arguments(ReviewRequestSchema)
@blp.response(200, ReviewStepSchema)
@writes(ReviewStepSchema)
def post_review(asked: dict[str, Any], commendation_id: UUID) -> Review:
    """Be for a name or against it, with a note; again, to change one's word."""
    return commendations.review(current_actor(), commendation_id, asked.pop("nomination_id"), **asked)


@blp.post("/commendations/<id:commendation_id>/announce")
@blp.arguments(AnnounceSchema)
@blp.response(200, CommendationStepSchema)
@writes(CommendationStepSchema)
def post_announce(asked: dict[str, Any], commendation_id: UUID) -> Commendation:
    """Make the list public for at least five working days (公示)."""
    return commendations.announce(current_actor(), commendation_id, **asked)


@blp.post("/commendations/<id:commendation_id>/objections")
@public
@for_strangers
@of_known_community
@blp.arguments(PublicObjectionRequestSchema)
@blp.response(201, PublicObjectionStepSchema)
@writes(PublicObjectionStepSchema, status=201)
def post_objection(asked: dict[str, Any], commendation_id: UUID) -> PublicObjection:
    """Object to the announced list, or to one name of it. Needs no sign-in; whoever signed in is told the answer."""
    address = request.remote_addr or ""
    visitor = visitor_of(g.community_id)
    return announcing.object_publicly(g.community_id, visitor, commendation_id, address=address, **asked)


@blp.post("/commendations/<id:commendation_id>/objections/<id:public_objection_id>/answer")
@blp.arguments(PublicAnswerSchema)
@blp.response(200, PublicObjectionStepSchema)
@writes(PublicObjectionStepSchema)
def post_answer(asked: dict[str, Any], commendation_id: UUID, public_objection_id: UUID) -> PublicObjection:
    """Answer it in public; upheld, the name is struck."""
    return announcing.answer_objection(current_actor(), commendation_id, public_objection_id, **asked)


@blp.post("/commendations/<id:commendation_id>/freeze")
@blp.response(200, CommendationStepSchema)
@writes(CommendationStepSchema)
def post_freeze(commendation_id: UUID) -> Commendation:
    """Fix the list with its SHA-256, once the announcement is over and every objection is answered."""
    return freezing.freeze(current_actor(), commendation_id)


@blp.post("/commendations/<id:commendation_id>/publish")
@blp.response(200, CommendationStepSchema)
@writes(CommendationStepSchema, keyed=True)
def post_publish(commendation_id: UUID) -> Commendation:
    """Publish it: honours, certificates, the bonus in the books. By another person than who drafted and froze it."""
    return freezing.publish(current_actor(), commendation_id)
