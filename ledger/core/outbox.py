"""Events of a community, written in the transaction that caused them; ledger.core.feed gives them their order."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, func
from sqlalchemy import text as sql_text
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core import clock
from ledger.core.db import Base, is_postgresql, text, xid_of
from ledger.core.ids import new_id
from ledger.core.last_writes import insert_last, values_for, write_last
from ledger.core.tenancy import Actor

THINGS = {
    "activity", "agreement", "bank_account", "branch", "card", "cards", "certificate", "checkin", "commendation",
    "community", "complaint", "correction", "counter", "death", "dispute", "donation", "expiry", "feedback", "flag",
    "fund", "helper", "honour", "import", "issuance", "member", "member_code", "members", "merchant", "merge", "notice",
    "objection", "offer", "payout", "plate", "plates", "points", "pool", "post", "pot_use", "programme",
    "redemption", "redemption_day", "reversal", "role", "settlement", "sign_up", "slips", "staff", "stamp",
    "summary", "till", "transfer", "unit", "visit_note", "voucher", "webhook",
}  # fmt: skip
"""What an event can be about: the word before its dot. docs/events.md lists them all."""

NEW = "position IS NULL"
"""In the words of the index, which serves only what says the same."""


class OutboxEvent(Base):
    """One thing that happened. The payload holds ids and figures only.

    `position` is its place in the community's feed, None until nothing older can still appear; `xid` is PostgreSQL's
    number of the transaction that wrote it, None on SQLite and after a restore.
    """

    __tablename__ = "outbox_events"
    __table_args__ = (
        # Serves: the feed from a position on.
        Index("ix_outbox_events_position", "community_id", "position", unique=True),
        # Serves: the events that have no place in the feed yet, in their order.
        Index(
            "ix_outbox_events_new", "community_id", "at", "id",
            sqlite_where=sql_text(NEW), postgresql_where=sql_text(NEW),
        ),
    )  # fmt: skip
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(text(60))
    payload: Mapped[dict[str, Any]]
    position: Mapped[int | None]
    xid: Mapped[int | None]


_INSERT = insert_last(OutboxEvent.__table__)
_INSERT_NUMBERED = insert_last(OutboxEvent.__table__, xid=xid_of(func.pg_current_xact_id()))


def announce(actor: Actor, kind: str, **payload: Any) -> None:
    """Add an event to the present transaction; `kind` is past tense with its thing: "redemption.confirmed"."""
    announce_all(actor, kind, [payload])


def announce_all(actor: Actor, kind: str, payloads: list[dict[str, Any]]) -> None:
    """One event for each payload."""
    assert kind.partition(".")[0] in THINGS, f"{kind}: nobody can ask for what is not listed"
    at, insert = clock.now(), _INSERT_NUMBERED if is_postgresql() else _INSERT
    for payload in payloads:
        row = {"community_id": actor.tenant, "id": new_id(), "at": at, "kind": kind, "payload": payload}
        write_last(insert, actor.tenant, values_for(OutboxEvent.__table__, row))
