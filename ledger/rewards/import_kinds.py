"""What this room lets import: shops with their branches and owners. Rows with the same shop are its branches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import select

from ledger.core import audit, clock, outbox, secrets
from ledger.core.db import db
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor, Role
from ledger.people.import_sets import index_of, insert_all, people_for, pieces
from ledger.people.imports import Column, Fault, ImportKind, Numbered, Row, register
from ledger.people.models import CounterStaff
from ledger.rewards.errors import OwnCounter
from ledger.rewards.merchants import CODE_LENGTH, known_to
from ledger.rewards.models import Branch, Merchant

SHOP = Column("shop", ("店名", "商户", "shop name", "shop's name"), 80, required=True)
TRADE = Column("trade", ("做什么的", "行业", "what it does"), 40, required=True)
BRANCH = Column("branch", ("门店", "branch name"), 80)
ADDRESS = Column("address", ("地址", "门店地址"), 120, required=True)
OWNER = Column("owner", ("店主", "店主姓名", "owner's name"), 80)
OWNER_PHONE = Column("owner_phone", ("店主手机", "店主手机号", "owner's phone"), 20)


def _branch_of(row: Row) -> str:
    """The branch's name; without one it is called as the shop is."""
    return row.get("branch") or row["shop"]


# --- what is wrong ------------------------------------------------------------------------------------------------


def _faults_of_merchants(community_id: UUID, rows: Numbered) -> Iterator[Fault]:
    there = _names_here(community_id, {row["shop"] for _, row in rows})
    often = Counter((row["shop"], _branch_of(row)) for _, row in rows)
    trades: dict[str, str] = {}
    owners: dict[tuple[str, bytes], str] = {}
    for number, row in rows:
        if row["shop"] in there:
            yield Fault(number, "shop", "already_there")
        if often[row["shop"], _branch_of(row)] > 1:
            yield Fault(number, "branch", "name_twice")
        if trades.setdefault(row["shop"], row["trade"]) != row["trade"]:
            yield Fault(number, "trade", "differs")
        yield from _faults_of_owner(number, row, owners)


def _faults_of_owner(number: int, row: Row, owners: dict[tuple[str, bytes], str]) -> Iterator[Fault]:
    """An owner is a name and a number, or nobody; in one shop a number has one name (`owners`: those further up)."""
    name, phone = row.get("owner", ""), row.get("owner_phone", "")
    if bool(name) != bool(phone):
        yield Fault(number, "owner" if phone else "owner_phone", "missing")
    if not phone:
        return
    index = index_of(phone)
    if index is None:
        yield Fault(number, "owner_phone", "phone_malformed")
    elif name and owners.setdefault((row["shop"], index), name) != name:
        yield Fault(number, "owner", "owner_twice")


def _names_here(community_id: UUID, names: Collection[str]) -> set[str]:
    """Which of these names a shop of the community has already."""
    found: set[str] = set()
    for piece in pieces(sorted(names)):
        found |= set(db.session.scalars(select(Merchant.name).where(known_to(community_id), Merchant.name.in_(piece))))
    return found


# --- taking -------------------------------------------------------------------------------------------------------


def _take_merchants(actor: Actor, import_id: UUID, rows: Numbered) -> None:
    """Shops, branches with their poster codes, and owners, set by set; an owner is whoever signs in with the number.

    Raises OwnCounter (the actor would own a shop of the list).
    """
    merchants = _merchants_of(actor, rows)
    ids = {merchant["name"]: merchant["id"] for merchant in merchants}
    branches = _branches_of(rows, ids)
    staff = _owners_of(actor, rows, ids)
    insert_all(Merchant, merchants)
    insert_all(Branch, branches)
    insert_all(CounterStaff, staff)
    audit.record(
        actor, "rewards.import_merchants", import_id, count=len(merchants), branches=len(branches), owners=len(staff)
    )
    outbox.announce_all(actor, "merchant.created", [{"merchant_id": one["id"].hex} for one in merchants])
    outbox.announce_all(actor, "branch.added", [{"branch_id": one["id"].hex} for one in branches])
    opened = [{"staff_id": one["id"].hex, "merchant_id": one["merchant_id"].hex} for one in staff]
    outbox.announce_all(actor, "counter.opened", opened)


def _merchants_of(actor: Actor, rows: Numbered) -> list[dict[str, Any]]:
    """A shop for each name."""
    trades = {row["shop"]: row["trade"] for _, row in rows}
    own = {"created_in": actor.tenant, "created_at": clock.now(), "actor_id": actor.person_id}
    return [own | {"id": new_id(), "name": name, "trade": trade} for name, trade in trades.items()]


def _branches_of(rows: Numbered, ids: dict[str, UUID]) -> list[dict[str, Any]]:
    """A branch for each row, each with a code for its poster."""
    return [
        {
            "id": new_id(),
            "merchant_id": ids[row["shop"]],
            "name": _branch_of(row),
            "address": row["address"],
            "code": secrets.random_code(CODE_LENGTH),
            "created_at": clock.now(),
        }
        for _, row in rows
    ]


def _owners_of(actor: Actor, rows: Numbered, ids: dict[str, UUID]) -> list[dict[str, Any]]:
    """An owner for each number of a shop, however many rows name it. Raises OwnCounter."""
    numbers = {index: row["owner_phone"] for _, row in rows if (index := index_of(row.get("owner_phone", "")))}
    people = people_for(numbers)
    if actor.person_id in people.values():
        raise OwnCounter
    named = {(row["shop"], index_of(row["owner_phone"])): row["owner"] for _, row in rows if row.get("owner_phone")}
    own = {"community_id": actor.tenant, "branch_id": None, "role": Role.OWNER, "since": clock.now()}
    return [
        own
        | {
            "id": new_id(),
            "person_id": people[index],
            "merchant_id": ids[shop],
            "name": name,
            "actor_id": actor.person_id,
        }
        for (shop, index), name in named.items()
        if index
    ]


MERCHANTS = register(
    ImportKind("merchants", (SHOP, TRADE, BRANCH, ADDRESS, OWNER, OWNER_PHONE), _faults_of_merchants, _take_merchants)
)
