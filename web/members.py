"""The people of the community, as its staff sees them."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields

from api.auth import current_actor
from api.schemas.fields import Id
from api.schemas.members import MemberQuery, MemberRequestSchema
from api.schemas.units import MoveRequestSchema
from ledger.core import clock
from ledger.core.errors import Forbidden
from ledger.core.permissions import COMMUNITY, UNIT, is_of_oneself, may, reach, require
from ledger.core.spreadsheets import Cell
from ledger.core.tenancy import Actor
from ledger.people import grants, members, moving, units
from ledger.people.list_exports import read_whole
from ledger.people.models import Member, PlaceUnit, PostKind, UnitKind
from web.forms import ask, send
from web.last_time import as_last_time
from web.sheets import Sheet, as_files
from web.state_words import CHECKIN
from web.words import POSTS, UNIT_KINDS

page = Blueprint("members", __name__)


@page.get("/c/<id:community_id>/members")
@as_last_time(MemberQuery)
def list_all() -> Any:
    """Who belongs here: found by name or pinyin and by place."""
    return show_list(current_actor())


def show_list(actor: Actor, **again: Any) -> str:
    """The list, with what was wrong with the form below it."""
    asked = ask(MemberQuery())
    rows = _read(actor, asked, after=asked["cursor"], limit=asked["limit"] + 1)
    shown = rows[: asked["limit"]]
    return render_template(
        "members/list.html",
        members=_shown(actor, shown),
        total=members.count_members(actor),
        units=places_of(actor, UnitKind.COMPOUND, UnitKind.GRID, UnitKind.MICRO_GRID),
        checkin_states=[(state, word.text) for state, word in CHECKIN.items()],
        asked=request.args,
        sort=asked["sort"],
        next_cursor=shown[-1][0].id.hex if len(rows) > len(shown) else None,
        can_manage=may(actor, "manage_people"),
        sees_roles=may(actor, "see_roles"),
        homes=places_of(actor, *HOMES) if may(actor, "manage_people") else [],
        posted=places_of(actor, *UnitKind) if may(actor, "manage_people") else [],
        sees_books=may(actor, "see_books"),
        acts_for=any(scope & (UNIT | COMMUNITY) for scope in reach(actor, "act_for_member").values()),
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


def _read(actor: Actor, asked: dict[str, Any], *, after: UUID | None, limit: int) -> list[tuple[Member, PlaceUnit]]:
    if all(map(is_of_oneself, reach(actor, "see_members").values())):
        raise Forbidden
    chosen = {"search": asked["search"], "unit_id": asked["unit_id"], "order": asked["sort"]}
    return members.list_members(actor, **chosen, after=after, limit=limit)


@as_files(page, "/c/<id:community_id>/members")
def make_sheet() -> Sheet:
    """Whom the list shows, with its filters."""
    actor, asked = current_actor(), ask(MemberQuery())
    parts = read_whole(partial(_read, actor, asked), key=lambda row: row[0].id)
    rows = [_row(one) for part in parts for one in _shown(actor, list(part))]
    return Sheet((_("姓名"), _("住在"), _("岗位"), _("已登记住户"), _("加入")), rows)


def _row(one: dict[str, Any]) -> list[Cell]:
    household = _("是") if one["household"] else ""
    return [one["name"], one["unit"], " ".join(one["posts"]), household, clock.local_day(one["joined_at"])]


def _shown(actor: Actor, rows: list[Any]) -> list[dict[str, Any]]:
    places = {unit.id: unit for unit in units.tree_of(actor.tenant, with_ended=True)}
    names = members.shown_names(actor, [member for member, _unit in rows])
    posts: dict[Any, list[str]] = {}
    for post in grants.posts_of(actor.tenant, [member.id for member, _unit in rows]):
        posts.setdefault(post.member_id, []).append(str(POSTS[post.kind]))
    return [
        {
            "id": member.id.hex,
            "name": names[member.id],
            "unit": _address(unit, places),
            "posts": posts.get(member.id, []),
            "household": member.household_id is not None,
            "joined_at": member.joined_at,
        }
        for member, unit in rows
    ]


IN_ADDRESS = (UnitKind.COMPOUND, UnitKind.BUILDING, UnitKind.ENTRANCE)


def _address(unit: PlaceUnit, places: dict[UUID, PlaceUnit]) -> str:
    """Where somebody lives as one says it: compound, building, entrance; else the unit's own name."""
    said, above = [], unit
    while True:
        said += [above.name] if above.kind in IN_ADDRESS else []
        if above.parent_id is None:
            return " ".join(reversed(said)) or unit.name
        above = places[above.parent_id]


HOMES = tuple(kind for kind in UnitKind if kind not in units.PARTY_LINE)
"""Where people live: everywhere but in the party line."""


def places_of(actor: Actor, *kinds: UnitKind) -> list[tuple[str, str]]:
    """The units of these kinds, as a form offers them."""
    return [
        (one.id.hex, f"{UNIT_KINDS[one.kind]} {one.name}") for one in units.tree_of(actor.tenant) if one.kind in kinds
    ]


@page.get("/c/<id:community_id>/members/new")
def show_new() -> Any:
    """The form of a new member; a phone number is not needed."""
    return _new(current_actor())


def _new(actor: Actor, **again: Any) -> str:
    require(actor, "manage_people")
    places = places_of(actor, *HOMES)
    return render_template("members/new.html", units=places, **({"values": {}, "errors": {}, "refusal": None} | again))


@page.post("/c/<id:community_id>/members")
def create() -> Any:
    """A new member, or the form again with its errors."""
    actor = current_actor()
    require(actor, "manage_people")
    return send(
        MemberRequestSchema(exclude=("household_id",)),
        lambda values: members.add_member(actor, **values).name,
        to=lambda name: url_for(".list_all", search=name),
        again=lambda **again: _new(actor, **again),
    )


class AppointSchema(MoveRequestSchema):
    """The ticked members take a post on a unit."""

    post_unit_id = Id(required=True)
    kind = fields.Enum(PostKind, by_value=True, required=True)


class HomeSchema(MoveRequestSchema):
    """The ticked members move to a unit."""

    home_id = Id(required=True)


@page.post("/c/<id:community_id>/members/move")
def move() -> Any:
    """The ticked members live elsewhere: their old part loses sight of them."""
    actor = current_actor()
    require(actor, "manage_people")
    return send(
        HomeSchema(),
        lambda values: moving.move_members(actor, values["home_id"], member_ids=values["member_ids"]),
        to=lambda _: url_for(".list_all"),
        again=lambda **again: show_list(actor, **again),
    )


@page.post("/c/<id:community_id>/members/posts")
def appoint() -> Any:
    """The ticked members take a post."""
    actor = current_actor()
    require(actor, "manage_people")
    return send(
        AppointSchema(),
        lambda values: _appoint(actor, **values),
        to=lambda unit_id: url_for("web.units.show", unit_id=unit_id),
        again=lambda **again: show_list(actor, **again),
    )


def _appoint(actor: Actor, *, member_ids: list[UUID], post_unit_id: UUID, kind: PostKind) -> UUID:
    for member_id in member_ids:
        grants.give_post(actor, member_id, kind=kind, unit_id=post_unit_id)
    return post_unit_id
