"""The lines of the audit as people read them: with what the device is called that was used."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import or_, select

from ledger.core import audit
from ledger.core.audit import AuditLine, LineFilter
from ledger.core.db import db
from ledger.core.orders import Age
from ledger.core.permissions import reach, reaches_all_by_name
from ledger.core.tenancy import Actor
from ledger.people import members
from ledger.people.models import Session


class Told(NamedTuple):
    """A line, and what its person calls the device or token; "" once its row is forgotten, or for other readers."""

    line: AuditLine
    device: str


def list_told(
    actor: Actor, *, wanted: LineFilter = audit.ALL, order: Age = Age.NEWEST, after: UUID | None = None, limit: int = 50
) -> list[Told]:
    """The lines the actor may see.

    Devices are one's own; whoever sees the community's audit by name sees those of all. Raises Forbidden.
    """
    lines = audit.list_lines(actor, wanted=wanted, order=order, after=after, limit=limit)
    devices = _devices(actor, {line.session_id for line in lines if line.session_id is not None})
    return [Told(line, devices.get(line.session_id, "") if line.session_id else "") for line in lines]


def sees_all(actor: Actor) -> bool:
    """Does the actor see more than their own part?"""
    return reaches_all_by_name(reach(actor, "see_audit"))


def _devices(actor: Actor, session_ids: Collection[UUID]) -> dict[UUID, str]:
    query = select(Session.id, Session.label).where(Session.id.in_(session_ids))
    if not sees_all(actor) or members.is_masked_for(actor):
        query = query.where(or_(Session.person_id == actor.person_id, Session.person_id.in_(actor.formerly)))
    return dict(db.session.execute(query).tuples().all())
