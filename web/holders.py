"""Whose account it is and who did something, with people named only as far as the reader may know them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from flask import g
from flask_babel import gettext as _

from ledger.book.accounts import AccountKey
from ledger.book.codes import Kind
from ledger.core.ids import NOBODY
from ledger.core.tenancy import Actor
from ledger.people import members
from ledger.rewards import funds, merchants

GROUPS = {
    "community": (Kind.ISSUANCE, Kind.BANK, Kind.POT, Kind.EXPIRED),
    "fund": (Kind.FUND,),
    "shop": (Kind.MERCHANT, Kind.PAYABLE, Kind.VOUCHER),
    "member": (Kind.WALLET, Kind.DEBT, Kind.HOURS),
}
"""Whose accounts of which kind are."""


def named(actor: Actor, keys: Mapping[UUID, AccountKey]) -> dict[UUID, dict[str, Any]]:
    """Each account by its id as pages show it: {id, kind, unit, group, holder}."""
    owners = {group: {key.owner_id for key in keys.values() if key.kind in kinds} for group, kinds in GROUPS.items()}
    names = {
        "community": dict.fromkeys(owners["community"], g.community.name),
        "fund": dict(funds.names_of(actor.tenant)) if owners["fund"] else {},
        "shop": {one.id: one.name for one in merchants.describe_merchants(owners["shop"]).values()},
        "member": members.shown_names(actor, members.describe_members(actor.tenant, owners["member"]).values()),
    }
    return {account_id: _one(account_id, key, names) for account_id, key in keys.items()}


def _one(account_id: UUID, key: AccountKey, names: dict[str, dict[UUID, str]]) -> dict[str, Any]:
    group = next(name for name, kinds in GROUPS.items() if key.kind in kinds)
    holder = names[group].get(key.owner_id, "")
    return {"id": account_id, "kind": str(key.kind), "unit": str(key.unit), "group": group, "holder": holder}


def people(actor: Actor, person_ids: Collection[UUID | None]) -> dict[UUID | None, str]:
    """What these persons are called; the clock's own work is the system's."""
    masked = members.is_masked_for(actor)
    found = members.names_of(actor.tenant, person_ids)
    said: dict[UUID | None, str] = {NOBODY: _("系统"), None: ""}
    said |= {one: members.mask_name(name) if masked else name for one, name in found.items()}
    return said
