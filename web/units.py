"""The place tree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for

from api.auth import current_actor
from api.schemas.units import UnitRequestSchema
from ledger.core.permissions import is_of_oneself, may, reach, require_any
from ledger.core.tenancy import Actor
from ledger.people import grants, members, units
from ledger.people.models import PlaceUnit
from ledger.people.units import PARTY_LINE
from web.forms import send
from web.words import UNIT_KINDS

page = Blueprint("units", __name__)


@page.get("/c/<id:community_id>/units")
def show_tree() -> Any:
    """Community, compounds, grids, micro-grids, buildings and the party line."""
    return _tree(current_actor())


def _tree(actor: Actor, **again: Any) -> str:
    require_any(actor, "see_units")
    rows = units.tree_of(actor.tenant)
    holders = _holders(actor)
    counts = Counter(unit.kind for unit in rows)
    return render_template(
        "units/tree.html",
        roots=_below(None, [unit for unit in rows if unit.kind not in PARTY_LINE], holders, "parent_id"),
        party_roots=_party(rows, holders),
        counts=[{"value": counts[kind], "words": words} for kind, words in UNIT_KINDS.items() if counts[kind]],
        parents=[(unit.id.hex, f"{UNIT_KINDS[unit.kind]} {unit.name}") for unit in rows],
        can_manage=may(actor, "manage_units"),
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


Holders = dict[UUID, list[dict[str, str]]]


def _holders(actor: Actor) -> Holders:
    """Who holds which post where: named for staff, as they are named on the doors of the place."""
    found: Holders = defaultdict(list)
    if all(map(is_of_oneself, reach(actor, "see_units").values())):
        return found
    masked = members.is_masked_for(actor)
    for post, member in grants.holders_of(actor.tenant):
        name = members.mask_name(member.name) if masked else member.name
        found[post.unit_id].append({"name": name, "post": post.kind})
    return found


def _below(parent_id: UUID | None, rows: Sequence[PlaceUnit], holders: Holders, link: str) -> list[dict[str, Any]]:
    """The part of the tree below a unit, as the template walks it; None is the root."""
    children: dict[UUID | None, list[PlaceUnit]] = defaultdict(list)
    for unit in rows:
        children[getattr(unit, link)].append(unit)

    def branch(unit: PlaceUnit) -> dict[str, Any]:
        shown = {"id": unit.id.hex, "kind": unit.kind, "name": unit.name, "holders": holders.get(unit.id, [])}
        return shown | {"children": [branch(child) for child in children[unit.id]]}

    return [branch(unit) for unit in children[parent_id]]


def _party(rows: Sequence[PlaceUnit], holders: Holders) -> list[dict[str, Any]]:
    """The party line as a tree of its own: below the community, each group with the places it leads."""
    line = [unit for unit in rows if unit.kind in PARTY_LINE]
    tops = {unit.parent_id for unit in line} - {unit.id for unit in line}
    return [branch for top in tops for branch in _below(top, line, holders, "parent_id")]


@page.post("/c/<id:community_id>/units")
def create() -> Any:
    """One more unit below its parent."""
    actor = current_actor()
    return send(
        UnitRequestSchema(exclude=("party_parent_id",)),
        lambda values: units.add_unit(actor, **values),
        to=lambda _: url_for(".show_tree"),
        again=lambda **again: _tree(actor, **again),
    )
