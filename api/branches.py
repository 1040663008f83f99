"""Branches of shops, and the posters of their counters."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from api import qr
from api.addresses import public_root
from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.branches import (
    BranchPageSchema,
    BranchQuery,
    BranchRequestSchema,
    BranchSchema,
    BranchWithPosterSchema,
)
from api.writing import writes
from ledger.rewards import merchants
from ledger.rewards.models import Branch

blp = resource("branches", "Counters of shops.")

PICTURE = {"type": "string", "format": "binary"}


@blp.get("/branches")
@blp.arguments(BranchQuery, location="query")
@blp.response(200, BranchPageSchema)
def list_branches(asked: dict[str, Any]) -> dict[str, Any]:
    """The branches of the shops I may see, newest first."""
    rows = merchants.list_branches(
        current_actor(), merchant_id=asked["merchant_id"], after=asked["cursor"], limit=asked["limit"] + 1
    )
    return page(rows, asked["limit"])


@blp.post("/branches")
@blp.arguments(BranchRequestSchema)
@blp.response(201, BranchSchema)
@writes(BranchSchema, status=201)
def post_branch(asked: dict[str, Any]) -> Branch:
    """Add a branch to a shop."""
    return merchants.add_branch(current_actor(), asked.pop("merchant_id"), **asked)


@blp.get("/branches/<id:branch_id>")
@blp.response(200, BranchWithPosterSchema)
def get_branch(branch_id: UUID) -> dict[str, Any]:
    """One branch, with what its poster names."""
    branch = merchants.see_branch(current_actor(), branch_id)
    shown = {name: getattr(branch, name) for name in BranchSchema().fields}
    code = merchants.poster_code(current_actor(), branch)
    return shown | {"merchant_code": code, "poster_url": f"{public_root()}/s/{code}"}


@blp.get("/branches/<id:branch_id>/poster.svg")
@blp.response(200, PICTURE, content_type="image/svg+xml")
def get_poster_svg(branch_id: UUID) -> Response:
    """The counter's QR code, to print at any size."""
    return qr.svg(_poster_url(branch_id))


@blp.get("/branches/<id:branch_id>/poster.png")
@blp.response(200, PICTURE, content_type="image/png")
def get_poster_png(branch_id: UUID) -> Response:
    """The counter's QR code, as pixels."""
    return qr.png(_poster_url(branch_id))


def _poster_url(branch_id: UUID) -> str:
    actor = current_actor()
    return f"{public_root()}/s/{merchants.poster_code(actor, merchants.see_branch(actor, branch_id))}"
