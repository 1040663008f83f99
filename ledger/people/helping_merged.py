"""Two members of one person become one, and again two: whoever acted for one of them acts for the one."""

from __future__ import annotations

from uuid import UUID

from ledger.core import audit, clock, ids
from ledger.core.db import db
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor, load, scoped
from ledger.people.helping import OPEN, of_member
from ledger.people.helping_models import HelperLink, HelpState
from ledger.people.models import Member
from ledger.people.offices import Handed

_KEPT = (
    "relation",
    "state",
    "note",
    "asked_at",
    "asked_by",
    "consented_at",
    "is_in_presence",
    "is_guardian",
    "accepted_at",
)


def hand_over_links(actor: Actor, member: Member, receiver: Member) -> Handed:
    """The open links of `member` are the receiver's, on either side; none twice, and none to oneself.

    The limits of helpers are not asked: these are links that both sides agreed to.
    """
    return [(link.id.hex, _move(actor, link, member, receiver)) for link in _open_of(member)]


def hand_back_links(actor: Actor, member: Member, handed: Handed) -> None:
    """The links are the member's again, where they are still open: what ended meanwhile stays ended."""
    for ended, given in handed:
        was = load(actor.tenant, HelperLink, ids.parse(ended))
        instead = load(actor.tenant, HelperLink, ids.parse(given), lock=True) if given else was
        if instead is not was and instead.state not in OPEN:
            continue
        state = instead.state if instead is not was else _state_before(was)
        if instead is not was:
            _end(actor, instead)
        _add(actor, was, was.member_id, was.helper_id, state=state)


def _open_of(member: Member) -> list[HelperLink]:
    query = scoped(member.community_id, HelperLink).where(of_member(member.id), HelperLink.state.in_(OPEN))
    return list(db.session.scalars(query.order_by(HelperLink.id).with_for_update()))


def _move(actor: Actor, link: HelperLink, member: Member, receiver: Member) -> str | None:
    state = link.state
    _end(actor, link)
    sides = [receiver.id if one == member.id else one for one in (link.member_id, link.helper_id)]
    if sides[0] == sides[1] or _is_open(actor, *sides):
        return None
    return _add(actor, link, *sides, state=state).hex


def _is_open(actor: Actor, member_id: UUID, helper_id: UUID) -> bool:
    query = scoped(actor.tenant, HelperLink.id).where(
        HelperLink.member_id == member_id, HelperLink.helper_id == helper_id, HelperLink.state.in_(OPEN)
    )
    return db.session.scalar(query) is not None


def _state_before(link: HelperLink) -> str:
    return HelpState.LIVE if link.state == HelpState.ENDED else HelpState.ASKED


def _end(actor: Actor, link: HelperLink) -> None:
    link.state = HelpState.ENDED if link.state == HelpState.LIVE else HelpState.DECLINED
    link.ended_at, link.ended_by = clock.now(), actor.person_id
    db.session.flush()


def _add(actor: Actor, like: HelperLink, member_id: UUID, helper_id: UUID, *, state: str) -> UUID:
    kept = {name: getattr(like, name) for name in _KEPT} | {"state": state}
    link = HelperLink(community_id=actor.tenant, id=new_id(), member_id=member_id, helper_id=helper_id, **kept)
    db.session.add(link)
    db.session.flush()
    audit.record(actor, "people.move_help", link.id, was=like.id.hex)
    return link.id
