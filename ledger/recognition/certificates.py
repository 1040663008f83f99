"""志愿服务记录证明: a member asks, the community issues under a number that anybody can verify, and may revoke.

What is printed is frozen: its canonical bytes with their SHA-256. They say everything but the name and the purpose,
which they name by their commitments, so an erasure forgets the words and leaves the proof.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update

from ledger.book.balances import member_balance
from ledger.core import audit, clock, numbers, outbox, registry
from ledger.core.commitments import is_word_of, keep_words, words_of
from ledger.core.db import atomic, db
from ledger.core.errors import AlreadyExists, NotFound, WrongState
from ledger.core.evidence import canonical
from ledger.core.exporting import all_facts
from ledger.core.ids import new_id
from ledger.core.orders import BY_AGE, Age, arrange
from ledger.core.permissions import members_reached, reach, reaches_all, require
from ledger.core.tenancy import Actor, load, same_community, scoped, within
from ledger.people.members import family_of, is_masked_for, load_community, load_member, mask_name
from ledger.people.models import Member
from ledger.people.notices import declare, tell
from ledger.recognition.errors import DocumentChanged, NothingServed, PeriodInFuture
from ledger.recognition.models import Certificate, CertificateState
from ledger.recognition.stars import stars_of
from ledger.service.models import Activity, Checkin, Decision, Programme, Stamp

ASK, ISSUE, REVOKE, SEE = "ask_certificate", "issue_certificate", "revoke_certificate", "see_certificates"

LONGEST_PURPOSE, LONGEST_REASON = 80, 300

WORDS = ("name", "purpose")
"""What a certificate says in words, kept apart from its bytes."""

ISSUED = declare(
    "recognition.certificate_issued",
    zh="您申请的志愿服务记录证明开好了，请到“我的证明”里查看和打印。",
    en="Your service record certificate is ready: see and print it under “My certificates”.",
    by_phone=True,
)
ENDED = declare(
    "recognition.certificate_ended",
    zh="您的志愿服务记录证明没有开出，或已被撤销。原因写在“我的证明”里。",
    en="Your service record certificate was not issued, or was revoked. “My certificates” says why.",
    by_phone=True,
)


@dataclass(frozen=True, slots=True)
class CertificateView:
    """A certificate as the actor may see it: the name masked for who reads masked names, the words empty for them."""

    certificate: Certificate
    member_name: str
    purpose: str
    document: dict[str, Any] | None = None


# --- verbs ------------------------------------------------------------------------------------------------------


@atomic
def ask_certificate(actor: Actor, *, member_id: UUID, starts_on: date, ends_on: date, purpose: str) -> Certificate:
    """The community is asked to certify what the member served in these days (both included).

    Raises NotFound, Forbidden, PeriodInFuture, NothingServed, AlreadyExists (the same is waiting).
    """
    assert starts_on <= ends_on, "bounded by whoever read the form"
    member = load_member(actor.tenant, member_id)
    require(actor, ASK, member_id=member.id)
    if ends_on > clock.today():
        raise PeriodInFuture
    if not _served(actor.tenant, member.id, starts_on, ends_on):
        raise NothingServed
    same = scoped(actor.tenant, Certificate.id).where(
        Certificate.member_id == member.id,
        Certificate.state == CertificateState.ASKED,
        Certificate.starts_on == starts_on,
        Certificate.ends_on == ends_on,
    )
    if db.session.scalar(same.limit(1)) is not None:
        raise AlreadyExists
    row = Certificate(
        community_id=actor.tenant,
        id=new_id(),
        member_id=member.id,
        state=CertificateState.ASKED,
        starts_on=starts_on,
        ends_on=ends_on,
        purpose=purpose,
        asked_at=clock.now(),
        asked_by=actor.person_id,
        reason="",
    )
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "recognition.ask_certificate", row.id, on_behalf_of=actor.acts_for(member.person_id))
    outbox.announce(actor, "certificate.asked", certificate_id=row.id.hex)
    return row


@atomic
def issue_certificate(actor: Actor, certificate_id: UUID) -> Certificate:
    """It has its number and is frozen as the books are now; anybody who has the number can verify it.

    Raises NotFound, Forbidden, WrongState, NothingServed (all was undone since).
    """
    row = load(actor.tenant, Certificate, certificate_id, lock=True)
    require(actor, ISSUE)
    if row.state != CertificateState.ASKED:
        raise WrongState(state=row.state)
    member = load_member(actor.tenant, row.member_id)
    served = _served(actor.tenant, member.id, row.starts_on, row.ends_on)
    if not served:
        raise NothingServed
    number = numbers.public_number(load_community(actor.tenant).short_code, row.id)
    document = _freeze(row, member, served, number=number)
    digest = hashlib.sha256(document).digest()
    row.state, row.number, row.document, row.digest = CertificateState.ISSUED, number, document, digest
    row.issued_at, row.issued_by = clock.now(), actor.person_id
    db.session.flush()
    _announce(actor, row, member, "issue", digest=digest.hex())
    tell(actor.tenant, member.person_id, ISSUED)
    return row


def _freeze(row: Certificate, member: Member, served: list[dict[str, Any]], *, number: str) -> bytes:
    community = load_community(row.community_id)
    minutes = member_balance(row.community_id, member.id).minutes
    words = {"name": member.name, "purpose": row.purpose}
    kept = {
        f"{field}_commitment": keep_words(
            row.community_id, value, thing_id=row.id, field=field, owner_id=member.person_id
        )
        for field, value in words.items()
    }
    return canonical(
        form=1,
        number=number,
        community_id=row.community_id,
        community=community.name,
        is_demo=community.is_demo,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        issued_on=clock.today(),
        visits=sum(one["visits"] for one in served),
        minutes=sum(one["minutes"] for one in served),
        minutes_ever=minutes,
        stars=stars_of(minutes).earned,
        programmes=served,
        **kept,
    )


@atomic
def revoke_certificate(actor: Actor, certificate_id: UUID, *, reason: str) -> Certificate:
    """An issued one counts no more, an asked one will not be issued; the member reads why.

    Raises NotFound, Forbidden, WrongState.
    """
    row = load(actor.tenant, Certificate, certificate_id, lock=True)
    require(actor, REVOKE)
    ends = {CertificateState.ISSUED: CertificateState.REVOKED, CertificateState.ASKED: CertificateState.DECLINED}
    if row.state not in ends:
        raise WrongState(state=row.state)
    row.state = ends[CertificateState(row.state)]
    row.ended_at, row.ended_by, row.reason = clock.now(), actor.person_id, reason
    db.session.flush()
    member = load_member(actor.tenant, row.member_id)
    _announce(actor, row, member, "revoke")
    tell(actor.tenant, member.person_id, ENDED)
    return row


def _announce(actor: Actor, row: Certificate, member: Member, step: str, **facts: str) -> None:
    on_behalf_of = actor.acts_for(member.person_id)
    action = f"recognition.{step}_certificate"
    audit.record(actor, action, row.id, on_behalf_of=on_behalf_of, state=row.state, **facts)
    outbox.announce(actor, f"certificate.{row.state}", certificate_id=row.id.hex)


def _served(community_id: UUID, member_id: UUID, starts_on: date, ends_on: date) -> list[dict[str, Any]]:
    """What the member served in these days by programme, most first; a visit is of the day on which it began."""
    query = (
        select(Programme.name, func.count(), func.sum(Stamp.minutes))
        .where(
            within(community_id, Stamp, Checkin, Activity, Programme),
            Checkin.member_id.in_(family_of(community_id, member_id)),
            Checkin.arrived_at >= clock.start_of_day(starts_on),
            Checkin.arrived_at < clock.start_of_day(ends_on + timedelta(days=1)),
            Stamp.checkin_id == Checkin.id,
            Stamp.counts,
            Stamp.decision == Decision.STAMP,
            Stamp.undone_at.is_(None),
            Activity.id == Checkin.activity_id,
            Programme.id == Activity.programme_id,
        )
        .group_by(Programme.name)
    )
    rows = [
        {"programme": name, "visits": int(visits), "minutes": int(minutes)}
        for name, visits, minutes in db.session.execute(query)
    ]
    return sorted(rows, key=lambda row: (-row["minutes"], row["programme"]))


# --- reading ----------------------------------------------------------------------------------------------------


def list_certificates(
    actor: Actor,
    *,
    is_mine: bool = False,
    status: CertificateState | None = None,
    order: Age = Age.NEWEST,
    after: UUID | None = None,
    limit: int = 50,
) -> list[CertificateView]:
    """The certificates that the actor may see, or that are the actor's own. Raises Forbidden."""
    scopes = reach(actor, SEE)
    query = scoped(actor.tenant, Certificate, Member).where(Member.id == Certificate.member_id)
    if not scopes:
        require(actor, SEE)
    if is_mine:
        query = query.where(Certificate.member_id.in_(actor.member_ids))
    elif not reaches_all(scopes):
        query = query.where(Certificate.member_id.in_(members_reached(actor, scopes)))
    if status is not None:
        query = query.where(Certificate.state == status)
    query = arrange(query, BY_AGE[order], Certificate.id, rows=query, after=after)
    rows = db.session.execute(query.limit(limit)).tuples()
    return [_view(actor, row, member) for row, member in rows]


