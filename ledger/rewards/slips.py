"""Numbered slips: what a shop gave while it was offline, written by hand and entered afterwards.

A slip promises the shop nothing. Entered in time, within its cap and covered by the member's points and the fund, it
is reserved, and the member confirms it, or the community does after its check. What is refused, the shop bears.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import exists, func, select

from ledger.core import audit, clock, numbers, outbox
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, NotFound
from ledger.core.ids import new_id
from ledger.core.permissions import may, require, require_any
from ledger.core.second_person import require_another
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.people import cards, guesses
from ledger.people.members import load_member
from ledger.people.notices import declare, tell
from ledger.rewards import redemptions
from ledger.rewards.agreements import version_of
from ledger.rewards.errors import (
    AgreementNotActive,
    NoSlips,
    OwnRedemption,
    SlipExpired,
    SlipLate,
    SlipOverCap,
    SlipsLeft,
    SlipUnknown,
    SlipUsed,
)
from ledger.rewards.merchants import is_behind_counter
from ledger.rewards.models import Agreement, AgreementState, Branch, Offer, Path, Redemption, RedemptionState, Via
from ledger.rewards.slip_models import GOOD_FOR, Slip, SlipPad
from ledger.rewards.terms import Terms, Wish, obstacles_to_buying, read_terms
from ledger.rewards.tills import counter_of
from ledger.rewards.ways import Arrival

TILL, CHECK = "use_till", "check_slips"

PAD = 20
MOST_BLANK = 40
"""So many slips of a branch may lie about unused and not expired."""

CONFIRM_WITHIN = timedelta(days=7)

OPEN_AGAIN = (RedemptionState.CANCELLED, RedemptionState.EXPIRED)

ENTERED = declare(
    "rewards.slip_entered",
    zh="一家店补录了您 {day} 凭单子换的东西，{points} 朵红花。是您换的请在 7 天内确认，不是请取消。",
    en="A shop entered what you took on {day} by a paper slip: {points} points. Confirm or cancel it in 7 days.",
    by_phone=True,
)


@atomic
def print_pad(actor: Actor, branch_id: UUID | None = None) -> SlipPad:
    """Twenty blank slips with numbers of their own exist for the branch, under the agreement of today.

    Raises NotFound, Forbidden, BranchRequired, AgreementNotActive, NoSlips (the agreement has none), SlipsLeft.
    """
    branch = counter_of(actor, branch_id)
    query = scoped(actor.tenant, Agreement).where(
        Agreement.merchant_id == branch.merchant_id, Agreement.state == AgreementState.ACTIVE
    )
    agreement = db.session.scalars(query.with_for_update()).one_or_none()
    if agreement is None:
        raise AgreementNotActive
    terms = version_of(agreement, agreement.version)
    if not terms.slip_points:
        raise NoSlips
    if _count_blank(actor.tenant, branch.id) + PAD > MOST_BLANK:
        raise SlipsLeft(most=MOST_BLANK)
    pad = SlipPad(
        community_id=actor.tenant,
        id=new_id(),
        merchant_id=branch.merchant_id,
        branch_id=branch.id,
        agreement_id=agreement.id,
        cap_points=terms.slip_points,
        days=terms.slip_days,
        printed_at=clock.now(),
        actor_id=actor.person_id,
    )
    db.session.add(pad)
    db.session.flush()
    db.session.add_all(
        Slip(community_id=actor.tenant, id=new_id(), pad_id=pad.id, number=_next_number(actor.tenant))
        for _ in range(PAD)
    )
    db.session.flush()
    audit.record(actor, "rewards.print_slips", pad.id, branch_id=branch.id.hex, slips=PAD)
    outbox.announce(actor, "slips.printed", pad_id=pad.id.hex)
    return pad


def _count_blank(community_id: UUID, branch_id: UUID) -> int:
    """Those that can still be filled in."""
    query = select(func.count(Slip.id)).where(
        within(community_id, Slip, SlipPad),
        Slip.pad_id == SlipPad.id,
        SlipPad.branch_id == branch_id,
        SlipPad.printed_at >= clock.start_of_day(clock.today() - GOOD_FOR),
        Slip.redemption_id.is_(None),
    )
    return int(db.session.scalar(query) or 0)


def _next_number(community_id: UUID) -> str:
    """Six digits and a character that sees a wrong one."""
    body = f"{numbers.next_in_series(community_id, 'slips'):06d}"
    return body + numbers.check_character(body)


@atomic
def enter_slip(
    actor: Actor, number: str, *, card_code: str, offer_id: UUID, quantity: int = 1, filled_on: date
) -> Redemption:
    """What the slip says is reserved for seven days; the member is told and confirms it, or the community.

    By whoever stands at a counter of the branch. Raises Forbidden, TooManyRequests, SlipUnknown (also another
    branch's), SlipUsed, SlipLate (or of a day before its pad), SlipExpired, what the card earns, OwnRedemption,
    NotFound (offer), SlipOverCap, what stands against buying the offer now: the agreement, the offer, stock, caps,
    points, fund.
    """
    require_any(actor, TILL)
    guesses.refuse_guessing(actor)
    slip, pad = _slip_in_hand(actor, number)
    if not max(clock.today() - timedelta(days=pad.days), clock.local_day(pad.printed_at)) <= filled_on <= clock.today():
        raise SlipLate(days=pad.days)
    if filled_on > pad.last_day:
        raise SlipExpired(day=pad.last_day.isoformat())
    scanned = cards.look_up(actor, card_code)
    if scanned.refusal is not None:
        raise scanned.refusal
    member_id = scanned.member_id
    if member_id is None or member_id == actor.member_id:
        raise OwnRedemption
    terms, wish = _granted(actor, pad, member_id, offer_id, quantity)
    arrival = Arrival(member_id, pad.branch_id, Via.CARD, terms)
    redemption = redemptions.begin_by_slip(actor, arrival, wish, until=wish.at + CONFIRM_WITHIN)
    slip.redemption_id, slip.filled_on = redemption.id, filled_on
    slip.entered_at, slip.entered_by = wish.at, actor.person_id
    db.session.flush()
    audit.record(actor, "rewards.enter_slip", slip.id, redemption_id=redemption.id.hex, points=redemption.points)
    person_id = load_member(actor.tenant, member_id).person_id
    facts = {"redemption_id": redemption.id.hex, "day": filled_on.isoformat(), "points": redemption.points}
    tell(actor.tenant, person_id, ENTERED, **facts)
    return redemption


def _slip_in_hand(actor: Actor, number: str) -> tuple[Slip, SlipPad]:
    """The slip, which nobody else enters meanwhile, of a counter where the actor stands."""
    typed = "".join(filter(str.isalnum, number)).upper()
    slip: Slip | None = db.session.scalars(
        scoped(actor.tenant, Slip).where(Slip.number == typed).with_for_update()
    ).one_or_none()
    pad = None if slip is None else load(actor.tenant, SlipPad, slip.pad_id)
    if slip is None or pad is None or not may(actor, TILL, merchant_id=pad.merchant_id, branch_id=pad.branch_id):
        raise SlipUnknown
    if slip.redemption_id is not None:
        before = load(actor.tenant, Redemption, slip.redemption_id)
        if redemptions.state_at(before, clock.now()) not in OPEN_AGAIN:
            raise SlipUsed
    return slip, pad


def _granted(actor: Actor, pad: SlipPad, member_id: UUID, offer_id: UUID, quantity: int) -> tuple[Terms, Wish]:
    """The terms of now: what was given offline is given, but on no terms that have ended."""
    now = clock.now()
    this = (Offer.id == offer_id, Offer.merchant_id == pad.merchant_id)
    here = Branch.id == pad.branch_id
    found = read_terms(actor.tenant, *this, member_id=member_id, at=now, place=here, path=Path.SLIP)
    if not found:
        raise NotFound
    wish = Wish(at=now, branch_id=pad.branch_id, quantity=quantity)
    if found[0].points * quantity > pad.cap_points:
        raise SlipOverCap(cap=pad.cap_points)
    for refusal in obstacles_to_buying(found[0], wish):
        raise refusal
    return found[0], wish


@atomic
def accept_slip(actor: Actor, slip_id: UUID) -> Redemption:
    """The community has checked the paper and the member's word: points and money have moved; the member is told.

    Never by whoever entered it, nor behind the shop's counter, nor for oneself. Raises NotFound, Forbidden, OwnStep,
    SlipUnknown (a blank one), and what `redemptions.confirm` raises of its state.
    """
    slip = load(actor.tenant, Slip, slip_id, lock=True)
    pad = load(actor.tenant, SlipPad, slip.pad_id)
    require(actor, CHECK)
    if is_behind_counter(actor, pad.merchant_id):
        raise Forbidden
    if slip.redemption_id is None:
        raise SlipUnknown
    require_another(actor, slip.entered_by)
    owner_id = load_member(actor.tenant, load(actor.tenant, Redemption, slip.redemption_id).member_id).person_id
    require_another(actor, owner_id)
    redemption = redemptions.confirm_checked(actor, slip.redemption_id, owner_id=owner_id)
    slip.checked_by = actor.person_id
    db.session.flush()
    audit.record(actor, "rewards.accept_slip", slip.id, on_behalf_of=owner_id, redemption_id=redemption.id.hex)
    return redemption


SlipRow = tuple[Slip, Redemption | None]
"""A slip with the redemption that it became, if it did."""

# --- reading ----------------------------------------------------------------------------------------------------


def list_pads(actor: Actor, branch_id: UUID | None = None) -> list[tuple[SlipPad, list[SlipRow]]]:
    """The branch's newest ten pads, each with its slips in order and what they became.

    Raises NotFound, Forbidden, BranchRequired.
    """
    branch = counter_of(actor, branch_id)
    query = scoped(actor.tenant, SlipPad).where(SlipPad.branch_id == branch.id).order_by(SlipPad.id.desc()).limit(10)
    pads = list(db.session.scalars(query))
    slips = scoped(actor.tenant, Slip).where(Slip.pad_id.in_([pad.id for pad in pads])).order_by(Slip.number)
    found = _with_redemptions(actor.tenant, list(db.session.scalars(slips)))
    return [(pad, [row for row in found if row[0].pad_id == pad.id]) for pad in pads]


def see_pad(actor: Actor, pad_id: UUID) -> tuple[SlipPad, list[Slip]]:
    """A pad with its slips in order, for whoever stands at a counter of its branch: NotFound, Forbidden."""
    pad = load(actor.tenant, SlipPad, pad_id)
    require(actor, TILL, merchant_id=pad.merchant_id, branch_id=pad.branch_id)
    query = scoped(actor.tenant, Slip).where(Slip.pad_id == pad.id).order_by(Slip.number)
    return pad, list(db.session.scalars(query))


def list_waiting(actor: Actor, *, limit: int = 200) -> list[SlipRow]:
    """The slips that members have not confirmed yet, for the community's check, oldest first. Raises Forbidden."""
    require(actor, CHECK)
    waits = exists(
        select(Redemption.id).where(
            within(actor.tenant, Redemption),
            Redemption.id == Slip.redemption_id,
            Redemption.state == RedemptionState.RESERVED,
            Redemption.expires_at > clock.now(),
        )
    )
    query = scoped(actor.tenant, Slip).where(waits).order_by(Slip.entered_at, Slip.id).limit(limit)
    return _with_redemptions(actor.tenant, list(db.session.scalars(query)))


def slip_of(community_id: UUID, redemption_id: UUID) -> Slip | None:
    """The slip that a redemption was entered from, if it was."""
    query = scoped(community_id, Slip).where(Slip.redemption_id == redemption_id)
    found: Slip | None = db.session.scalars(query).one_or_none()
    return found


def _with_redemptions(community_id: UUID, slips: Sequence[Slip]) -> list[SlipRow]:
    ids = [slip.redemption_id for slip in slips if slip.redemption_id is not None]
    query = scoped(community_id, Redemption).where(Redemption.id.in_(ids))
    found = {one.id: one for one in db.session.scalars(query)}
    return [(slip, found.get(slip.redemption_id) if slip.redemption_id else None) for slip in slips]
