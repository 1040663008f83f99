"""Redeeming for somebody else: the owner of the points is on every record beside who acted, and is told each time."""

from __future__ import annotations

from uuid import UUID

from ledger.core import numbers
from ledger.core.permissions import may, require
from ledger.core.tenancy import Actor, load
from ledger.people.members import load_member
from ledger.people.models import Member, PlaceUnit
from ledger.people.notices import NoticeKind, declare, tell
from ledger.rewards import pooling
from ledger.rewards.errors import OwnRedemption
from ledger.rewards.merchants import is_behind_counter
from ledger.rewards.models import Redemption

RESERVED = declare(
    "redemption.helped_reserved",
    zh="有人替您预订了一次兑换（{points} 朵）。您或者代办人在 15 分钟内确认才算数。",
    en="Somebody reserved a redemption for you ({points} points). It counts once you or your helper confirm it.",
    by_phone=True,
)
CONFIRMED = declare(
    "redemption.helped_confirmed",
    zh="有人替您兑换，付了 {points} 朵，凭证末四位 {receipt}。",
    en="Somebody redeemed for you: {points} points, receipt ending in {receipt}.",
    by_phone=True,
)
CANCELLED = declare(
    "redemption.helped_cancelled",
    zh="有人替您取消了一次兑换，{points} 朵没有动。",
    en="Somebody cancelled a redemption for you; the {points} points are yours as before.",
)


def owner_if_confirmed(actor: Actor, redemption: Redemption) -> UUID | None:
    """The person for whom the actor confirms, named on the redemption from here on; None when it is their own.

    Raises OwnRedemption for the shop's own people: a clerk never confirms alone, as nobody's relative either.
    """
    if redemption.member_id in actor.member_ids:
        return None
    if is_behind_counter(actor, redemption.merchant_id):
        raise OwnRedemption
    redemption.on_behalf_of = load_member(redemption.community_id, redemption.member_id).person_id
    return redemption.on_behalf_of


def owner_if_cancelled(actor: Actor, redemption: Redemption) -> UUID | None:
    """The person for whom the actor gives the reservation back; None when it is their own.

    By whoever may as the member or their named relative, by whoever was to pay a part of it, by the staff who reserved
    it, or, on nobody's behalf, at the counter of its branch. Raises Forbidden.
    """
    if redemption.member_id in actor.member_ids:
        require(actor, "cancel_own_redemption", member_id=redemption.member_id)
        return None
    if pooling.is_contributor(actor, redemption):
        require(actor, "pool", member_id=actor.member_id)
        return None
    member = load_member(redemption.community_id, redemption.member_id)
    if may(actor, "cancel_own_redemption", member_id=member.id) or _reserved_as_staff(actor, redemption, member):
        return member.person_id
    require(actor, "use_till", merchant_id=redemption.merchant_id, branch_id=redemption.branch_id)
    return None


def _reserved_as_staff(actor: Actor, redemption: Redemption, member: Member) -> bool:
    """Did the actor reserve it for a member of their part, and do they still act for them?"""
    if redemption.on_behalf_of is None or redemption.reserved_by != actor.person_id:
        return False
    unit = load(redemption.community_id, PlaceUnit, member.unit_id)
    return may(actor, "act_for_member", member_id=member.id, unit_path=unit.path)


def tell_owner(actor: Actor, redemption: Redemption, kind: NoticeKind, owner_id: UUID | None) -> None:
    """The owner reads what was done for them; with None nobody is told of what they did themself."""
    if owner_id is None:
        return
    tell(
        redemption.community_id,
        owner_id,
        kind,
        by=actor.person_id.hex,
        redemption_id=redemption.id.hex,
        points=redemption.points,
        receipt=numbers.last_four(redemption.receipt_number),
    )
