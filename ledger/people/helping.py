"""Helpers (代办): a member names a relative who may act for them. Live once both agreed; ended by either at any time.

What a helper may and may not do: docs/adr/0018-helpers-act-in-the-open.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import aliased

from ledger.core import audit, clock, outbox, registry
from ledger.core.db import atomic, db
from ledger.core.errors import AlreadyExists, Forbidden, TooManyRequests, WrongState
from ledger.core.exporting import facts_of
from ledger.core.ids import NOBODY, first_id_at, new_id
from ledger.core.permissions import may, require
from ledger.core.tenancy import Actor, load, same_community, scoped, within
from ledger.people import children, consents, phones
from ledger.people.errors import HelperLimit, HelperUnknown, OwnHelp
from ledger.people.helping_models import HelperLink, HelpState, Relation
from ledger.people.members import load_member, member_of
from ledger.people.models import Member, MemberState, PlaceUnit, Purpose
from ledger.people.notices import declare, tell

MOST_HELPERS = 3
"""So many people may act for one member."""
MOST_HELPED = 5
"""For so many members may one person act."""
TRIES_AN_HOUR = 10
"""So often an hour may somebody ask for a name and a number that nobody has."""

OPEN = (HelpState.ASKED, HelpState.LIVE)
_GUESSED = "people.helper_unknown"

ASKED = declare(
    "helping.asked",
    zh="有人请您做代办人。请到“代办”里看一看，同意或者不同意。",
    en='Somebody asks you to be their helper. Look under "Helpers" and say yes or no.',
    by_phone=True,
)
CONSENT_ASKED = declare(
    "helping.consent_asked",
    zh="社区给您登记了一位代办人。请到“代办”里看一看，同意了才算数。",
    en='The community registered a helper for you. Look under "Helpers": nothing counts until you agree.',
    by_phone=True,
)
REGISTERED = declare(
    "helping.registered",
    zh="社区按您当面说的，登记了一位代办人，等对方同意。不对的话请马上告诉社区。",
    en="As you said in person, the community registered a helper for you, who must agree. Tell them if that is wrong.",
)
BEGUN = declare(
    "helping.begun",
    zh="代办开始了：从现在起，代办人可以替您签到、兑换。随时可以结束。",
    en="Your helper may check in and redeem for you from now on. You may end it at any time.",
    by_phone=True,
)
MAY_ACT = declare(
    "helping.may_act",
    zh="代办开始了：您可以替家人签到、兑换，每次都会告诉本人。",
    en="You may check in and redeem for your relative from now on; they are told each time.",
)
ENDED = declare("helping.ended", zh="一个代办结束了。", en="A helper's right to act has ended.", by_phone=True)


class Found(NamedTuple):
    """Who is named as helper: by id (staff, from the list of members), or by name and number together."""

    helper_id: UUID | None = None
    name: str = ""
    phone: str | None = None


class LinkView(NamedTuple):
    """A link with the two people it binds."""

    link: HelperLink
    member: Member
    helper: Member


@atomic
def name_helper(
    actor: Actor,
    member_id: UUID,
    *,
    found: Found,
    relation: Relation,
    note: str = "",
    is_in_presence: bool = False,
    is_guardian: bool = False,
) -> HelperLink:
    """The helper is asked to act for the member; nothing may be done before both agreed.

    `is_guardian`: the helper is asked to answer for a child under fourteen, and consents in its place.

    The member names on their own phone, which is their consent. Staff register: with the member's word given in
    presence (`is_in_presence`, the note says how), else the member agrees on their own phone.

    Raises NotFound (member, helper), Forbidden, TooManyRequests, HelperUnknown, OwnHelp, WrongState (somebody has
    left), NoChild (as a guardian), AlreadyExists, HelperLimit.
    """
    member = load_member(actor.tenant, member_id)
    unit = load(actor.tenant, PlaceUnit, member.unit_id)
    require(actor, "name_helper", member_id=member.id, unit_path=unit.path)
    helper = _find(actor, found)
    is_own = member.id == actor.member_id
    if helper.id == member.id or (helper.id == actor.member_id and not is_own):
        raise OwnHelp
    _lock(actor.tenant, member, helper)
    if is_guardian:
        children.refuse_unfit(member, helper)
    _refuse_full(actor.tenant, member, helper)
    now = clock.now()
    link = HelperLink(
        community_id=actor.tenant,
        id=new_id(),
        member_id=member.id,
        helper_id=helper.id,
        relation=relation,
        state=HelpState.ASKED,
        note=note,
        asked_at=now,
        asked_by=actor.person_id,
        consented_at=now if is_own or is_in_presence else None,
        is_in_presence=is_in_presence and not is_own,
        is_guardian=is_guardian,
    )
    db.session.add(link)
    db.session.flush()
    _tell_asked(actor, link, member, helper)
    return link


def _tell_asked(actor: Actor, link: HelperLink, member: Member, helper: Member) -> None:
    """The helper is asked; the member too, unless they asked themself or said yes in presence."""
    audit.record(
        actor, "people.name_helper", link.id, on_behalf_of=actor.acts_for(member.person_id), helper_id=helper.id.hex
    )
    outbox.announce(actor, "helper.asked", link_id=link.id.hex)
    tell(actor.tenant, helper.person_id, ASKED, by=member.person_id.hex, link_id=link.id.hex)
    if member.id != actor.member_id:
        kind = REGISTERED if link.is_in_presence else CONSENT_ASKED
        tell(actor.tenant, member.person_id, kind, by=actor.person_id.hex, link_id=link.id.hex)


def _find(actor: Actor, found: Found) -> Member:
    """The member who is named: staff name whom they see, everybody else by name and number together."""
    if found.helper_id is not None:
        helper = load_member(actor.tenant, found.helper_id)
        place = load(actor.tenant, PlaceUnit, helper.unit_id)
        require(actor, "see_members", member_id=helper.id, unit_path=place.path)
        return helper
    _refuse_guessing(actor)
    person_id = phones.person_with(found.phone) if found.phone else None
    known = member_of(actor.tenant, person_id) if person_id else None
    if known is None or known.name != found.name.strip():
        raise HelperUnknown(afterwards=lambda: audit.record(actor, _GUESSED, outcome=HelperUnknown.code))
    return known


def _refuse_guessing(actor: Actor) -> None:
    """Nobody finds out by trying who is a member here."""
    since = clock.now() - timedelta(hours=1)
    tries = scoped(actor.tenant, audit.AuditLine.at).where(
        audit.AuditLine.actor_id == actor.person_id,
        audit.AuditLine.id > first_id_at(since),
        audit.AuditLine.action == _GUESSED,
    )
    made = list(db.session.scalars(tries.order_by(audit.AuditLine.id.desc()).limit(TRIES_AN_HOUR)))
    if len(made) >= TRIES_AN_HOUR:
        raise TooManyRequests(retry_after=max(1, int((made[-1] - since).total_seconds())))


def _lock(community_id: UUID, *people: Member) -> None:
    """One after the other who counts their helpers; WrongState for whoever has left."""
    for one in sorted(people, key=lambda member: member.id):
        if load(community_id, Member, one.id, lock=True).state != MemberState.ACTIVE:
            raise WrongState(state=one.state)


def _refuse_full(community_id: UUID, member: Member, helper: Member) -> None:
    query = scoped(community_id, HelperLink.member_id, HelperLink.helper_id).where(
        HelperLink.state.in_(OPEN), or_(HelperLink.member_id == member.id, HelperLink.helper_id == helper.id)
    )
    pairs = db.session.execute(query).tuples().all()
    if (member.id, helper.id) in pairs:
        raise AlreadyExists
    if sum(one == member.id for one, _ in pairs) >= MOST_HELPERS:
        raise HelperLimit(most=MOST_HELPERS)
    if sum(other == helper.id for _, other in pairs) >= MOST_HELPED:
        raise HelperLimit(most=MOST_HELPED)


@atomic
def agree(actor: Actor, link_id: UUID) -> HelperLink:
    """The actor has said yes, as the helper or as the member; the link is live once both have.

    With a guardian's link the child's service may be recorded: that is what the guardian agrees to.

    Raises NotFound, Forbidden (neither of the two), WrongState (not open, or agreed before).
    """
    link = load(actor.tenant, HelperLink, link_id, lock=True)
    if actor.member_id is None or actor.member_id not in (link.member_id, link.helper_id):
        raise Forbidden
    is_helper = actor.member_id == link.helper_id
    if link.state != HelpState.ASKED or (link.accepted_at if is_helper else link.consented_at):
        raise WrongState(state=link.state)
    if is_helper:
        link.accepted_at = clock.now()
    else:
        link.consented_at = clock.now()
    if link.accepted_at and link.consented_at:
        link.state = HelpState.LIVE
    db.session.flush()
    audit.record(actor, "people.agree_to_help", link.id)
    if link.state == HelpState.LIVE:
        outbox.announce(actor, "helper.begun", link_id=link.id.hex)
        member, helper = (load_member(actor.tenant, one) for one in (link.member_id, link.helper_id))
        if link.is_guardian:
            consents.give(member.person_id, [Purpose.SERVICE], by=helper.person_id)
        tell(actor.tenant, member.person_id, BEGUN, by=helper.person_id.hex, link_id=link.id.hex)
        tell(actor.tenant, helper.person_id, MAY_ACT, by=member.person_id.hex, link_id=link.id.hex)
    return link


@atomic
def end_help(actor: Actor, link_id: UUID) -> HelperLink:
    """The helper may do nothing for the member from this moment; what was only asked is declined.

    By either of the two, or by staff who register helpers in the member's part. Raises NotFound, Forbidden, WrongState.
    """
    link = load(actor.tenant, HelperLink, link_id, lock=True)
    member = load_member(actor.tenant, link.member_id)
    if actor.member_id is None or actor.member_id != link.helper_id:
        unit = load(actor.tenant, PlaceUnit, member.unit_id)
        require(actor, "name_helper", member_id=member.id, unit_path=unit.path)
    if link.state not in OPEN:
        raise WrongState(state=link.state)
    _end(actor, link, member)
    return link


def end_all(actor: Actor, member_id: UUID, *, untold: UUID | None = None) -> None:
    """Every open link of a member who leaves is over, on both sides; in the present transaction.

    Both people of a link are told, but for `untold`: nobody writes to the dead.
    """
    query = (
        scoped(actor.tenant, HelperLink).where(of_member(member_id), HelperLink.state.in_(OPEN)).order_by(HelperLink.id)
    )
    links = list(db.session.scalars(query.with_for_update()))
    for link in links:
        _end(actor, link, load_member(actor.tenant, link.member_id), untold=untold)


def _end(actor: Actor, link: HelperLink, member: Member, *, untold: UUID | None = None) -> None:
    link.state = HelpState.ENDED if link.state == HelpState.LIVE else HelpState.DECLINED
    link.ended_at, link.ended_by = clock.now(), actor.person_id
    db.session.flush()
    audit.record(actor, "people.end_help", link.id, on_behalf_of=actor.acts_for(member.person_id))
    outbox.announce(actor, "helper.ended", link_id=link.id.hex)
    helper = load_member(actor.tenant, link.helper_id)
    for told in (member.person_id, helper.person_id):
        if told not in (actor.person_id, untold):
            tell(actor.tenant, told, ENDED, by=actor.person_id.hex, link_id=link.id.hex)


# --- reading ----------------------------------------------------------------------------------------------------


def helpers_of(actor: Actor, member_id: UUID, *, after: UUID | None = None, limit: int | None = None) -> list[LinkView]:
    """Who acts and acted for the member, newest first; `limit` None is all. Raises NotFound, Forbidden."""
    member = load_member(actor.tenant, member_id)
    unit = load(actor.tenant, PlaceUnit, member.unit_id)
    require(actor, "see_helpers", member_id=member.id, unit_path=unit.path)
    return _views(actor.tenant, HelperLink.member_id == member.id, after, limit)


def helped_by(actor: Actor, member_id: UUID, *, after: UUID | None = None, limit: int | None = None) -> list[LinkView]:
    """For whom the member acts and acted, by the same rule. Raises NotFound, Forbidden."""
    member = load_member(actor.tenant, member_id)
    unit = load(actor.tenant, PlaceUnit, member.unit_id)
    require(actor, "see_helpers", member_id=member.id, unit_path=unit.path)
    return _views(actor.tenant, HelperLink.helper_id == member.id, after, limit)


def see_link(actor: Actor, link_id: UUID) -> LinkView:
    """One link, for the two whom it binds and for whoever sees the member's helpers: NotFound, Forbidden."""
    link = load(actor.tenant, HelperLink, link_id)
    member = load_member(actor.tenant, link.member_id)
    unit = load(actor.tenant, PlaceUnit, member.unit_id)
    is_helper = actor.member_id is not None and actor.member_id == link.helper_id
    if not is_helper and not may(actor, "see_helpers", member_id=member.id, unit_path=unit.path):
        raise Forbidden
    return LinkView(link, member, load_member(actor.tenant, link.helper_id))