def see_certificate(actor: Actor, certificate_id: UUID) -> CertificateView:
    """One certificate with what is printed on it; another's reading is written down.

    Raises NotFound, Forbidden, DocumentChanged.
    """
    row = load(actor.tenant, Certificate, certificate_id)
    require(actor, SEE, member_id=row.member_id)
    member = load(actor.tenant, Member, row.member_id)
    audit.record_reading(actor, "recognition.read_certificate", row.id, of=member.person_id)
    view = _view(actor, row, member)
    if row.document is None:
        return view
    document = printed(row)
    if document is None:
        raise DocumentChanged
    name = document["name"] or registry.ERASED
    shown = mask_name(name) if is_masked_for(actor) else name
    return CertificateView(row, shown, view.purpose, document | {"name": shown, "purpose": view.purpose})


def _view(actor: Actor, row: Certificate, member: Member) -> CertificateView:
    hidden = is_masked_for(actor) and row.member_id not in actor.member_ids
    name = mask_name(member.name) if hidden else member.name
    return CertificateView(row, name, "" if hidden else row.purpose)


def count_waiting(actor: Actor) -> int:
    """How many wait for this actor to issue them."""
    if not reach(actor, ISSUE):
        return 0
    query = select(func.count()).where(within(actor.tenant, Certificate), Certificate.state == CertificateState.ASKED)
    return int(db.session.scalar(query) or 0)


