"""Sessions and tokens are rows: hashed, expiring, revoked at once. From one comes the Actor with all its rights."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import CompoundSelect, Select, Uuid, bindparam, cast, literal, null, or_, select, union_all, update
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement

from ledger.core import audit, clock, secrets, walls
from ledger.core.db import atomic, db, in_atomic
from ledger.core.errors import NotFound, NotSignedIn
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor, Counter, Grant, Role, scoped, within
from ledger.people import second_factor
from ledger.people.helping_models import HelperLink, HelpState
from ledger.people.models import (
    Community,
    CounterStaff,
    Member,
    MemberState,
    Oversight,
    OversightGrant,
    PlaceUnit,
    Post,
    PostKind,
    RoleGrant,
    Session,
    SessionKind,
)

HELPS = "helps"
"""Stands for a role in the statement that reads all rights: the row names a member whom the person helps."""

ALIAS = "alias"
"""Marks the rows of merged members beside those of roles."""

LIVES_DAYS = {SessionKind.BROWSER: 90, SessionKind.API: 365, SessionKind.DEVICE: 7}


@atomic
def open_session(
    person_id: UUID,
    *,
    kind: SessionKind,
    label: str = "",
    by: str | None = None,
    is_strong: bool = False,
    scopes: str | None = None,
    days: int | None = None,
) -> tuple[str, Session]:
    """A new session; its token is returned once and stored only as a hash.

    `by` is how it was opened, `is_strong` whether a second factor was shown, `scopes` narrow a token, `days` it lives
    (as LIVES_DAYS says if None).
    """
    token, now = secrets.new_token(), clock.now()
    session = Session(
        id=new_id(),
        person_id=person_id,
        kind=kind,
        token_hash=secrets.token_hash(token),
        label=label[:120],
        created_at=now,
        expires_at=now + timedelta(days=days or LIVES_DAYS[kind]),
        last_seen_on=clock.local_day(now),
        scopes=scopes,
        second_factor_at=now if is_strong else None,
        by=by,
    )
    db.session.add(session)
    db.session.flush()
    return token, session


@atomic
def revoke(actor: Actor, session_id: UUID) -> None:
    """The actor's session is dead from now on; NotFound for anybody else's, and for one that is dead already."""
    mine = update(Session).where(*live_of(actor), Session.id == session_id)
    if not db.session.execute(mine.values(revoked_at=clock.now())).rowcount:  # type: ignore[attr-defined]
        raise NotFound
    audit.record(actor, "people.revoke_session", session_id)


@atomic
def revoke_others(actor: Actor) -> int:
    """Every other sign-in of the actor is dead from now on (tokens they made live on); returns how many there were."""
    others = update(Session).where(*live_of(actor), Session.id != actor.session_id, Session.scopes.is_(None))
    count: int = db.session.execute(others.values(revoked_at=clock.now())).rowcount  # type: ignore[attr-defined]
    audit.record(actor, "people.revoke_other_sessions", count=count)
    return count


def person_of(actor: Actor) -> UUID:
    """Whose session the actor uses: inside a community a merged account acts as another person."""
    found = db.session.scalar(select(Session.person_id).where(Session.id == actor.session_id))
    return found or actor.person_id


def revoke_all(person_id: UUID, *, but: UUID | None = None) -> None:
    """Every session and token of the person is dead from now on, except one."""
    live = update(Session).where(Session.person_id == person_id, Session.revoked_at.is_(None))
    if but is not None:
        live = live.where(Session.id != but)
    db.session.execute(live.values(revoked_at=clock.now()))


def mine(actor: Actor) -> list[Session]:
    """Where the actor is signed in, newest first; tokens they made are no sign-ins (tokens.py)."""
    query = select(Session).where(*live_of(actor), Session.scopes.is_(None))
    return list(db.session.scalars(query.order_by(Session.created_at.desc(), Session.id.desc())))


def live_of(actor: Actor) -> tuple[ColumnElement[bool], ...]:
    """The conditions that a session is the actor's and neither revoked nor expired."""
    return (Session.person_id == actor.person_id, Session.revoked_at.is_(None), Session.expires_at > clock.now())


def actor_of(token: str) -> Actor:
    """Who holds the token, outside any community; NotSignedIn when it is unknown, expired or revoked.

    Whoever shows none is told so without asking the database.
    """
    if not token:
        raise NotSignedIn
    asked = {"token_hash": secrets.token_hash(token), "now": clock.now()}
    found = db.session.execute(_live_session(), asked).one_or_none()
    if found is None:
        raise NotSignedIn
    today = clock.today()
    if not in_atomic() and (found.last_seen_on is None or found.last_seen_on < today):
        _see(found.id, today)
    return Actor(
        person_id=found.person_id,
        session_id=found.id,
        is_strong=found.second_factor_at is not None,
        scopes=None if found.scopes is None else frozenset(found.scopes.split()),
    )


@atomic
def _see(session_id: UUID, today: date) -> None:
    """The session was used today: one write a day is all that the list of devices needs."""
    db.session.execute(update(Session).where(Session.id == session_id).values(last_seen_on=today))