def helped_now(actor: Actor) -> list[Member]:
    """The members for whom the actor may act now, by name."""
    if not actor.helps:
        return []
    query = scoped(actor.tenant, Member).where(Member.id.in_(actor.helps)).order_by(Member.sort_key, Member.id)
    return list(db.session.scalars(query))


def of_member(member_id: UUID) -> ColumnElement[bool]:
    """SQL: the links of a member, on either side."""
    return or_(HelperLink.member_id == member_id, HelperLink.helper_id == member_id)


def _views(community_id: UUID, wanted: ColumnElement[bool], after: UUID | None, limit: int | None) -> list[LinkView]:
    helper = aliased(Member)
    query = scoped(community_id, HelperLink, Member).add_columns(helper)
    query = query.where(
        within(community_id, helper), Member.id == HelperLink.member_id, helper.id == HelperLink.helper_id, wanted
    )
    if after is not None:
        query = query.where(HelperLink.id < after)
    rows: Sequence[Any] = db.session.execute(query.order_by(HelperLink.id.desc()).limit(limit)).all()
    return [LinkView(*row) for row in rows]


# --- a person's data --------------------------------------------------------------------------------------------


def _of_person(person_id: UUID) -> ColumnElement[bool]:
    """SQL: the links of a person's memberships, in every community."""
    mine = select(Member.id).where(same_community(Member, HelperLink), Member.person_id == person_id)
    return or_(HelperLink.member_id.in_(mine), HelperLink.helper_id.in_(mine))


