"""Statements: what happened on an account in a period, with the balance before, after each entry, and at the end."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, literal, select, tuple_, union_all
from sqlalchemy.orm import InstrumentedAttribute

from ledger.book import past
from ledger.book.accounts import AccountKey
from ledger.book.codes import Kind, Unit
from ledger.book.knowing import known_so_far
from ledger.book.models import Account, Transfer
from ledger.core import secrets
from ledger.core.db import UtcDateTime, db
from ledger.core.errors import Invalid
from ledger.core.tenancy import scoped

CURSOR_LENGTH = 600
"""No cursor is longer (characters)."""

_PURPOSE = "statement cursor"


class Entry(NamedTuple):
    """One movement of the account: `amount` > 0 came in; `balance` is the account right after it.

    `actor_id` is the person who did it, `on_behalf_of` the one for whom, when that is somebody else.
    """

    transfer_id: UUID
    code: str
    amount: int
    balance: int
    effective_at: datetime
    recorded_at: datetime
    source_type: str
    source_id: UUID
    actor_id: UUID
    on_behalf_of: UUID | None


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` (None: the account's opening) until before `until` (None: `known_at`), as known at `known_at`."""

    since: datetime | None
    until: datetime | None
    known_at: datetime

    @property
    def latest(self) -> datetime:
        """The last moment of the period. Nothing takes effect after it is recorded."""
        return self.known_at if self.until is None else min(past.just_before(self.until), self.known_at)


@dataclass(frozen=True, slots=True)
class Statement:
    """One page of a statement: its entries newest first, in the order of (effective_at, id)."""

    account_id: UUID
    period: Period
    opening: int
    closing: int
    entries: list[Entry]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page begins: below this entry, with this balance; and what the statement says on every page."""

    period: Period
    opening: int
    closing: int
    balance: int
    effective_at: datetime | None = None
    transfer_id: UUID | None = None


def make_statement(
    community_id: UUID,
    account: Account,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    known_at: datetime | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Statement:
    """The account's statement for [since, until), by what was recorded at `known_at` or before.

    Asked for again with the same period and `known_at` it says the same, whatever was recorded since. `cursor` is the
    `next_cursor` of the page before; every page costs the same. Raises MomentInFuture (`known_at`), then Invalid (a
    period that ends before it begins, or a cursor that is not ours or of another statement).
    """
    if known_at is not None:
        past.refuse_future(known_at)
    if since is not None and until is not None and until < since:
        raise Invalid
    if cursor is None:
        # What is asked for as known a moment ago may still be in the making: it is told as known by then at most.
        so_far = known_so_far(community_id, account)
        place = _first(community_id, account, Period(since, until, min(known_at or so_far, so_far)))
    else:
        place = _read(account, cursor)
        if (since, until) != (place.period.since, place.period.until) or known_at not in (None, place.period.known_at):
            raise Invalid
    return _page(community_id, account, place, limit)


def _first(community_id: UUID, account: Account, period: Period) -> _Place:
    key = AccountKey(Kind(account.kind), Unit(account.unit), account.owner_id)
    closing = past.balance_at(community_id, key, period.latest, known_at=period.known_at)
    opening = 0
    if period.since is not None:
        before = past.just_before(period.since)
        opening = past.balance_at(community_id, key, before, known_at=period.known_at)
    return _Place(period, opening, closing, balance=closing)


def _page(community_id: UUID, account: Account, place: _Place, limit: int) -> Statement:
    sides = [
        _side(community_id, own, account.id, sign, place).limit(limit + 1).subquery()
        for own, sign in ((Transfer.debit_account_id, -1), (Transfer.credit_account_id, 1))
    ]
    both = union_all(*(select(side) for side in sides)).subquery()
    newest = select(both).order_by(both.c.effective_at.desc(), both.c.id.desc()).limit(limit + 1)
    rows = db.session.execute(newest).all()
    entries = list(_with_balance(rows[:limit], place.balance))
    last = entries[-1] if len(rows) > limit else None
    return Statement(
        account_id=account.id,
        period=place.period,
        opening=place.opening,
        closing=place.closing,
        entries=entries,
        next_cursor=last and _write(account, _below(place, last)),
    )


def _side(
    community_id: UUID, own: InstrumentedAttribute[UUID], account_id: UUID, sign: int, place: _Place
) -> Select[Any]:
    """The period's movements of the account on one side, newest first: a seek in that side's index."""
    query = scoped(
        community_id,
        Transfer.id,
        Transfer.code,
        Transfer.amount,
        Transfer.effective_at,
        Transfer.recorded_at,
        Transfer.source_type,
        Transfer.source_id,
        Transfer.actor_id,
        Transfer.on_behalf_of,
    ).add_columns(literal(sign).label("sign"))
    query = query.where(own == account_id, Transfer.recorded_at <= place.period.known_at)
    if place.period.since is not None:
        query = query.where(Transfer.effective_at >= place.period.since)
    if place.effective_at is None:
        query = query.where(Transfer.effective_at <= place.period.latest)
    else:
        reached = tuple_(literal(place.effective_at, UtcDateTime()), literal(place.transfer_id, Transfer.id.type))
        query = query.where(tuple_(Transfer.effective_at, Transfer.id) < reached)
    return query.order_by(Transfer.effective_at.desc(), Transfer.id.desc())


def _with_balance(rows: Any, balance: int) -> Iterator[Entry]:
    for row in rows:
        amount = row.sign * row.amount
        yield Entry(
            transfer_id=row.id,
            code=row.code,
            amount=amount,
            balance=balance,
            effective_at=row.effective_at,
            recorded_at=row.recorded_at,
            source_type=row.source_type,
            source_id=row.source_id,
            actor_id=row.actor_id,
            on_behalf_of=row.on_behalf_of,
        )
        balance -= amount


def _below(place: _Place, last: Entry) -> _Place:
    return replace(
        place, balance=last.balance - last.amount, effective_at=last.effective_at, transfer_id=last.transfer_id
    )


# The cursor: what the next page needs, authenticated, so that nobody writes a balance into a statement.


def _write(account: Account, place: _Place) -> str:
    period = place.period
    moments = (period.since, period.until, period.known_at, place.effective_at)
    said = [place.opening, place.closing, place.balance, place.transfer_id and place.transfer_id.hex]
    body = json.dumps([*said, *(moment and moment.isoformat() for moment in moments)]).encode()
    return base64.urlsafe_b64encode(_mark(account, body) + body).decode()


def _read(account: Account, cursor: str) -> _Place:
    try:
        sealed = base64.b64decode(cursor, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid from error
    mark, body = sealed[:16], sealed[16:]
    if not secrets.same(mark, _mark(account, body)):
        raise Invalid
    opening, closing, balance, transfer_id, *moments = json.loads(body)
    since, until, known_at, effective_at = (moment and datetime.fromisoformat(moment) for moment in moments)
    return _Place(Period(since, until, known_at), opening, closing, balance, effective_at, UUID(transfer_id))


def _mark(account: Account, body: bytes) -> bytes:
    """Of this account alone: a cursor of another account's statement is none here."""
    return secrets.mac(account.community_id.bytes + account.id.bytes + body, _PURPOSE)[:16]
