"""The member's one-time code: shown on the phone, scanned at a till, good for one scan within a minute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ledger.core import audit, clock, outbox, secrets
from ledger.core.db import atomic, db, is_postgresql
from ledger.core.errors import Forbidden, Reason, TooManyRequests
from ledger.core.ids import new_id
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.people import numbers
from ledger.people.models import Session
from ledger.rewards.errors import MemberCodeExpired, MemberCodeReplaced, MemberCodeUnknown, MemberCodeUsed
from ledger.rewards.models import MemberCode, MemberCodeState, TillTry

LIVES_SECONDS = 60
CHANCE, CHECK = 8, 4
"""Characters of chance (40 bits) and of the MAC over community and chance: only our own codes are looked up."""

TRIES, TRIES_MINUTES = 20, 10
"""A till may try this many unknown codes in so many minutes."""


@dataclass(frozen=True, slots=True)
class NewCode:
    """A code that was just made. It is shown once and stored only as a keyed hash."""

    id: UUID
    code: str
    expires_at: datetime


@atomic
def create_member_code(actor: Actor) -> NewCode:
    """The actor's new code is the only live one: older ones are replaced. It dies with the actor's session.

    Mints a secret, so its answer is never remembered under a key. Raises Forbidden (no member, no session).
    """
    require(actor, "redeem", member_id=actor.member_id)
    if actor.session_id is None:
        raise Forbidden
    numbers.require_settled(actor)
    _replace_older(actor)
    now = clock.now()
    code_id, expires_at = new_id(), now + timedelta(seconds=LIVES_SECONDS)
    row = {
        "id": code_id,
        "member_id": actor.member_id,
        "session_id": actor.session_id,
        "state": MemberCodeState.LIVE,
        "created_at": now,
        "expires_at": expires_at,
    }
    code = _insert(actor.tenant, row)
    audit.record(actor, "rewards.create_member_code", code_id)
    outbox.announce(actor, "member_code.created", member_code_id=code_id.hex)
    return NewCode(code_id, code, expires_at)


def _replace_older(actor: Actor) -> None:
    older = update(MemberCode).where(
        within(actor.tenant, MemberCode),
        MemberCode.member_id == actor.member_id,
        MemberCode.state == MemberCodeState.LIVE,
    )
    replaced = older.values(state=MemberCodeState.REPLACED).execution_options(synchronize_session=False)
    db.session.execute(replaced)


def _insert(community_id: UUID, row: Mapping[str, object]) -> str:
    """A code that this community has never had: chance is drawn again until it is new."""
    dialect = postgresql if is_postgresql() else sqlite
    while True:
        chance = secrets.random_code(CHANCE)
        code = chance + _check(community_id, chance)
        statement = dialect.insert(MemberCode).values(
            community_id=community_id, code_hash=_hash(community_id, code), **row
        )
        if db.session.execute(statement.on_conflict_do_nothing()).rowcount:  # type: ignore[attr-defined]
            return "-".join(code[start : start + 4] for start in range(0, CHANCE + CHECK, 4))


def _check(community_id: UUID, chance: str) -> str:
    return secrets.as_code(secrets.mac(community_id.bytes + chance.encode(), "member code check"), CHECK)


def _hash(community_id: UUID, code: str) -> bytes:
    """Keyed, for 40 bits are soon guessed from a plain hash."""
    return secrets.mac(community_id.bytes + code.encode(), "member codes")


@dataclass(frozen=True, slots=True)
class CodeStatus:
    """What the member's phone asks for: live, used, replaced or expired, and the redemption that came of it."""

    id: UUID
    status: str
    expires_at: datetime
    redemption_id: UUID | None


def see_member_code(actor: Actor, code_id: UUID) -> CodeStatus:
    """The status of the actor's own code: NotFound, Forbidden."""
    code = load(actor.tenant, MemberCode, code_id)
    require(actor, "redeem", member_id=code.member_id)
    is_over = code.state == MemberCodeState.LIVE and code.expires_at <= clock.now()
    return CodeStatus(code.id, "expired" if is_over else code.state, code.expires_at, code.redemption_id)


