"""PostgreSQL: a plain call of the writer in one round trip, by a function of the database.

Plain is what only moves balances, posts its holds and writes its rows: no dated points, nothing taken back, nobody who
earns and owes. The function does what transfers.py sends otherwise, statement by statement, in the same order and under
the same locks. It knows no refusals: whatever it cannot do plainly it says, all is taken back, and the second run goes
the long way, which says why. migrations/env.py installs it; the check `triggers_installed` compares it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Uuid, and_, any_, bindparam, exists, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Connection

from ledger.book.accounts import debt_of
from ledger.book.balances import Change
from ledger.book.codes import EARNING, Kind
from ledger.book.drafts import Draft
from ledger.book.models import Balance, ExpiryPolicy
from ledger.core import clock
from ledger.core.db import connection
from ledger.core.idempotency import request_digest
from ledger.core.many import as_arrays
from ledger.core.tenancy import Actor, asked, within

NAME = "post_plainly"

_BODY = """
DECLARE
  moment timestamptz;
  changed bigint;
BEGIN
  FOR i IN 1 .. cardinality(of_accounts) LOOP
    UPDATE balances SET
      balance = balance + moved[i], held = held + kept[i], earned = earned + gained[i], spent = spent + used[i]
    WHERE community_id = community AND account_id = of_accounts[i] AND slot = of_slots[i]
      AND (NOT limited OR balance + moved[i] >= held + kept[i]) AND held + kept[i] >= 0;
    IF NOT FOUND THEN
      RETURN NULL;
    END IF;
  END LOOP;
  IF EXISTS (SELECT FROM balances WHERE community_id = community AND account_id = ANY (owing) AND balance < 0) THEN
    RETURN NULL;
  END IF;
  moment := COALESCE(set_moment, clock_timestamp());
  IF (moment AT TIME ZONE 'Asia/Shanghai')::date <> expected_day THEN
    RETURN NULL;
  END IF;
  UPDATE holds SET state = 'posted', ended_at = asked_at
  WHERE community_id = community AND id = ANY (of_holds) AND state = 'placed'
    AND expires_at > COALESCE(set_moment, clock_timestamp());
  GET DIAGNOSTICS changed = ROW_COUNT;
  IF changed <> cardinality(of_holds) THEN
    RETURN NULL;
  END IF;
  INSERT INTO transfers (
    community_id, id, code, unit, debit_account_id, credit_account_id, amount, effective_at, recorded_at,
    source_type, source_id, part, source_digest, actor_id, on_behalf_of, request_digest
  )
  SELECT community, one.id, one.code, one.unit, one.debit, one.credit, one.amount,
    LEAST(COALESCE(one.effective, moment), moment), moment,
    one.source_type, one.source_id, one.part, one.digest, actor, one.owner, request
  FROM unnest(
    ids, codes, in_units, debits, credits, amounts, effective, source_types, source_ids, parts, digests, owners
  ) AS one (id, code, unit, debit, credit, amount, effective, source_type, source_id, part, digest, owner);
  INSERT INTO rollups (community_id, account_id, level, starts_on, amount, earned, spent)
  SELECT community, one.account, one.level, one.starts_on, one.amount, one.earned, one.spent
  FROM unnest(sum_accounts, sum_levels, sum_starts, sum_amounts, sum_earned, sum_spent)
    AS one (account, level, starts_on, amount, earned, spent)
  ON CONFLICT (community_id, account_id, level, starts_on) DO UPDATE SET
    amount = rollups.amount + EXCLUDED.amount, earned = rollups.earned + EXCLUDED.earned,
    spent = rollups.spent + EXCLUDED.spent;
  RETURN moment;