def printed(row: Certificate) -> dict[str, Any] | None:
    """What is printed on an issued certificate, with its words (None each once erased); None when it was changed."""
    content = row.document or b""
    if hashlib.sha256(content).digest() != row.digest:
        return None
    document: dict[str, Any] = json.loads(content)
    if document["number"] != row.number:
        return None
    if not all(is_word_of(row.community_id, row.id, field, digest=document[f"{field}_commitment"]) for field in WORDS):
        return None
    return document | {field: words_of(row.community_id, row.id, field) for field in WORDS}


def find_issued(community_id: UUID, number: str) -> Certificate:
    """The certificate of a number of this community. Raises NotFound."""
    found: Certificate | None = db.session.scalars(
        scoped(community_id, Certificate).where(Certificate.number == number)
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


# --- a person's data --------------------------------------------------------------------------------------------


def _of_person(person_id: UUID) -> ColumnElement[bool]:
    """SQL: what a person's members asked for, in every community."""
    mine = select(Member.id).where(same_community(Member, Certificate), Member.person_id == person_id)
    return Certificate.member_id.in_(mine)


def export_certificates(person_id: UUID) -> dict[str, Any]:
    """The certificates that the person asked for, and what became of them."""
    rows = db.session.scalars(select(Certificate).where(_of_person(person_id)).order_by(Certificate.id))
    names = ("community_id", "state", "starts_on", "ends_on", "purpose", "number", "reason")
    return {"certificates": all_facts(rows, *names, "asked_at", "issued_at", "ended_at")}


@atomic
def erase_certificates(person_id: UUID) -> None:
    """No words of the person are kept, and nothing waits; an issued one stays provable without a name."""
    own = update(Certificate).where(_of_person(person_id)).execution_options(synchronize_session=False)
    declined = {"state": CertificateState.DECLINED, "ended_at": clock.now(), "ended_by": person_id}
    db.session.execute(own.where(Certificate.state == CertificateState.ASKED).values(declined))
    db.session.execute(own.values(purpose="", reason=""))


registry.exporters["certificates"] = export_certificates
registry.erasers["certificates"] = erase_certificates
