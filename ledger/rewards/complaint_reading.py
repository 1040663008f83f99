"""Complaints as people see them: a member their own, a shop's owner the shop's, the community all."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import Forbidden, NotFound
from ledger.core.orders import Age, arrange, by_age
from ledger.core.permissions import may, members_reached, reach, reaches_all, reaches_all_by_name, require
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.people import consents
from ledger.people.members import is_masked_for, mask_name, name_for_shops
from ledger.people.models import Member, Purpose
from ledger.rewards.complaint_models import Complaint, ComplaintState
from ledger.rewards.complaint_photos import photos as complaint_photos
from ledger.rewards.complaints import ANSWER, CLOSE, COMPLAIN, RECEIVED, WAITING
from ledger.rewards.merchants import is_behind_counter
from ledger.rewards.models import Merchant, OfferVersion, Redemption

SEE = "see_complaints"


class ComplaintView(NamedTuple):
    """A complaint with what it is about, as the actor sees it.

    Words, answer, note and photos may show somebody: who reads masked names reads and sees none. `steps` are those
    that the actor may take now: answer, close.
    """

    complaint: Complaint
    redemption: Redemption
    offer_name: str
    merchant_name: str
    member_name: str
    words: str
    answer: str
    note: str
    photo_ids: list[UUID]
    steps: list[str]


class ComplaintCounts(NamedTuple):
    """What anybody may know: how many wait, and how many of them have passed their day unanswered."""

    open: int
    overdue: int


def list_complaints(
    actor: Actor,
    *,
    is_mine: bool = False,
    is_overdue: bool = False,
    status: ComplaintState | None = None,
    order: Age | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> list[ComplaintView]:
    """The complaints that the actor may see: unless asked otherwise newest first, what waits oldest first.

    Raises Forbidden.
    """
    query = _described(actor.tenant).where(_visible(actor))
    if is_mine:
        query = query.where(Complaint.member_id.in_(actor.member_ids))
    if status is not None:
        query = query.where(Complaint.state == status)
    if is_overdue:
        query = query.where(_late())
    place = by_age(order, waiting=is_overdue or status is ComplaintState.OPEN)
    return _views(actor, arrange(query, place, Complaint.id, rows=query, after=after).limit(limit))


def see_complaint(actor: Actor, complaint_id: UUID) -> ComplaintView:
    """One complaint, by the same rule as the list. Raises NotFound, Forbidden."""
    row = load(actor.tenant, Complaint, complaint_id)
    require(actor, SEE, member_id=row.member_id, merchant_id=row.merchant_id)
    return _views(actor, _described(actor.tenant).where(Complaint.id == row.id))[0]


def complaints_of(actor: Actor, redemption_id: UUID) -> list[ComplaintView]:
    """The complaints about one redemption that the actor may see, newest first; none for who sees no complaints."""
    if not reach(actor, SEE):
        return []
    query = _described(actor.tenant).where(_visible(actor), Complaint.redemption_id == redemption_id)
    return _views(actor, query.order_by(Complaint.id.desc()).limit(20))


def may_complain(actor: Actor, redemption: Redemption) -> bool:
    """May the actor complain of it now: theirs or of whom they help, received, and no complaint that still waits?"""
    if redemption.state not in RECEIVED or not may(actor, COMPLAIN, member_id=redemption.member_id):
        return False
    waits = scoped(actor.tenant, Complaint.id).where(
        Complaint.redemption_id == redemption.id, Complaint.state.in_(WAITING)
    )
    return db.session.scalar(waits) is None


def read_photo(actor: Actor, complaint_id: UUID, photo_id: UUID) -> bytes:
    """The JPEG, for whoever reads the words of the complaint. Raises NotFound, Forbidden."""
    view = see_complaint(actor, complaint_id)
    if photo_id not in view.photo_ids:
        raise NotFound
    return complaint_photos.content(actor.tenant, view.complaint.id, photo_id)


def count_waiting_for(actor: Actor) -> ComplaintCounts:
    """How many wait for a step of this actor; none for whoever answers none."""
    if not reach(actor, ANSWER):
        return ComplaintCounts(0, 0)
    others = Complaint.member_id.not_in(actor.member_ids)
    return _counted(actor.tenant, _visible(actor, ANSWER), others)


def public_counts(community_id: UUID) -> ComplaintCounts:
    """The figures of the notice board."""
    return _counted(community_id)


def is_overdue(complaint: Complaint) -> bool:
    """Is it unanswered after its day?"""
    return complaint.state == ComplaintState.OPEN and complaint.due_at <= clock.now()


def _counted(community_id: UUID, *conditions: ColumnElement[bool]) -> ComplaintCounts:
    query = select(func.count(), func.count().filter(_late())).where(
        within(community_id, Complaint), Complaint.state.in_(WAITING), *conditions
    )
    waiting, late = db.session.execute(query).one()
    return ComplaintCounts(waiting, late)


def _late() -> ColumnElement[bool]:
    return and_(Complaint.state == ComplaintState.OPEN, Complaint.due_at <= clock.now())


def _visible(actor: Actor, verb: str = SEE) -> ColumnElement[bool]:
    scopes = reach(actor, verb)
    if not scopes:
        raise Forbidden
    if reaches_all(scopes):
        return Complaint.id.is_not(None)
    shops = [one.merchant_id for one in actor.counters if one.role in scopes]
    return or_(Complaint.member_id.in_(members_reached(actor, scopes)), Complaint.merchant_id.in_(shops))


def _described(community_id: UUID) -> Select[Any]:
    return (
        scoped(community_id, Complaint, Redemption, Member, OfferVersion.name)
        .add_columns(Merchant.name, consents.consents_to(Member.person_id, Purpose.SHARING_WITH_SHOPS))
        .where(
            within(community_id, OfferVersion),
            Redemption.id == Complaint.redemption_id,
            Member.id == Complaint.member_id,
            OfferVersion.offer_id == Redemption.offer_id,
            OfferVersion.version == Redemption.offer_version,
            Merchant.id == Complaint.merchant_id,
        )
    )


def _views(actor: Actor, query: Select[Any]) -> list[ComplaintView]:
    rows = db.session.execute(query).tuples().all()
    masked = is_masked_for(actor)
    read = {row.id for row, *_ in rows if not masked or row.member_id in actor.member_ids}
    photos = complaint_photos.of(actor.tenant, read)
    found = []
    for row, redemption, member, offer_name, merchant_name, shares in rows:
        words, answer, note = (row.words, row.answer, row.note) if row.id in read else ("", "", "")
        name = _name(actor, row, member, shares=bool(shares))
        steps, shown = _steps(actor, row), photos.get(row.id, [])
        found.append(ComplaintView(row, redemption, offer_name, merchant_name, name, words, answer, note, shown, steps))
    return found


def _name(actor: Actor, row: Complaint, member: Member, *, shares: bool) -> str:
    """The whole name for the member, their helper and the community; a shop reads what the member shares with shops."""
    if row.member_id in actor.member_ids | actor.helps:
        return member.name
    if is_masked_for(actor):
        return mask_name(member.name)
    if reaches_all_by_name(reach(actor, SEE)):
        return member.name
    return name_for_shops(member.name, shares=shares)


def _steps(actor: Actor, row: Complaint) -> list[str]:
    if row.member_id in actor.member_ids:
        return []
    steps = []
    if row.state == ComplaintState.OPEN and may(actor, ANSWER, merchant_id=row.merchant_id):
        steps.append("answer")
    if row.state in WAITING and may(actor, CLOSE) and not is_behind_counter(actor, row.merchant_id):
        steps.append("close")
    return steps
