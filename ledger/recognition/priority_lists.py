"""The two lists of outstanding young leaders: 社区工作者储备力量 and 入党培养对象.

The branch secretary keeps and reads them; nobody else does, and every reading stands in the audit. They are in no
publication and no export; a person finds their own entry in the file of their data.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from ledger.core import audit, clock
from ledger.core.db import atomic, begins, db
from ledger.core.errors import AlreadyExists, WrongState
from ledger.core.ids import new_id
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, load, scoped
from ledger.people.members import load_member
from ledger.people.models import Member, MemberState, PlaceUnit
from ledger.recognition.commendation_models import PoliticalStatus, PriorityEntry, PriorityList
from ledger.recognition.errors import FactsNeedConsent

KEEP = "keep_priority_lists"

LONGEST_NOTE = 300
EARLIEST_BIRTH, LATEST_BIRTH = 1900, 2100
MOST, MOST_FOUND = 1000, 20


class Kept(NamedTuple):
    """An entry with the member's name as it is now."""

    entry: PriorityEntry
    name: str


@atomic
def read_lists(actor: Actor) -> list[Kept]:
    """Who stands on the two lists now, in the order in which they came; at most a thousand.

    Each reading leaves a line in the audit. Raises Forbidden.
    """
    require(actor, KEEP)
    query = scoped(actor.tenant, PriorityEntry, Member).where(
        PriorityEntry.ended_at.is_(None), Member.id == PriorityEntry.member_id
    )
    rows = db.session.execute(query.order_by(PriorityEntry.id).limit(MOST)).tuples().all()
    audit.record(actor, "recognition.read_priority_lists", count=len(rows))
    return [Kept(entry, member.name) for entry, member in rows]


def find_members(actor: Actor, search: str) -> list[tuple[Member, str]]:
    """Active members whose name begins so, each with what its part is called; at most 20. Raises Forbidden."""
    require(actor, KEEP)
    if not search:
        return []
    query = scoped(actor.tenant, Member, PlaceUnit.name).where(
        begins(Member.name, search),
        Member.state == MemberState.ACTIVE,
        PlaceUnit.id == Member.unit_id,
    )
    return list(db.session.execute(query.order_by(Member.sort_key, Member.id).limit(MOST_FOUND)).tuples())


@atomic
def put_on_list(
    actor: Actor,
    list_kind: PriorityList,
    member_id: UUID,
    *,
    note: str,
    birth_year: int | None = None,
    political_status: PoliticalStatus | None = None,
    is_agreed: bool = False,
) -> PriorityEntry:
    """The member stands on the list. Birth year and political status only when the member agreed to their keeping.

    Raises Forbidden, NotFound, FactsNeedConsent, AlreadyExists.
    """
    require(actor, KEEP)
    member = load_member(actor.tenant, member_id)
    if not is_agreed and (birth_year is not None or political_status is not None):
        raise FactsNeedConsent
    same = scoped(actor.tenant, PriorityEntry.id).where(
        PriorityEntry.list_kind == list_kind,
        PriorityEntry.member_id == member.id,
        PriorityEntry.ended_at.is_(None),
    )
    load(actor.tenant, Member, member.id, lock=True)
    if db.session.scalar(same.limit(1)) is not None:
        raise AlreadyExists
    entry = PriorityEntry(
        community_id=actor.tenant,
        id=new_id(),
        list_kind=list_kind,
        member_id=member.id,
        note=note,
        birth_year=birth_year,
        political_status=political_status,
        agreed_at=clock.now() if is_agreed else None,
        added_at=clock.now(),
        added_by=actor.person_id,
    )
    db.session.add(entry)
    db.session.flush()
    audit.record(actor, "recognition.put_on_priority_list", entry.id, list_kind=list_kind)
    return entry


@atomic
def take_off_list(actor: Actor, entry_id: UUID) -> PriorityEntry:
    """The member stands on it no more; note, birth year and political status are forgotten.

    Raises NotFound, Forbidden, WrongState.
    """
    entry = load(actor.tenant, PriorityEntry, entry_id, lock=True)
    require(actor, KEEP)
    if entry.ended_at is not None:
        raise WrongState(state="ended")
    entry.note, entry.birth_year, entry.political_status = "", None, None
    entry.ended_at = clock.now()
    db.session.flush()
    audit.record(actor, "recognition.take_off_priority_list", entry.id, list_kind=entry.list_kind)
    return entry
