"""The resources of the API, in the order of the contract. A new resource is one line here."""

from __future__ import annotations

from flask_smorest import Blueprint

from api import accounts, audit, communities, grants, households, me, members, sign_in, transfers, units

RESOURCES: tuple[Blueprint, ...] = (
    sign_in.blp,
    me.blp,
    communities.blp,
    communities.joining,
    units.blp,
    members.blp,
    grants.blp,
    households.blp,
    accounts.blp,
    transfers.blp,
    audit.blp,
)
