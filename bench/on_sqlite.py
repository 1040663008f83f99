"""R8: eight threads confirming through the verb on SQLite, against one thread that only writes the same rows."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any
from uuid import UUID

from flask import Flask

from bench.confirming import require_confirmed
from bench.houses import Pace, RoundIsVoid
from bench.neighbourhood import Place, Reserved
from ledger.book.accounts import fund_of, payable_to, takings_of, wallet_of
from ledger.book.models import Hold
from ledger.book.rollups import periods_of
from ledger.core import clock
from ledger.core.db import db
from ledger.core.ids import new_id
from ledger.core.tenancy import scoped
from ledger.rewards import redemptions
from ledger.rewards.reservations import SOURCE

THREADS = 8
PRAGMAS = ("foreign_keys=ON", "journal_mode=WAL", "recursive_triggers=ON", "synchronous=FULL")
"""Those of ledger/core/db.py; nobody else writes, so nobody waits."""

WALLET = """UPDATE balances SET balance = balance - :points, held = held - :points, spent = spent + :points
WHERE community_id = :community AND account_id = :wallet AND slot = 0 AND balance >= held AND held >= :points"""
FUND = """UPDATE balances SET balance = balance - :fen, held = held - :fen
WHERE community_id = :community AND account_id = :fund AND slot = :slot AND balance >= held AND held >= :fen"""
HOLDS = """UPDATE holds SET state = 'posted', ended_at = :now WHERE community_id = :community
AND source_type = 'redemption' AND source_id = :redemption AND state = 'placed' AND expires_at > :now"""
TRANSFERS = """INSERT INTO transfers (community_id, id, code, unit, debit_account_id, credit_account_id, amount,
effective_at, recorded_at, source_type, source_id, part, source_digest, actor_id) VALUES
(:community, :first, 'redeem', 'points', :wallet, :takings, :points, :now, :now, 'redemption', :redemption, 0, :digest,
 :person),
(:community, :second, 'redeem', 'fen', :fund, :payable, :fen, :now, :now, 'redemption', :redemption, 1, :digest,
 :person)"""
ROLLUPS = """INSERT INTO rollups (community_id, account_id, level, starts_on, amount, earned, spent) VALUES
(:community, :wallet, 'day', :day, -:points, 0, :points), (:community, :wallet, 'month', :month, -:points, 0, :points),
(:community, :wallet, 'year', :year, -:points, 0, :points)
ON CONFLICT (community_id, account_id, level, starts_on)
DO UPDATE SET amount = amount + excluded.amount, spent = spent + excluded.spent"""
REDEMPTION = """UPDATE redemptions SET state = 'confirmed', confirmed_at = :now, confirmed_by = :person
WHERE community_id = :community AND id = :redemption AND state = 'reserved'"""
AUDIT = """INSERT INTO audit_lines (community_id, id, at, actor_id, session_id, action, thing_id, outcome, request_id,
detail) VALUES (:community, :line, :now, :person, :session, 'rewards.confirm', :redemption, 'done', '', :detail)"""
OUTBOX = """INSERT INTO outbox_events (community_id, id, at, kind, payload)
VALUES (:community, :event, :now, 'redemption.confirmed', :payload)"""
STATEMENTS = (
    (WALLET, 1),
    (FUND, 1),
    (HOLDS, 2),
    (TRANSFERS, 2),
    (ROLLUPS, 3),
    (REDEMPTION, 1),
    (AUDIT, 1),
    (OUTBOX, 1),
)
"""What a confirmation writes, in the order of its locks, and how many rows each statement changes."""


def jobs(place: Place, work: Sequence[Reserved]) -> list[dict[str, Any]]:
    """The parameters of the raw loop, made before the clock runs."""
    query = scoped(place.id, Hold.source_id, Hold.account_id, Hold.slot).where(Hold.source_type == SOURCE)
    slots = {(source_id, account_id): slot for source_id, account_id, slot in db.session.execute(query)}
    db.session.close()
    return [_job(place.id, one, slots) for one in work]


def _job(community_id: UUID, reserved: Reserved, slots: dict[tuple[UUID, UUID], int]) -> dict[str, Any]:
    volunteer, of = reserved
    member_id = volunteer.actor.member_id
    assert member_id is not None
    fund = fund_of(of.fund_id).id_in(community_id)
    return {
        "community": community_id.hex,
        "redemption": of.id.hex,
        "person": volunteer.actor.person_id.hex,
        "session": volunteer.actor.session_id.hex if volunteer.actor.session_id else None,
        "wallet": wallet_of(member_id).id_in(community_id).hex,
        "takings": takings_of(of.merchant_id).id_in(community_id).hex,
        "fund": fund.hex,
        "payable": payable_to(of.merchant_id).id_in(community_id).hex,
        "slot": slots[of.id, fund],
        "points": of.points,
        "fen": of.gross_fen,
        "digest": of.id.bytes * 2,
        "detail": json.dumps({"points": of.points, "gross_fen": of.gross_fen}),
        "payload": json.dumps({"redemption_id": of.id.hex, "merchant_id": of.merchant_id.hex}),
        "now": clock.now().strftime("%Y-%m-%d %H:%M:%S.%f"),
        **{str(level): starts_on.isoformat() for level, starts_on in periods_of(clock.today())},
        **{name: new_id().hex for name in ("first", "second", "line", "event")},
    }


def write_rows(connection: sqlite3.Connection, job: dict[str, Any]) -> None:
    """The rows of one confirmation, in the open transaction."""
    for statement, changed in STATEMENTS:
        if connection.execute(statement, job).rowcount != changed:
            raise RoundIsVoid(f"a row of the raw loop was not there: {statement[:30]}")


class ConfirmOnSqlite:
    """R8."""

    number = "R8"
    path = f"SQLite: confirm by the verb, {THREADS} threads"
    limit = "one thread, raw SQL, same rows, FULL"
    target = 0.50

    def __init__(self, app: Flask, place: Place, file: str, *, size: int) -> None:
        self._app, self._place, self._file, self._size = app, place, file, size

    def is_built(self, app: Flask) -> bool:
        return True

    def prepare(self) -> None:
        self._ours = self._place.reserve(self._size)
        self._limit = self._place.reserve(self._size * 2)
        self._jobs = jobs(self._place, self._limit)

    def run_ours(self) -> Pace:
        shares = [self._ours[number::THREADS] for number in range(THREADS)]
        waits: list[float] = []
        faults: list[str] = []
        threads = [threading.Thread(target=self._confirm_all, args=(share, waits, faults)) for share in shares]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - started
        if faults:
            raise RoundIsVoid(faults[0])
        require_confirmed(self._place, self._ours)
        return Pace(len(self._ours) / took, max(waits))

    def _confirm_all(self, share: Sequence[Reserved], waits: list[float], faults: list[str]) -> None:
        with self._app.app_context():
            for volunteer, redemption in share:
                started = time.perf_counter()
                try:
                    redemptions.confirm(volunteer.actor, redemption.id)
                except Exception as fault:  # Whatever it is, the round is void.
                    faults.append(repr(fault))
                    return
                waits.append(time.perf_counter() - started)

    def run_limit(self) -> Pace:
        with closing(sqlite3.connect(self._file, isolation_level=None)) as connection:
            for pragma in PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            started = time.perf_counter()
            for job in self._jobs:
                connection.execute("BEGIN IMMEDIATE")
                write_rows(connection, job)
                connection.execute("COMMIT")
            took = time.perf_counter() - started
        require_confirmed(self._place, self._limit)
        return Pace(len(self._jobs) / took)
