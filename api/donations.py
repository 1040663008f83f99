"""Donations: a member's own points for the community pot, and what the pot is used for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.donations import (
    DonationPageSchema,
    DonationQuery,
    DonationRequestSchema,
    DonationSchema,
    DonationStepSchema,
    PotSchema,
    PotUsePageSchema,
    PotUseQuery,
    PotUseRequestSchema,
    PotUseSchema,
)
from api.writing import writes
from ledger.rewards import donations, pot_uses
from ledger.rewards.donation_models import Donation, PotUse
from ledger.rewards.donations import DonationView
from ledger.rewards.pot_uses import Pot

blp = resource("donations", "Points given to the community pot, and what it is used for.")


@blp.get("/donations")
@blp.arguments(DonationQuery, location="query")
@blp.response(200, DonationPageSchema)
def list_donations(asked: dict[str, Any]) -> dict[str, Any]:
    """The donations I may see, newest first: my own, all for the community's staff."""
    rows = donations.list_donations(
        current_actor(), mine=asked["mine"], after=asked["cursor"], limit=asked["limit"] + 1
    )
    return page([_shown(row) for row in rows], asked["limit"])


@blp.post("/donations")
@blp.arguments(DonationRequestSchema)
@blp.response(201, DonationStepSchema)
@writes(DonationStepSchema, status=201, keyed=True)
def post_donation(asked: dict[str, Any]) -> Donation:
    """Give points of mine to the community pot."""
    return donations.give(current_actor(), asked["points"], purpose=asked["purpose"])


@blp.get("/donations/<id:donation_id>")
@blp.response(200, DonationSchema)
def get_donation(donation_id: UUID) -> dict[str, Any]:
    """One donation with its receipt number."""
    return _shown(donations.see_donation(current_actor(), donation_id))


@blp.post("/donations/<id:donation_id>/undo")
@blp.response(200, DonationStepSchema)
@writes(DonationStepSchema, keyed=True)
def post_undo(donation_id: UUID) -> Donation:
    """Take my donation back within ten minutes."""
    return donations.undo(current_actor(), donation_id)


@blp.get("/donations/pot")
@blp.response(200, PotSchema)
def get_pot() -> Pot:
    """What was given to the pot, used of it, and left."""
    return pot_uses.see_pot(current_actor())


@blp.get("/donations/uses")
@blp.arguments(PotUseQuery, location="query")
@blp.response(200, PotUsePageSchema)
def list_uses(asked: dict[str, Any]) -> dict[str, Any]:
    """What the pot was used for, newest first; what waits is for those who ask and approve."""
    rows = pot_uses.list_uses(current_actor(), status=asked["status"], after=asked["cursor"], limit=asked["limit"] + 1)
    return page(rows, asked["limit"])


@blp.post("/donations/uses")
@blp.arguments(PotUseRequestSchema)
@blp.response(201, PotUseSchema)
@writes(PotUseSchema, status=201, keyed=True)
def post_use(asked: dict[str, Any]) -> PotUse:
    """Ask to use points of the pot; nothing moves until a second person approves."""
    return pot_uses.ask_use(current_actor(), asked["points"], words=asked["words"])


@blp.post("/donations/uses/<id:use_id>/approve")
@blp.response(200, PotUseSchema)
@writes(PotUseSchema, keyed=True)
def post_approval(use_id: UUID) -> PotUse:
    """The second person approves: the points leave the pot, and every member reads for what."""
    return pot_uses.approve_use(current_actor(), use_id)


@blp.post("/donations/uses/<id:use_id>/decline")
@blp.response(200, PotUseSchema)
@writes(PotUseSchema)
def post_decline(use_id: UUID) -> PotUse:
    """The second person says no; nothing moves."""
    return pot_uses.decline_use(current_actor(), use_id)


@blp.post("/donations/uses/<id:use_id>/withdraw")
@blp.response(200, PotUseSchema)
@writes(PotUseSchema)
def post_withdrawal(use_id: UUID) -> PotUse:
    """Who asked takes it back; nothing moves."""
    return pot_uses.withdraw_use(current_actor(), use_id)


def _shown(view: DonationView) -> dict[str, Any]:
    plain = {name: getattr(view.donation, name) for name in ("id", "state", "points", "receipt_number", "transfer_id")}
    times = {name: getattr(view.donation, name) for name in ("given_at", "undone_at", "member_id")}
    return plain | times | {"member_name": view.member_name, "purpose": view.purpose}
