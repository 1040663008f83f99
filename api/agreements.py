"""Agreements with shops: drafted, signed by two people, amended, suspended, ended."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.agreements import (
    AgreementPageSchema,
    AgreementQuery,
    AgreementRequestSchema,
    AgreementSchema,
    AgreementTermsSchema,
    AgreementWithVersionsSchema,
)
from api.versions import IF_MATCH, etag_of, version_in_hand, version_in_hand_or_none
from api.writing import writes
from ledger.rewards import agreements
from ledger.rewards.agreements import AgreementTerms
from ledger.rewards.models import Agreement

blp = resource("agreements", "Versioned contracts with shops.")


@blp.get("/agreements")
@blp.arguments(AgreementQuery, location="query")
@blp.response(200, AgreementPageSchema)
def list_agreements(asked: dict[str, Any]) -> dict[str, Any]:
    """The agreements I may see with their present terms, newest first."""
    rows = agreements.list_agreements(
        current_actor(), merchant_id=asked["merchant_id"], after=asked["cursor"], limit=asked["limit"] + 1
    )
    return page([_shown(agreement) | {"terms": terms} for agreement, terms in rows], asked["limit"])


@blp.post("/agreements")
@blp.arguments(AgreementRequestSchema)
@blp.response(201, AgreementSchema)
@writes(AgreementSchema, status=201)
def post_agreement(asked: dict[str, Any]) -> Agreement:
    """Draft an agreement with a shop, to be signed by two people."""
    merchant_id = asked.pop("merchant_id")
    return agreements.draft_agreement(current_actor(), merchant_id, terms=AgreementTerms(**asked))


@blp.get("/agreements/<id:agreement_id>")
@blp.response(200, AgreementWithVersionsSchema)
def get_agreement(agreement_id: UUID) -> tuple[dict[str, Any], dict[str, str]]:
    """One agreement with all its versions, newest first; the ETag names the newest."""
    agreement, versions = agreements.see_agreement(current_actor(), agreement_id)
    return _shown(agreement) | {"versions": versions}, etag_of(versions[0].version)


@blp.put("/agreements/<id:agreement_id>")
@blp.doc(parameters=[IF_MATCH])
@blp.arguments(AgreementTermsSchema)
@blp.response(200, AgreementSchema)
@writes(AgreementSchema)
def put_agreement(asked: dict[str, Any], agreement_id: UUID) -> Agreement:
    """Draft the next version; it is in force once two people have signed it."""
    terms = AgreementTerms(**asked)
    return agreements.amend_agreement(current_actor(), agreement_id, read_version=version_in_hand(), terms=terms)


@blp.post("/agreements/<id:agreement_id>/sign")
@blp.doc(parameters=[IF_MATCH])
@blp.response(200, AgreementSchema)
@writes(AgreementSchema)
def post_signature(agreement_id: UUID) -> Agreement:
    """Sign the version that waits; with If-Match only the one that was read."""
    return agreements.sign_agreement(current_actor(), agreement_id, version=version_in_hand_or_none())


@blp.post("/agreements/<id:agreement_id>/suspend")
@blp.response(200, AgreementSchema)
@writes(AgreementSchema)
def post_suspension(agreement_id: UUID) -> Agreement:
    """Stop redemption at the shop; open reservations go back."""
    return agreements.suspend_agreement(current_actor(), agreement_id)


@blp.post("/agreements/<id:agreement_id>/resume")
@blp.response(200, AgreementSchema)
@writes(AgreementSchema)
def post_resumption(agreement_id: UUID) -> Agreement:
    """Let the shop take part again."""
    return agreements.resume_agreement(current_actor(), agreement_id)


@blp.post("/agreements/<id:agreement_id>/end")
@blp.response(200, AgreementSchema)
@writes(AgreementSchema)
def post_end(agreement_id: UUID) -> Agreement:
    """End the agreement for good; open reservations go back."""
    return agreements.end_agreement(current_actor(), agreement_id)


def _shown(agreement: Agreement) -> dict[str, Any]:
    return {name: getattr(agreement, name) for name in AgreementSchema().fields}
