"""Members who leave, move on or die; colleagues who leave the staff; wallets that stand still."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.fields import PageQuery
from api.schemas.leaving import (
    BegunListSchema,
    DeathPageSchema,
    DeathQuery,
    DeathRefusalSchema,
    DeathRequestSchema,
    DeathSchema,
    HeirSchema,
    LeaveRequestSchema,
    LeavingSchema,
    LeftSchema,
    MovedOnSchema,
    MovingOnSchema,
    RemindedSchema,
    RemindSchema,
    StaffEndedSchema,
    StaffEndRequestSchema,
    StillWalletPageSchema,
)
from api.writing import writes
from ledger.people import deaths, inactive, leaving
from ledger.people.leaving import Leaving
from ledger.people.life_models import Death
from ledger.people.models import Member
from ledger.people.offices import Offices

blp = resource("leaving", "Leaving, moving, deaths, staff who leave, wallets that stand still.")


@blp.get("/members/<id:member_id>/leaving")
@blp.response(200, LeavingSchema)
def get_leaving(member_id: UUID) -> Leaving:
    """What leaving would mean now: the wallet that waits, and what ends."""
    return leaving.preview_leaving(current_actor(), member_id)


@blp.post("/members/<id:member_id>/leave")
@blp.arguments(LeaveRequestSchema)
@blp.response(200, LeftSchema)
@writes(LeftSchema)
def post_leave(asked: dict[str, Any], member_id: UUID) -> Member:
    """Leave (oneself, or by staff): rights end at once, wallet and history wait."""
    return leaving.leave(current_actor(), member_id, reason=asked["reason"])


@blp.post("/move")
@blp.arguments(MovingOnSchema)
@blp.response(201, MovedOnSchema)
@writes(MovedOnSchema, status=201)
def post_move(asked: dict[str, Any]) -> Member:
    """Leave here and join there in one step; flowers do not travel."""
    return leaving.move_to(current_actor(), asked["community_id"], given=asked["consents"])


@blp.post("/members/<id:member_id>/end-staff")
@blp.arguments(StaffEndRequestSchema)
@blp.response(200, StaffEndedSchema)
@writes(StaffEndedSchema)
def post_end_staff(asked: dict[str, Any], member_id: UUID) -> Offices:
    """A colleague has left: every role, post, session and token ends at once."""
    return leaving.end_staff(current_actor(), member_id, to_id=asked["to_id"])


@blp.get("/unowned-work")
@blp.response(200, BegunListSchema)
def list_unowned_work() -> dict[str, Any]:
    """What colleagues who left had begun and nobody has decided, oldest first."""
    return {"items": leaving.unowned_work(current_actor())}


@blp.post("/deaths")
@blp.arguments(DeathRequestSchema)
@blp.response(201, DeathSchema)
@writes(DeathSchema, status=201, keyed=True)
def post_death(asked: dict[str, Any]) -> Death:
    """Record a death; nothing changes until a second person confirms."""
    return deaths.record_death(current_actor(), asked.pop("member_id"), **asked)


@blp.get("/deaths")
@blp.arguments(DeathQuery, location="query")
@blp.response(200, DeathPageSchema)
def list_deaths(asked: dict[str, Any]) -> dict[str, Any]:
    """The deaths the community knows of, newest first."""
    actor, limit = current_actor(), asked["limit"]
    return page(deaths.list_deaths(actor, status=asked["status"], before=asked["cursor"], limit=limit + 1), limit)


@blp.get("/deaths/<id:death_id>")
@blp.response(200, DeathSchema)
def get_death(death_id: UUID) -> Death:
    """One, and where it stands."""
    return deaths.see_death(current_actor(), death_id)


@blp.post("/deaths/<id:death_id>/confirm")
@blp.response(200, DeathSchema)
@writes(DeathSchema, keyed=True)
def post_confirmation(death_id: UUID) -> Death:
    """The second person confirms: the membership ends, the wallet waits for the heirs."""
    return deaths.confirm_death(current_actor(), death_id)


@blp.post("/deaths/<id:death_id>/refuse")
@blp.arguments(DeathRefusalSchema)
@blp.response(200, DeathSchema)
@writes(DeathSchema)
def post_refusal(asked: dict[str, Any], death_id: UUID) -> Death:
    """The second person says no, or who recorded it takes it back."""
    return deaths.refuse_death(current_actor(), death_id, note=asked["note"])


@blp.post("/deaths/<id:death_id>/heir")
@blp.arguments(HeirSchema)
@blp.response(200, DeathSchema)
@writes(DeathSchema)
def post_heir(asked: dict[str, Any], death_id: UUID) -> Death:
    """A relative has come forward."""
    return deaths.name_heir(current_actor(), death_id, asked["heir_id"])


@blp.post("/deaths/<id:death_id>/hand-over")
@blp.response(200, DeathSchema)
@writes(DeathSchema, keyed=True)
def post_hand_over(death_id: UUID) -> Death:
    """The relative has the flowers, each with its date."""
    return deaths.hand_to_heir(current_actor(), death_id)


@blp.get("/still-wallets")
@blp.arguments(PageQuery, location="query")
@blp.response(200, StillWalletPageSchema)
def list_still_wallets(asked: dict[str, Any]) -> dict[str, Any]:
    """Members with points and no movement for a year."""
    rows = inactive.list_still(current_actor(), after=asked["cursor"], limit=asked["limit"] + 1)
    return page(rows, asked["limit"], key="member.id")


@blp.post("/still-wallets/remind")
@blp.arguments(RemindSchema)
@blp.response(200, RemindedSchema)
@writes(RemindedSchema)
def post_reminder(asked: dict[str, Any]) -> dict[str, Any]:
    """Tell these members of their flowers; nothing is taken."""
    return {"told": inactive.remind_still(current_actor(), asked["member_ids"])}
