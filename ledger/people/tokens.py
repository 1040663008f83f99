"""API tokens that a person makes for a program: named, narrowed to scopes, expiring, shown once, revoked at once."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select

from ledger.core import audit
from ledger.core.db import atomic, db
from ledger.core.errors import NotFound, ScopeMissing
from ledger.core.permissions import reach, require_any
from ledger.core.tenancy import Actor
from ledger.people import sessions
from ledger.people.errors import TooManyTokens
from ledger.people.models import Session, SessionKind

MOST_DAYS = 365
MOST_TOKENS = 50


class Scope(StrEnum):
    """What a token may be made for. None of them reaches beyond what its person may do at that moment."""

    READ = "read"
    RECORD = "record"
    CHECKINS = "checkins"
    TILL = "till"
    CALENDAR = "calendar"
    EVERYTHING = "everything"


WRITES: dict[Scope, frozenset[str]] = {
    Scope.READ: frozenset(),
    Scope.RECORD: frozenset({"checkins"}),
    Scope.CHECKINS: frozenset({"checkins", "scans"}),
    Scope.TILL: frozenset({"till", "redemptions", "vouchers"}),
    Scope.CALENDAR: frozenset(),
}
"""The resources in which a scope writes."""

READS: dict[Scope, frozenset[str]] = {
    Scope.CHECKINS: frozenset({"checkins", "activities", "programmes"}),
    Scope.TILL: frozenset({"till", "redemptions", "vouchers", "offers", "branches"}),
    Scope.CALENDAR: frozenset({"calendar"}),
}
"""The resources that a scope reads besides who it is (`GET /me`); Scope.READ reads them all."""

ACCOUNT = frozenset({"account", "tokens", "device-grants", "my-number", "calendar-feeds"})
"""The keys of an account: no token that a person made opens them, so a leaked one cannot make itself at home."""


def require_scope(actor: Actor, resource: str, *, is_read: bool, is_who_am_i: bool = False) -> None:
    """ScopeMissing unless the token of the actor was made for this; a sign-in may do all that its person may."""
    if actor.scopes is None or is_who_am_i:
        return
    if resource in ACCOUNT:
        raise ScopeMissing
    held = {Scope(one) for one in actor.scopes}
    if Scope.EVERYTHING in held or (is_read and Scope.READ in held):
        return
    opened = READS if is_read else WRITES
    if not any(resource in opened.get(scope, frozenset()) for scope in held):
        raise ScopeMissing


@atomic
def create_token(
    actor: Actor, name: str, *, scopes: Collection[Scope], days: int, kind: SessionKind = SessionKind.API
) -> tuple[str, Session]:
    """A token of this name, good for `days` (1 … MOST_DAYS); shown once, stored as a hash.

    It is as strong as the session that made it. Raises TooManyTokens (MOST_TOKENS live ones).
    """
    assert scopes, "a token is made for something"
    assert 1 <= days <= MOST_DAYS
    live = select(func.count()).select_from(Session).where(*sessions.live_of(actor), Session.scopes.is_not(None))
    if (db.session.scalar(live) or 0) >= MOST_TOKENS:
        raise TooManyTokens(most=MOST_TOKENS)
    token, session = sessions.open_session(
        actor.person_id,
        kind=kind,
        label=name,
        is_strong=actor.is_strong,
        scopes=" ".join(sorted(set(scopes))),
        days=days,
    )
    audit.record(actor, "people.create_token", session.id, scopes=sorted(set(scopes)), days=days)
    return token, session


def grant_device(actor: Actor, name: str) -> tuple[str, Session]:
    """A token with which a device sends what it recorded without the network, and reads nothing; good for a week.

    It works only as its person, and is listed and revoked as every token. Raises Forbidden (records nothing here),
    TooManyTokens.
    """
    if not reach(actor, "check_in_self"):
        require_any(actor, "record_checkin")
    kind = SessionKind.DEVICE
    return create_token(actor, name, scopes=[Scope.RECORD], days=sessions.LIVES_DAYS[kind], kind=kind)


def mine(actor: Actor) -> list[Session]:
    """The actor's live tokens, newest first."""
    query = select(Session).where(*sessions.live_of(actor), Session.scopes.is_not(None))
    return list(db.session.scalars(query.order_by(Session.created_at.desc(), Session.id.desc())))


@atomic
def revoke_token(actor: Actor, token_id: UUID) -> None:
    """The token is dead from now on. Raises NotFound."""
    if all(one.id != token_id for one in mine(actor)):
        raise NotFound
    sessions.revoke(actor, token_id)