def enter(actor: Actor, community_id: UUID) -> Actor:
    """The same person inside a community, with every right resolved; NotFound for a stranger."""
    asked = {"community_id": community_id, "person_id": actor.person_id}
    with walls.inside(community_id):
        member = db.session.execute(_membership(), asked).one_or_none()
        person_id = member.person_id if member else actor.person_id
        held, counters, helps, aliases = _rights(person_id, member.id if member else None, community_id)
    if member is None and not held and not counters:
        raise NotFound
    grants = tuple(grant for grant in held if second_factor.is_enough(actor, grant.role))
    return replace(
        actor,
        person_id=person_id,
        community_id=community_id,
        member_id=member.id if member else None,
        household_id=member.household_id if member else None,
        unit_path=member.path if member else "",
        name=member.name if member else "",
        grants=grants,
        counters=counters,
        helps=helps if member else frozenset(),
        aliases=frozenset(aliases),
        formerly=frozenset(aliases.values()) | {actor.person_id} - {person_id},
        is_held_back=len(grants) < len(held),
    )


Rights = tuple[tuple[Grant, ...], tuple[Counter, ...], frozenset[UUID], dict[UUID, UUID]]


def _rights(person_id: UUID, member_id: UUID | None, community_id: UUID) -> Rights:
    """Everything the person may do here, and who was merged into them (member to person), in one statement."""
    asked = {"community_id": community_id, "person_id": person_id, "member_id": member_id}
    rows = db.session.execute(_every_right(), asked).all()
    held = [row for row in rows if row[0] not in (HELPS, ALIAS)]
    grants = tuple(Grant(Role(role), path) for role, path, merchant_id, _ in held if merchant_id is None)
    counters = tuple(
        Counter(Role(role), merchant_id, branch_id) for role, _, merchant_id, branch_id in held if merchant_id
    )
    helps = frozenset(helped for role, _, helped, _ in rows if role == HELPS)
    return grants, counters, helps, {alias_id: formerly for role, _, alias_id, formerly in rows if role == ALIAS}


# Every request signs in and enters a community. Building these statements took nine tenths of it: each is built once.

_COMMUNITY: Any = bindparam("community_id", type_=Uuid())
_PERSON: Any = bindparam("person_id", type_=Uuid())
_MEMBER: Any = bindparam("member_id", type_=Uuid())


@cache
def _live_session() -> Select[Any]:
    return select(Session.id, Session.person_id, Session.scopes, Session.second_factor_at, Session.last_seen_on).where(
        Session.token_hash == bindparam("token_hash"),
        Session.revoked_at.is_(None),
        Session.expires_at > bindparam("now"),
    )


@cache
def _membership() -> Select[Any]:
    """The person's own membership, or the one that theirs was merged into."""
    alias = aliased(Member)
    merged = select(alias.merged_into).where(
        within(_COMMUNITY, alias), alias.person_id == _PERSON, alias.merged_into.is_not(None)
    )
    own = scoped(_COMMUNITY, Member.id, Member.person_id, Member.household_id, Member.name, PlaceUnit.path)
    return own.where(
        PlaceUnit.id == Member.unit_id,
        or_(Member.person_id == _PERSON, Member.id.in_(merged)),
        Member.state == MemberState.ACTIVE,
    )


@cache
def _every_right() -> CompoundSelect[Any]:
    staff = scoped(_COMMUNITY, RoleGrant.role, PlaceUnit.path).add_columns(_no_id(), _no_id())
    staff = staff.join(PlaceUnit, PlaceUnit.id == RoleGrant.unit_id).join(Member, Member.id == RoleGrant.member_id)
    staff = staff.where(within(_COMMUNITY, Member), Member.person_id == _PERSON, RoleGrant.until.is_(None))
    secretary = select(literal(Role.SECRETARY.value), PlaceUnit.path, _no_id(), _no_id())
    secretary = secretary.where(
        within(_COMMUNITY, Post, PlaceUnit, Member),
        PlaceUnit.id == Post.unit_id,
        Member.id == Post.member_id,
        Member.person_id == _PERSON,
        Post.kind == PostKind.BRANCH_SECRETARY,
        Post.until.is_(None),
    )
    street = select(literal(Role.STREET.value), literal(""), _no_id(), _no_id()).where(
        Community.id == _COMMUNITY,
        OversightGrant.street_id == Community.street_id,
        OversightGrant.person_id == _PERSON,
        OversightGrant.role == Oversight.STREET,
        OversightGrant.until.is_(None),
    )
    shop = select(CounterStaff.role, literal(""), CounterStaff.merchant_id, CounterStaff.branch_id).where(
        within(_COMMUNITY, CounterStaff), CounterStaff.person_id == _PERSON, CounterStaff.until.is_(None)
    )
    # For whoever is no member this compares with NULL, which no row equals.
    merged = select(literal(ALIAS), literal(""), Member.id, Member.person_id).where(
        within(_COMMUNITY, Member), Member.merged_into == _MEMBER
    )
    return union_all(staff, secretary, street, shop, _helped(), merged)


def _helped() -> Select[Any]:
    """The members for whom the person may act now, in the form of the other rights."""
    helper = aliased(Member)
    return select(literal(HELPS), literal(""), HelperLink.member_id, _no_id()).where(
        within(_COMMUNITY, HelperLink, Member, helper),
        helper.id == HelperLink.helper_id,
        helper.person_id == _PERSON,
        Member.id == HelperLink.member_id,
        Member.state == MemberState.ACTIVE,
        HelperLink.state == HelpState.LIVE,
    )


def _no_id() -> ColumnElement[UUID]:
    """NULL as an id: PostgreSQL wants the type in every branch of a UNION."""
    return cast(null(), Uuid())
