"""Sessions and tokens are rows: hashed, expiring, revoked at once. From one comes the Actor with all its rights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    CompoundSelect,
    ScalarSelect,
    Select,
    Uuid,
    bindparam,
    cast,
    func,
    literal,
    null,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement

from ledger.core import audit, clock, secrets, walls
from ledger.core.db import atomic, connection, db, in_atomic
from ledger.core.errors import NotFound, NotSignedIn
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor, Counter, Grant, Role, within
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
    found = connection().execute(_live_session(), _held(token)).one_or_none() if token else None
    if found is None:
        raise NotSignedIn
    return _seen(found)


def _held(token: str) -> dict[str, Any]:
    return {"token_hash": secrets.token_hash(token), "now": clock.now()}


def _seen(found: Any) -> Actor:
    """The holder of the session, who has been here today."""
    today = clock.today()
    if not in_atomic() and (found.last_seen_on is None or found.last_seen_on < today):
        _see(found.session_id, today)
    return Actor(
        person_id=found.person_id,
        session_id=found.session_id,
        is_strong=found.second_factor_at is not None,
        scopes=None if found.scopes is None else frozenset(found.scopes.split()),
    )


@atomic
def _see(session_id: UUID, today: date) -> None:
    """The session was used today: one write a day is all that the list of devices needs."""
    db.session.execute(update(Session).where(Session.id == session_id).values(last_seen_on=today))


def actor_in(token: str, community_id: UUID) -> Actor:
    """`actor_of` and `enter` in one statement: NotSignedIn, then NotFound for a stranger."""
    if not token:
        raise NotSignedIn
    with walls.inside(community_id):
        rows = connection().execute(_asking(), _held(token) | {"community_id": community_id}).all()
    if not rows:
        raise NotSignedIn
    return _entered(_seen(rows[0]), community_id, rows)


def enter(actor: Actor, community_id: UUID) -> Actor:
    """The same person inside a community, with every right resolved; NotFound for a stranger."""
    asked = {"community_id": community_id, "asker_id": actor.person_id}
    with walls.inside(community_id):
        rows = connection().execute(_entering(), asked).all()
    return _entered(actor, community_id, rows)


def _entered(actor: Actor, community_id: UUID, rows: Sequence[Any]) -> Actor:
    """The actor with what the rows say: in each the membership (if any) and one of the rights (if any)."""
    member = rows[0] if rows and rows[0].member_id else None
    held = [row for row in rows if row.right not in (None, HELPS, ALIAS)]
    if member is None and not held:
        raise NotFound
    given = [Grant(Role(row.right), row.path) for row in held if row.thing_id is None]
    grants = tuple(grant for grant in given if second_factor.is_enough(actor, grant.role))
    aliases = {row.thing_id: row.further_id for row in rows if row.right == ALIAS}
    person_id = member.member_person_id if member else actor.person_id
    return replace(
        actor,
        person_id=person_id,
        community_id=community_id,
        member_id=member.member_id if member else None,
        household_id=member.household_id if member else None,
        unit_path=member.unit_path if member else "",
        name=member.name if member else "",
        grants=grants,
        counters=tuple(Counter(Role(row.right), row.thing_id, row.further_id) for row in held if row.thing_id),
        helps=frozenset(row.thing_id for row in rows if row.right == HELPS) if member else frozenset(),
        aliases=frozenset(aliases),
        formerly=frozenset(aliases.values()) | {actor.person_id} - {person_id},
        is_held_back=len(grants) < len(given),
    )


# Every request signs in and enters a community. Building these statements took nine tenths of it: each is built once.

_COMMUNITY: Any = bindparam("community_id", type_=Uuid())


@cache
def _live_session() -> Select[Any]:
    columns = Session.id.label("session_id"), Session.person_id, Session.scopes
    return select(*columns, Session.second_factor_at, Session.last_seen_on).where(
        Session.token_hash == bindparam("token_hash"),
        Session.revoked_at.is_(None),
        Session.expires_at > bindparam("now"),
    )


@cache
def _asking() -> Select[Any]:
    """The live session of a token, its person's membership here, and a row for each right that they have."""
    return _with_rights(_live_session().cte("asker"))


