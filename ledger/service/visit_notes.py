"""Visit notes (走访手记): what a visit at a door was about, what is needed, what is still to do.

The words are about residents. They are sealed, and read by whoever wrote them and by those who handle the notes of
that part; nobody else, the overseeing street included.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, null, or_, select, update

from ledger.core import audit, clock, outbox, registry, secrets
from ledger.core.db import atomic, begins, db
from ledger.core.errors import WrongState
from ledger.core.exporting import facts_of
from ledger.core.orders import BY_AGE, Age, arrange
from ledger.core.permissions import may, places_reached, reach, reaches_all_by_name, require, require_any
from ledger.core.tenancy import Actor, load, same_community, scoped
from ledger.people.models import Member, PlaceUnit
from ledger.service.models import Activity, Checkin, FollowUp, NoteCategory, Plate

HANDLE = "handle_notes"
PURPOSE = "visit notes"
LONGEST = 500


@dataclass(frozen=True, slots=True)
class VisitNote:
    """What a visit was about, and words (at most 500 characters each) on what is needed and what is to follow."""

    category: NoteCategory
    need: str = ""
    follow_up: str = ""


def as_columns(actor: Actor, note: VisitNote | None) -> dict[str, Any]:
    """What a check-in stores of the note that the actor writes; nothing for no note."""
    if note is None:
        return {}
    assert max(len(note.need), len(note.follow_up)) <= LONGEST, "bounded by whoever read the form"
    sealed = secrets.seal(json.dumps([note.need, note.follow_up], ensure_ascii=False).encode(), PURPOSE)
    return {
        "note": {"category": note.category, "sealed": base64.b64encode(sealed).decode()},
        "noted_by": actor.person_id,
        "follow_up": FollowUp.OPEN if note.follow_up else None,
        "followed_up_at": None,
        "followed_up_by": None,
    }


def note_of(checkin: Checkin) -> VisitNote | None:
    """The note as it was written, whoever asks."""
    kept = checkin.note
    if kept is None:
        return None
    if "sealed" not in kept:  # Of the time before notes were sealed, when a category was free text.
        known = kept.get("category") in list(NoteCategory)
        category = NoteCategory(kept["category"]) if known else NoteCategory.OTHER
        return VisitNote(category, kept.get("need", ""), kept.get("follow_up", ""))
    need, follow_up = json.loads(secrets.unseal(base64.b64decode(kept["sealed"]), PURPOSE))
    return VisitNote(NoteCategory(kept["category"]), need, follow_up)


def may_read(actor: Actor, checkin: Checkin) -> bool:
    """Did the actor write it, or handle the notes of this part?"""
    return actor.is_person(checkin.noted_by) or may(actor, HANDLE, unit_path=checkin.unit_path)


def note_for(actor: Actor, checkin: Checkin) -> VisitNote | None:
    """The note, for whoever may read it; None for everybody else."""
    return note_of(checkin) if checkin.note is not None and may_read(actor, checkin) else None


class Noted(NamedTuple):
    """A visit note with its visit, and the door if it was at one."""

    checkin: Checkin
    activity: Activity
    member_name: str
    note: VisitNote
    plate: Plate | None


def list_notes(
    actor: Actor,
    *,
    follow_up: FollowUp | None = None,
    unit_id: UUID | None = None,
    order: Age = Age.NEWEST,
    after: UUID | None = None,
    limit: int = 50,
) -> list[Noted]:
    """The notes of the actor's parts; `follow_up` only those that ask for something. That they were read is written
    down. Raises Forbidden, NotFound (the unit)."""
    require_any(actor, HANDLE)
    plate = same_community(Plate, Checkin) & (Plate.id == Checkin.plate_id)
    query = (
        scoped(actor.tenant, Checkin, Activity, Member.name).add_columns(Plate).outerjoin_from(Checkin, Plate, plate)
    )
    query = query.where(Activity.id == Checkin.activity_id, Member.id == Checkin.member_id, _handled(actor))
    query = query.where(Checkin.noted_by.is_not(None))
    if follow_up is not None:
        query = query.where(Checkin.follow_up == follow_up)
    if unit_id is not None:
        query = query.where(begins(Checkin.unit_path, load(actor.tenant, PlaceUnit, unit_id).path))
    query = arrange(query, BY_AGE[order], Checkin.id, rows=query, after=after)
    found = []
    for checkin, activity, name, door in db.session.execute(query.limit(limit)):
        note = note_of(checkin)
        if note is not None:
            found.append(Noted(checkin, activity, name, note, door))
    if found:
        audit.record_reading(actor, "service.read_notes", unit_id)
    return found


def _handled(actor: Actor) -> ColumnElement[bool]:
    scopes = reach(actor, HANDLE)
    if reaches_all_by_name(scopes):
        return Checkin.id.is_not(None)
    return or_(*places_reached(actor, scopes, Checkin.unit_path))


@atomic
def close_follow_up(actor: Actor, checkin_id: UUID) -> Checkin:
    """What the note asks for is done. Raises NotFound, Forbidden, WrongState (it asks for nothing, or is done)."""
    checkin = load(actor.tenant, Checkin, checkin_id, lock=True)
    require(actor, HANDLE, unit_path=checkin.unit_path)
    if checkin.follow_up != FollowUp.OPEN:
        raise WrongState(state=checkin.follow_up or "")
    checkin.follow_up, checkin.followed_up_at = FollowUp.DONE, clock.now()
    checkin.followed_up_by = actor.person_id
    db.session.flush()
    audit.record(actor, "service.close_follow_up", checkin.id)
    outbox.announce(actor, "visit_note.closed", checkin_id=checkin.id.hex)
    return checkin


# --- a person's data --------------------------------------------------------------------------------------------


def _written_by(person_id: UUID) -> ColumnElement[bool]:
    return Checkin.noted_by == person_id


def export_notes(person_id: UUID) -> dict[str, Any]:
    """The notes that the person wrote, whosever visit it was."""
    rows = db.session.scalars(select(Checkin).where(_written_by(person_id)).order_by(Checkin.id))
    names = ("community_id", "id", "arrived_at", "follow_up", "followed_up_at")
    found = []
    for row in rows:
        note = note_of(row)
        if note is not None:
            found.append(facts_of(row, *names) | asdict(note))
    return {"visit_notes": found}


@atomic
def erase_notes(person_id: UUID) -> None:
    """No word that the person wrote is kept, and nothing is asked for any more; that the visit was stays."""
    written = update(Checkin).where(_written_by(person_id)).execution_options(synchronize_session=False)
    db.session.execute(written.values(note=null(), noted_by=None, follow_up=None))


registry.exporters["visit notes"] = export_notes
registry.erasers["visit notes"] = erase_notes
