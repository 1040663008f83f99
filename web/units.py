"""The place tree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from marshmallow import Schema

from api.auth import current_actor
from api.schemas.units import UnitChangeSchema, UnitRequestSchema
from ledger.core.errors import Forbidden
from ledger.core.permissions import is_of_oneself, may, reach, require_any
from ledger.core.tenancy import Actor, load
from ledger.people import grants, members, units
from ledger.people.models import PlaceUnit, Post, UnitKind
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
        can_open=not all(map(is_of_oneself, reach(actor, "see_units").values())),
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


@page.get("/c/<id:community_id>/units/<id:unit_id>")
def show(unit_id: UUID) -> Any:
    """One unit: who holds and held its posts, and for whoever may: its name, its place, its end."""
    return _sheet(current_actor(), unit_id)


def _sheet(actor: Actor, unit_id: UUID, **again: Any) -> str:
    unit = load(actor.tenant, PlaceUnit, unit_id)
    if all(map(is_of_oneself, reach(actor, "see_units").values())):
        raise Forbidden
    tree = units.tree_of(actor.tenant)
    can_manage = may(actor, "manage_units") and unit.ended_at is None
    kind = UnitKind(unit.kind)
    return render_template(
        "units/show.html",
        unit=unit,
        above=units.describe_units(actor.tenant, {one for one in (unit.parent_id, unit.party_parent_id) if one}),
        posts=_posts(actor, unit),
        uses=units.uses_of(unit),
        parents=[_choice(one) for one in tree if one.kind in units.PARENTS[kind]] if can_manage else [],
        party=[_choice(one) for one in tree if one.kind in PARTY_LINE] if kind not in PARTY_LINE else [],
        can_manage=can_manage,
        **({"values": {"name": unit.name}, "errors": {}, "refusal": None} | again),
    )


def _choice(unit: PlaceUnit) -> tuple[str, str]:
    return unit.id.hex, f"{UNIT_KINDS[unit.kind]} {unit.name}"


def _posts(actor: Actor, unit: PlaceUnit) -> list[dict[str, Any]]:
    rows = grants.list_posts(actor, unit_id=unit.id)
    names = members.shown_names(actor, [member for _, member, _ in rows])
    return [
        {"id": post.id.hex, "kind": post.kind, "name": names[member.id], "since": post.since, "until": post.until}
        for post, member, _ in rows
    ]


def _send(unit_id: UUID, schema: Schema | None, verb: Callable[[Actor, Any], object]) -> Any:
    """One of the forms of a unit's page, which leads back to the page."""
    actor = current_actor()
    return send(
        schema,
        lambda values: verb(actor, values),
        to=lambda _: url_for(".show", unit_id=unit_id),
        again=lambda **again: _sheet(actor, unit_id, **again),
    )


@page.post("/c/<id:community_id>/units/<id:unit_id>/name")
def rename(unit_id: UUID) -> Any:
    """Another name."""
    return _send(unit_id, UnitChangeSchema(only=("name",)), lambda actor, values: _change(actor, unit_id, values))


@page.post("/c/<id:community_id>/units/<id:unit_id>/parent")
def move(unit_id: UUID) -> Any:
    """Another place, with everything below it."""
    return _send(unit_id, UnitChangeSchema(only=("parent_id",)), lambda actor, values: _change(actor, unit_id, values))


@page.post("/c/<id:community_id>/units/<id:unit_id>/party-parent")
def place_in_party(unit_id: UUID) -> Any:
    """Another place in the party line, or none."""
    schema = UnitChangeSchema(only=("party_parent_id",))
    return _send(unit_id, schema, lambda actor, values: _change(actor, unit_id, {"party_parent_id": None} | values))


def _change(actor: Actor, unit_id: UUID, values: dict[str, Any]) -> PlaceUnit:
    return units.change_unit(actor, unit_id, **values)


@page.post("/c/<id:community_id>/units/<id:unit_id>/end")
def end(unit_id: UUID) -> Any:
    """The unit is no more."""
    return _send(unit_id, None, lambda actor, _values: units.end_unit(actor, unit_id))


@page.post("/c/<id:community_id>/posts/<id:post_id>/end")
def end_post(post_id: UUID) -> Any:
    """The post is over; it stays in the list."""
    actor = current_actor()
    unit_id = load(actor.tenant, Post, post_id).unit_id
    return _send(unit_id, None, lambda actor, _values: grants.end_post(actor, post_id))
