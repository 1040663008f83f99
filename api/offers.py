"""Offers: what shops give for points."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.offers import (
    ChangedOfferSchema,
    OfferBatchRequestSchema,
    OfferBatchSchema,
    OfferPageSchema,
    OfferQuery,
    OfferRequestSchema,
    OfferSchema,
    OfferTermsSchema,
    PictureQuery,
    RestockSchema,
)
from api.versions import IF_MATCH, etag_of, version_in_hand, version_in_hand_or_none
from api.writing import writes
from ledger.core.photos import MEDIA_TYPE
from ledger.rewards import merchants, offer_pictures, offers, several_offers
from ledger.rewards.models import Offer
from ledger.rewards.offers import OfferTerms, OfferView
from ledger.rewards.several_offers import Foreseen

blp = resource("offers", "What shops give for points.")


@blp.get("/offers")
@blp.arguments(OfferQuery, location="query")
@blp.response(200, OfferPageSchema)
def list_offers(asked: dict[str, Any]) -> dict[str, Any]:
    """The offers I may see, newest first unless asked by points: usable for me now, or why not."""
    limit, cursor, order = asked.pop("limit"), asked.pop("cursor"), asked.pop("sort")
    rows = offers.list_offers(current_actor(), order=order, after=cursor, limit=limit + 1, **asked)
    return page([shown(row) for row in rows], limit)


@blp.post("/offers")
@blp.arguments(OfferRequestSchema)
@blp.response(201, ChangedOfferSchema)
@writes(ChangedOfferSchema, status=201)
def post_offer(asked: dict[str, Any]) -> Offer:
    """Draft an offer under an agreement, to be approved by somebody else."""
    agreement_id, kind, stock = (asked.pop(name) for name in ("agreement_id", "kind", "stock"))
    return offers.draft_offer(current_actor(), agreement_id, kind=kind, terms=_terms(asked), stock=stock)


@blp.get("/offers/<id:offer_id>")
@blp.response(200, OfferSchema)
def get_offer(offer_id: UUID) -> tuple[dict[str, Any], dict[str, str]]:
    """One offer as it is for me now; the ETag names its newest version."""
    actor = current_actor()
    view = offers.see_offer(actor, offer_id)
    return shown(view), etag_of(offers.newest_version(actor.tenant, offer_id))


@blp.put("/offers/<id:offer_id>")
@blp.doc(parameters=[IF_MATCH])
@blp.arguments(OfferTermsSchema)
@blp.response(200, ChangedOfferSchema)
@writes(ChangedOfferSchema)
def put_offer(asked: dict[str, Any], offer_id: UUID) -> Offer:
    """Draft the next version; it is in force once somebody else has approved it."""
    return offers.change_offer(current_actor(), offer_id, read_version=version_in_hand(), terms=_terms(asked))


@blp.post("/offers/<id:offer_id>/approve")
@blp.doc(parameters=[IF_MATCH])
@blp.response(200, ChangedOfferSchema)
@writes(ChangedOfferSchema)
def post_approval(offer_id: UUID) -> Offer:
    """Approve the version that waits; with If-Match only the one that was read."""
    return offers.approve_offer(current_actor(), offer_id, version=version_in_hand_or_none())


@blp.post("/offers/<id:offer_id>/restock")
@blp.arguments(RestockSchema)
@blp.response(200, ChangedOfferSchema)
@writes(ChangedOfferSchema, keyed=True)
def post_stock(asked: dict[str, Any], offer_id: UUID) -> Offer:
    """Add pieces to the stock."""
    return offers.restock_offer(current_actor(), offer_id, pieces=asked["pieces"])


@blp.post("/offers/<id:offer_id>/end")
@blp.response(200, ChangedOfferSchema)
@writes(ChangedOfferSchema)
def post_end(offer_id: UUID) -> Offer:
    """End the offer; what is reserved stays so."""
    return offers.end_offer(current_actor(), offer_id)


@blp.post("/offers/batch")
@blp.arguments(OfferBatchRequestSchema)
@blp.response(200, OfferBatchSchema)
def post_batch(asked: dict[str, Any]) -> Any:
    """Approve or end up to 200 offers of a shop, each done or refused for itself, or preview that."""
    merchants.see_merchant(current_actor(), asked["merchant_id"])
    return _foresee(asked) if asked["preview"] else _decide(asked)


def _foresee(asked: dict[str, Any]) -> dict[str, list[Foreseen]]:
    found = several_offers.foresee(current_actor(), asked["merchant_id"], _seen(asked), step=asked["step"])
    return {"results": found}


@writes(OfferBatchSchema, keyed=True)
def _decide(asked: dict[str, Any]) -> dict[str, list[Foreseen]]:
    found = several_offers.decide_each(current_actor(), asked["merchant_id"], _seen(asked), step=asked["step"])
    return {"results": found}


def _seen(asked: dict[str, Any]) -> dict[UUID, int | None]:
    return {one["offer_id"]: one["version"] for one in asked["offers"]}


@blp.get("/offers/<id:offer_id>/pictures/<id:picture_id>.jpg")
@blp.arguments(PictureQuery, location="query")
@blp.response(200, content_type=MEDIA_TYPE)
def get_picture(asked: dict[str, Any], offer_id: UUID, picture_id: UUID) -> Response:
    """A picture of what is offered; `small` for lists. A draft's only for those who make and approve offers."""
    actor = current_actor()
    content = offer_pictures.read_picture(actor.tenant, offer_id, picture_id, actor=actor, is_small=asked["small"])
    return Response(content, content_type=MEDIA_TYPE, headers={"Cache-Control": "private, max-age=86400"})


def _terms(asked: dict[str, Any]) -> OfferTerms:
    branch_ids, picture_ids = asked.pop("branch_ids"), tuple(asked.pop("picture_ids"))
    places = tuple(branch_ids) if branch_ids is not None else None
    return OfferTerms(**asked, branch_ids=places, picture_ids=picture_ids)


def shown(view: OfferView) -> dict[str, Any]:
    """An offer for `OfferSchema`."""
    computed = {
        "id": view.terms.offer_id,
        "branch_ids": view.branch_ids,
        "picture_ids": view.terms.picture_ids or [],
        "usable": view.is_usable,
        "reasons": [reason.code for reason in view.reasons],
    }
    plain = set(OfferSchema().fields) - set(computed)
    return {name: getattr(view.terms, name) for name in plain} | computed