END
"""

_PARAMETERS = {
    "community": "uuid", "actor": "uuid", "request": "bytea", "asked_at": "timestamptz", "set_moment": "timestamptz",
    "expected_day": "date",
    "of_accounts": "uuid[]", "of_slots": "bigint[]", "moved": "bigint[]", "kept": "bigint[]", "gained": "bigint[]",
    "used": "bigint[]",
    "owing": "uuid[]", "of_holds": "uuid[]",
    "ids": "uuid[]", "codes": "text[]", "in_units": "text[]", "debits": "uuid[]", "credits": "uuid[]",
    "amounts": "bigint[]",
    "effective": "timestamptz[]", "source_types": "text[]", "source_ids": "uuid[]", "parts": "bigint[]",
    "digests": "bytea[]", "owners": "uuid[]",
    "sum_accounts": "uuid[]", "sum_levels": "text[]", "sum_starts": "date[]", "sum_amounts": "bigint[]",
    "sum_earned": "bigint[]", "sum_spent": "bigint[]",
}  # fmt: skip

_CREATE = f"""CREATE OR REPLACE FUNCTION {NAME}({", ".join(f"{name} {kind}" for name, kind in _PARAMETERS.items())})
RETURNS timestamptz LANGUAGE plpgsql AS $${_BODY}$$"""

_CALL = text(f"SELECT {NAME}({', '.join(f'CAST(:{name} AS {kind})' for name, kind in _PARAMETERS.items())})")

_OF_DRAFTS = {
    "ids": "id", "codes": "code", "in_units": "unit", "debits": "debit_account_id", "credits": "credit_account_id",
    "amounts": "amount", "source_types": "source_type", "source_ids": "source_id", "parts": "part",
    "digests": "source_digest", "owners": "on_behalf_of",
}  # fmt: skip

_OF_SUMS = {
    "sum_accounts": "account_id", "sum_levels": "level", "sum_starts": "starts_on", "sum_amounts": "amount",
    "sum_earned": "earned", "sum_spent": "spent",
}  # fmt: skip


class NotPlain(Exception):
    """The function found what only the long way can do, or refuse."""


def are_plain(community_id: UUID, drafts: Sequence[Draft]) -> bool:
    """Is there nothing to date, to draw, to repay or to take back? Asked before the locks; debts again under them."""
    if not all(map(_is_plain, drafts)):
        return False
    if not (owing := _debts_of(community_id, drafts)):
        return True
    return bool(connection().execute(_question(), {"of_community": community_id, "owing": owing}).scalar())


def _debts_of(community_id: UUID, drafts: Sequence[Draft]) -> list[UUID]:
    """Where it stands what those who earn still owe."""
    return [debt_of(draft.credit.owner_id).id_in(community_id) for draft in drafts if draft.code in EARNING]


@cache
def _question() -> Select[Any]:
    """Do new points never expire, and owes nobody of these anything?"""
    community_id = asked("of_community")
    months = select(ExpiryPolicy.months).where(within(community_id, ExpiryPolicy)).order_by(ExpiryPolicy.id.desc())
    owing = Balance.account_id == any_(bindparam("owing", type_=ARRAY(Uuid())))
    owes = exists().where(within(community_id, Balance), owing, Balance.balance < 0)
    return select(and_(months.limit(1).scalar_subquery().is_(None), ~owes))


def _is_plain(draft: Draft) -> bool:
    """Where it gives to a wallet it is earned, without a date; where it takes from one its hold covers all of it."""
    earned = draft.code in EARNING and draft.expires_on is None
    covered = draft.hold is not None and not draft.hold.drawn and draft.amount <= draft.hold.amount
    return (
        (draft.credit.kind is not Kind.WALLET or earned)
        and (draft.debit.kind is not Kind.WALLET or covered)
        and draft.reverses_id is None
    )


def post_plainly(
    actor: Actor,
    drafts: Sequence[Draft],
    *,
    changes: Sequence[Change],
    rows: Sequence[dict[str, Any]],
    sums: Sequence[dict[str, Any]],
    day: date,
) -> None:
    """Balances are changed, holds posted, transfers and rollups written, all recorded at one moment of `day`.

    `changes` come in the order of the locks, `rows` (one for each draft) and `sums` as their tables have them. Raises
    NotPlain, after which the transaction must be taken back.
    """
    values = {
        "community": actor.tenant,
        "actor": actor.person_id,
        "request": request_digest.get(),
        "asked_at": clock.now(),
        "set_moment": clock.now() if clock.is_set() else None,
        "expected_day": day,
        "of_accounts": [change.key.id_in(actor.tenant) for change in changes],
        "of_slots": [change.slot for change in changes],
        "moved": [change.balance for change in changes],
        "kept": [change.held for change in changes],
        "gained": [change.earned for change in changes],
        "used": [change.spent for change in changes],
        "owing": _debts_of(actor.tenant, drafts),
        "of_holds": [draft.hold.id for draft in drafts if draft.hold],
        "effective": [draft.effective_at for draft in drafts],
        **as_arrays(rows, _OF_DRAFTS),
        **as_arrays(sums, _OF_SUMS),
    }
    if connection().execute(_CALL, values).scalar() is None:
        raise NotPlain


def install(connection: Connection) -> None:
    """PostgreSQL has the function, as it is here, afterwards, and none of that name from an older version."""
    if connection.dialect.name != "postgresql":
        return
    for signature, body in _installed(connection):
        if body != _BODY:
            connection.exec_driver_sql(f"DROP FUNCTION {signature}")
    connection.exec_driver_sql(_CREATE)


def faults(connection: Connection) -> list[str]:
    """What is wrong with the function, a sentence: another one would write into the books what nobody asked for."""
    if connection.dialect.name != "postgresql" or [body for _, body in _installed(connection)] == [_BODY]:
        return []
    return [f"function {NAME} is missing or does something else than it should"]


def _installed(connection: Connection) -> list[tuple[str, str]]:
    """Signature and body of each function of that name."""
    query = text(
        "SELECT CAST(CAST(oid AS regprocedure) AS text), prosrc FROM pg_proc"
        " WHERE proname = :name AND pg_function_is_visible(oid)"
    )
    return [(row[0], row[1]) for row in connection.execute(query, {"name": NAME})]