def export_links(person_id: UUID) -> dict[str, Any]:
    """Who acted for the person and for whom the person acted: dates and states, without the others' names."""
    helper_is_me = select(Member.id).where(same_community(Member, HelperLink), Member.person_id == person_id)
    query = select(HelperLink, HelperLink.helper_id.in_(helper_is_me)).where(_of_person(person_id))
    rows = db.session.execute(query.order_by(HelperLink.id)).tuples()
    return {
        "helpers": [
            facts_of(link, "relation", "is_guardian", "state", "asked_at", "consented_at", "accepted_at", "ended_at")
            | {"as": "helper" if is_helper else "member", "note": "" if is_helper else link.note}
            for link, is_helper in rows
        ]
    }


@atomic
def erase_links(person_id: UUID) -> None:
    """Nobody acts for the person or in their name any more, and no note speaks of them; that there was a link stays."""
    ending = update(HelperLink).where(_of_person(person_id), HelperLink.state.in_(OPEN))
    for state, after in ((HelpState.LIVE, HelpState.ENDED), (HelpState.ASKED, HelpState.DECLINED)):
        one = ending.where(HelperLink.state == state).values(state=after, ended_at=clock.now(), ended_by=NOBODY)
        db.session.execute(one, execution_options={"synchronize_session": False})
    blank = update(HelperLink).where(_of_person(person_id)).values(note="")
    db.session.execute(blank, execution_options={"synchronize_session": False})


registry.exporters["helpers"] = export_links
registry.erasers["helpers"] = erase_links