@cache
def _entering() -> Select[Any]:
    """The same for a person who is known."""
    return _with_rights(select(bindparam("asker_id", type_=Uuid()).label("person_id")).cte("asker"))


def _with_rights(asker: CTE) -> Select[Any]:
    own = _membership(asker).cte("own")
    person_id = func.coalesce(_only(own.c.member_person_id), _only(asker.c.person_id))
    rights = _every_right(person_id, _only(own.c.member_id)).cte("rights")
    everything = asker.outerjoin(own, true()).outerjoin(rights, true())
    return select(*asker.c, *own.c, *rights.c).select_from(everything)


def _only(column: ColumnElement[UUID]) -> ScalarSelect[UUID]:
    return select(column).scalar_subquery()


def _membership(asker: CTE) -> Select[Any]:
    """The person's own membership, or the one that theirs was merged into; each is found by a key, whatever is known
    of the tables' sizes."""
    named = aliased(Member)
    standing = select(func.coalesce(named.merged_into, named.id)).where(
        within(_COMMUNITY, named), named.person_id == _only(asker.c.person_id)
    )
    names = Member.id.label("member_id"), Member.person_id.label("member_person_id"), PlaceUnit.path.label("unit_path")
    return select(*names, Member.household_id, Member.name).where(
        within(_COMMUNITY, Member, PlaceUnit),
        Member.id == standing.scalar_subquery(),
        Member.state == MemberState.ACTIVE,
        PlaceUnit.id == Member.unit_id,
    )


def _every_right(person_id: ColumnElement[UUID], member_id: ColumnElement[UUID]) -> CompoundSelect[Any]:
    staff = select(
        RoleGrant.role.label("right"), PlaceUnit.path, _no_id().label("thing_id"), _no_id().label("further_id")
    ).where(
        within(_COMMUNITY, RoleGrant, PlaceUnit, Member),
        PlaceUnit.id == RoleGrant.unit_id,
        Member.id == RoleGrant.member_id,
        Member.person_id == person_id,
        RoleGrant.until.is_(None),
    )
    secretary = select(literal(Role.SECRETARY.value), PlaceUnit.path, _no_id(), _no_id()).where(
        within(_COMMUNITY, Post, PlaceUnit, Member),
        PlaceUnit.id == Post.unit_id,
        Member.id == Post.member_id,
        Member.person_id == person_id,
        Post.kind == PostKind.BRANCH_SECRETARY,
        Post.until.is_(None),
    )
    street = select(literal(Role.STREET.value), literal(""), _no_id(), _no_id()).where(
        Community.id == _COMMUNITY,
        OversightGrant.street_id == Community.street_id,
        OversightGrant.person_id == person_id,
        OversightGrant.role == Oversight.STREET,
        OversightGrant.until.is_(None),
    )
    shop = select(CounterStaff.role, literal(""), CounterStaff.merchant_id, CounterStaff.branch_id).where(
        within(_COMMUNITY, CounterStaff), CounterStaff.person_id == person_id, CounterStaff.until.is_(None)
    )
    # For whoever is no member this compares with NULL, which no row equals.
    merged = select(literal(ALIAS), literal(""), Member.id, Member.person_id).where(
        within(_COMMUNITY, Member), Member.merged_into == member_id
    )
    return union_all(staff, secretary, street, shop, _helped(person_id), merged)


def _helped(person_id: ColumnElement[UUID]) -> Select[Any]:
    """The members for whom the person may act now, in the form of the other rights."""
    helper = aliased(Member)
    return select(literal(HELPS), literal(""), HelperLink.member_id, _no_id()).where(
        within(_COMMUNITY, HelperLink, Member, helper),
        helper.id == HelperLink.helper_id,
        helper.person_id == person_id,
        Member.id == HelperLink.member_id,
        Member.state == MemberState.ACTIVE,
        HelperLink.state == HelpState.LIVE,
    )


def _no_id() -> ColumnElement[UUID]:
    """NULL as an id: PostgreSQL wants the type in every branch of a UNION."""
    return cast(null(), Uuid())
