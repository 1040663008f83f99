"""Members, their balance and statement."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.list_files import as_files
from api.pages import page
from api.schemas.members import (
    BalanceSchema,
    MemberPageSchema,
    MemberQuery,
    MemberRequestSchema,
    MemberSchema,
    NewMemberSchema,
)
from api.schemas.transfers import AtQuery, StatementQuery, StatementSchema
from api.writing import writes
from ledger.book import balances, reading, statements
from ledger.book.accounts import wallet_of
from ledger.core.permissions import require
from ledger.core.tenancy import Actor
from ledger.people import members
from ledger.people.models import Member, PlaceUnit

blp = resource("members", "Members of the community, with wallets and hours.")


@blp.get("/members")
@blp.arguments(MemberQuery, location="query")
@blp.response(200, MemberPageSchema)
@as_files(blp, "members", MemberQuery, MemberPageSchema)
def list_members(asked: dict[str, Any]) -> dict[str, Any]:
    """The members I may see, newest first unless asked by name."""
    actor, chosen = current_actor(), {"search": asked["search"], "unit_id": asked["unit_id"], "order": asked["sort"]}
    rows = members.list_members(actor, **chosen, after=asked["cursor"], limit=asked["limit"] + 1)
    return page([_shown(actor, *row) for row in rows], asked["limit"])


@blp.post("/members")
@blp.arguments(MemberRequestSchema)
@blp.response(201, NewMemberSchema)
@writes(NewMemberSchema, status=201)
def post_member(asked: dict[str, Any]) -> Member:
    """Enter a resident as a member; a phone is optional."""
    return members.add_member(current_actor(), asked.pop("name"), **asked)


@blp.get("/members/<id:member_id>")
@blp.response(200, MemberSchema)
def get_member(member_id: UUID) -> dict[str, Any]:
    """One member."""
    actor = current_actor()
    return _shown(actor, *members.see_member(actor, member_id))


@blp.get("/members/<id:member_id>/balance")
@blp.arguments(AtQuery, location="query")
@blp.response(200, BalanceSchema)
def get_balance(asked: dict[str, Any], member_id: UUID) -> balances.MemberBalance:
    """Points and minutes of a member, now or at a past moment."""
    actor = current_actor()
    member = _require_books(actor, member_id)
    aliases = members.aliases_of(actor.tenant, member.id)
    return balances.member_balance(actor.tenant, member.id, at=asked["at"], aliases=aliases)


@blp.get("/members/<id:member_id>/statement")
@blp.arguments(StatementQuery, location="query")
@blp.response(200, StatementSchema)
def get_statement(asked: dict[str, Any], member_id: UUID) -> statements.Statement:
    """The wallet in a period: opening, every movement with its running balance (newest first), closing."""
    actor = current_actor()
    member = _require_books(actor, member_id)
    wallet = reading.account_of(actor.tenant, wallet_of(member.id))
    return statements.make_statement(actor.tenant, wallet, **asked)


def _require_books(actor: Actor, member_id: UUID) -> Member:
    """Own figures are everybody's own; others' are for those who see the books."""
    member = members.load_member(actor.tenant, member_id)
    if member.id != actor.member_id:
        require(actor, "see_books", member_id=member.id)
    return member


def _shown(actor: Actor, member: Member, unit: PlaceUnit) -> dict[str, Any]:
    name = members.mask_name(member.name) if members.is_masked_for(actor) else member.name
    return {
        "id": member.id,
        "name": name,
        "unit_id": member.unit_id,
        "unit_name": unit.name,
        "household_id": member.household_id,
        "state": member.state,
        "joined_at": member.joined_at,
    }