# --- at the till ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scanned:
    """A code that was typed or scanned: the member it names, or the refusal that it earns."""

    code_id: UUID | None = None
    member_id: UUID | None = None
    refusal: Reason | None = None


def look_up(actor: Actor, typed: str) -> Scanned:
    """Whose code this is, in one statement; nothing is changed yet."""
    code = secrets.as_typed(typed)
    if len(code) != CHANCE + CHECK or not secrets.same(
        code[CHANCE:].encode(), _check(actor.tenant, code[:CHANCE]).encode()
    ):
        return Scanned(refusal=_unknown(actor))
    alive = and_(Session.id == MemberCode.session_id, Session.revoked_at.is_(None), Session.expires_at > clock.now())
    query = (
        scoped(actor.tenant, MemberCode.id, MemberCode.member_id, MemberCode.state, MemberCode.expires_at)
        .add_columns(Session.id.label("session_id"))
        .outerjoin(Session, alive)
        .where(MemberCode.code_hash == _hash(actor.tenant, code))
    )
    found = db.session.execute(query).one_or_none()
    if found is None:
        return Scanned(refusal=_unknown(actor))
    refusal: Reason | None = None
    if found.state == MemberCodeState.USED:
        refusal = MemberCodeUsed()
    elif found.state == MemberCodeState.REPLACED:
        refusal = MemberCodeReplaced()
    elif found.expires_at <= clock.now() or found.session_id is None:
        refusal = MemberCodeExpired()
    return Scanned(found.id, found.member_id, refusal)


def _unknown(actor: Actor) -> Reason:
    return MemberCodeUnknown(afterwards=lambda: count_try(actor))


def count_try(actor: Actor) -> None:
    """One unknown code more for this till."""
    row = {"community_id": actor.tenant, "id": new_id(), "actor_id": actor.person_id, "at": clock.now()}
    db.session.execute(insert(TillTry), [row])


def refuse_guessing(actor: Actor) -> None:
    """TooManyRequests when this till has tried too many unknown codes lately."""
    since = clock.now() - timedelta(minutes=TRIES_MINUTES)
    tries = select(func.count(), func.min(TillTry.at)).where(
        within(actor.tenant, TillTry), TillTry.actor_id == actor.person_id, TillTry.at > since
    )
    count, first = db.session.execute(tries).one()
    if count > TRIES:
        raise TooManyRequests(retry_after=max(1, int((first - since).total_seconds()) + 1))


@contextmanager
def used_up(actor: Actor, scanned: Scanned, *, till_id: UUID | None = None) -> Iterator[None]:
    """The code is used, whatever becomes of the block: a refusal takes nothing of that back.

    Raises what the code earned, or MemberCodeUsed when another till was quicker.
    """
    if scanned.refusal is not None:
        raise scanned.refusal
    use = _use(actor, scanned, till_id)
    if not use():
        raise MemberCodeUsed

    def use_again() -> None:
        use()

    try:
        yield
    except Reason as reason:
        reason.afterwards = use_again  # The refusal rolls the first use back.
        raise


def _use(actor: Actor, scanned: Scanned, till_id: UUID | None) -> Callable[[], int]:
    statement = (
        update(MemberCode)
        .where(
            within(actor.tenant, MemberCode),
            MemberCode.id == scanned.code_id,
            MemberCode.state == MemberCodeState.LIVE,
        )
        .values(state=MemberCodeState.USED, used_at=clock.now(), till_id=till_id)
        .execution_options(synchronize_session=False)
    )
    return lambda: int(db.session.execute(statement).rowcount)  # type: ignore[attr-defined]


def name_redemption(community_id: UUID, redemption_id: UUID, *, code_id: UUID | None, till_id: UUID | None) -> None:
    """The code's owner learns what came of it: of the code itself, or of the visit that it opened."""
    of = MemberCode.id == code_id if code_id else MemberCode.till_id == till_id
    named = update(MemberCode).where(within(community_id, MemberCode), of).values(redemption_id=redemption_id)
    db.session.execute(named.execution_options(synchronize_session=False))
