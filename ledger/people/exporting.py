"""What core, the books and this room know of a person, for the file of their data."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from ledger.book.accounts import AccountKey, accounts_of_member
from ledger.book.models import ReversalRequest, Transfer
from ledger.core import registry, secrets
from ledger.core.audit import AuditLine
from ledger.core.commitments import PURPOSE, Commitment
from ledger.core.db import db
from ledger.core.exporting import all_facts, facts_of, plain
from ledger.core.tenancy import same_community, scoped
from ledger.people.data_models import Erasure
from ledger.people.models import (
    Community,
    Consent,
    CounterStaff,
    Household,
    Member,
    OversightGrant,
    Person,
    Phone,
    PlaceUnit,
    Post,
    RoleGrant,
    Session,
)
from ledger.people.sign_in_models import Authenticator, Identity, Password
from ledger.people.team_models import Team, TeamMember


def memberships_ever(person_id: UUID) -> list[Member]:
    """Every member that the person is or was, in every community."""
    return list(db.session.scalars(select(Member).where(Member.person_id == person_id).order_by(Member.id)))


def export_identity(person_id: UUID) -> dict[str, Any]:
    """The person, their numbers in full (they are their own), consents, devices, and what they do above communities."""

    def mine(model: Any) -> list[Any]:
        return list(db.session.scalars(select(model).where(model.person_id == person_id).order_by(model.id)))

    return {
        "person": all_facts([db.session.get_one(Person, person_id)], "id", "created_at", "erased_at"),
        "phones": [
            {"number": secrets.unseal(row.sealed, "phones").decode(), **facts_of(row, "created_at", "ended_at")}
            for row in mine(Phone)
            if row.sealed
        ],
        "consents": all_facts(mine(Consent), "purpose", "given_at", "withdrawn_at", "given_by"),
        "sessions": all_facts(mine(Session), "kind", "label", "created_at", "expires_at", "revoked_at"),
        "passwords": all_facts(_secrets(Password, person_id), "set_at"),
        "authenticators": all_facts(_secrets(Authenticator, person_id), "created_at", "confirmed_at"),
        "identities": all_facts(mine(Identity), "label", "linked_at"),
        "oversight": all_facts(mine(OversightGrant), "role", "since", "until"),
        "counters": all_facts(mine(CounterStaff), "community_id", "merchant_id", "name", "role", "since", "until"),
        "erasures": all_facts(mine(Erasure), "state", "ground", "retained_until", "asked_at", "due_at", "decided_at"),
    }


def _secrets(model: Any, person_id: UUID) -> list[Any]:
    """That there is a password or an authenticator and since when: never the secret itself."""
    return list(db.session.scalars(select(model).where(model.person_id == person_id)))


def export_memberships(person_id: UUID) -> dict[str, Any]:
    """The person in each community: name, place, household, posts and roles."""
    found = memberships_ever(person_id)
    places: dict[str, list[dict[str, Any]]] = {"memberships": [], "posts": [], "roles": [], "teams": []}
    for member in found:
        unit, community = _place(member)
        home = db.session.get(Household, (member.community_id, member.household_id)) if member.household_id else None
        places["memberships"].append(
            facts_of(
                member, "community_id", "id", "name", "state", "joined_at", "left_at", "left_reason", "child_until"
            )
            | {"community": community, "unit": unit, "household": home.name if home else None}
        )
        served = db.session.execute(
            scoped(member.community_id, Team.name, TeamMember.since, TeamMember.until)
            .where(TeamMember.team_id == Team.id, TeamMember.member_id == member.id)
            .order_by(TeamMember.id)
        )
        places["teams"] += all_facts(served, "name", "since", "until")
        for name, model, kind in (("posts", Post, "kind"), ("roles", RoleGrant, "role")):
            rows = db.session.scalars(scoped(member.community_id, model).where(model.member_id == member.id))
            places[name] += all_facts(rows, "community_id", "unit_id", kind, "since", "until")
    return places


def _place(member: Member) -> tuple[str, str]:
    query = scoped(member.community_id, PlaceUnit.name).where(PlaceUnit.id == member.unit_id)
    community = db.session.get_one(Community, member.community_id)
    return db.session.scalars(query).one(), community.name


def export_books(person_id: UUID) -> dict[str, Any]:
    """Every movement of the person's wallets, debts and hours, and what was taken back by hand with its reason."""
    transfers: list[dict[str, Any]] = []
    reversals: list[dict[str, Any]] = []
    for member in memberships_ever(person_id):
        keys = {key.id_in(member.community_id): key for key in accounts_of_member(member.id)}
        transfers += [row for side in ("credit", "debit") for row in _movements(member, keys, side)]
        reversals += all_facts(
            db.session.scalars(reversals_about(member)), "community_id", "amount", "reason", "state", "asked_at", "note"
        )
    return {"transfers": sorted(transfers, key=lambda row: (row["recorded_at"], row["id"])), "reversals": reversals}


def _movements(member: Member, keys: dict[UUID, AccountKey], side: str) -> list[dict[str, Any]]:
    account = getattr(Transfer, f"{side}_account_id")
    rows = db.session.scalars(scoped(member.community_id, Transfer).where(account.in_(keys)))
    names = ("community_id", "id", "code", "amount", "effective_at", "recorded_at", "expires_on", "on_behalf_of")
    return [
        facts_of(row, *names)
        | {
            "account": keys[getattr(row, f"{side}_account_id")].kind.value,
            "unit": keys[getattr(row, f"{side}_account_id")].unit.value,
            "side": side,
        }
        for row in rows
    ]


def reversals_about(member: Member) -> Any:
    """SELECT of the reversals that took something from the member's accounts, or wanted to."""
    accounts = [key.id_in(member.community_id) for key in accounts_of_member(member.id)]
    return (
        scoped(member.community_id, ReversalRequest)
        .join(Transfer, same_community(Transfer, ReversalRequest) & (Transfer.id == ReversalRequest.transfer_id))
        .where(or_(Transfer.debit_account_id.in_(accounts), Transfer.credit_account_id.in_(accounts)))
    )


def export_words(person_id: UUID) -> dict[str, Any]:
    """What sealed evidence speaks of: the words that are kept of the person beside their digests."""
    rows = db.session.scalars(select(Commitment).where(Commitment.owner_id == person_id).order_by(Commitment.id))
    return {
        "words": [
            facts_of(row, "community_id", "field", "made_at", "erased_at")
            | {"value": secrets.unseal(row.value, PURPOSE).decode() if row.value else None}
            for row in rows
        ]
    }


def export_audit(person_id: UUID) -> dict[str, Any]:
    """What the person did, and what others did on their behalf."""
    mine = or_(AuditLine.actor_id == person_id, AuditLine.on_behalf_of == person_id)
    rows = db.session.scalars(select(AuditLine).where(mine).order_by(AuditLine.id))
    return {
        "audit": [
            facts_of(row, "community_id", "at", "action", "thing_id", "outcome")
            | {"by_me": row.actor_id == person_id, "on_behalf_of": plain(row.on_behalf_of)}
            for row in rows
        ]
    }


registry.exporters |= {
    "identity": export_identity,
    "memberships": export_memberships,
    "books": export_books,
    "commitments": export_words,
    "audit": export_audit,
}
