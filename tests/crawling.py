"""Every page and every answer, and everybody who may ask for one: what the crawls of the house go through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from api.auth import COOKIE
from ledger.core.ids import parse
from ledger.people import grants, helping, sessions
from ledger.people.members import load_member
from ledger.people.models import PostKind
from tests.api.test_guards import Town
from tests.stories import Neighbour, neighbour, open_neighbourhood, operator, street_officer

NEVER_BY_NAME = ("volunteer", "helper", "owner", "clerk", "street", "operator", "stranger", "nobody")
"""Who reads others' names masked or not at all; staff of the part read them in full, the secretary on the own lists."""

READERS = (*NEVER_BY_NAME, "coordinator", "stamper", "treasurer", "supervisor", "secretary", "admin")


def readers(town: Town) -> dict[str, Neighbour | None]:
    place = town.street.place
    secretary = place.volunteer("丁春梅")
    grants.give_post(place.admin.actor, secretary.member_id, kind=PostKind.BRANCH_SECRETARY, unit_id=place.root.id)
    found = town.people | {
        "secretary": secretary,
        "helper": family_helper(town),
        "street": street_officer(place.community),
        "operator": platform_operator(place.id),
        "stranger": open_neighbourhood("北华社区").admin,
        "nobody": None,
    }
    assert set(found) == set(READERS)
    return found


def family_helper(town: Town) -> Neighbour:
    """Acts for the volunteer, who is a stranger to the member with the name."""
    helper = town.street.place.volunteer("林小燕")
    link = town.street.place.helper_link(town.people["volunteer"], helper)
    helping.agree(helper.actor, link.id)
    return helper


def platform_operator(community_id: UUID) -> Neighbour:
    token = operator()
    return Neighbour("运营", sessions.actor_of(token).person_id, None, token, community_id)


def places(app: Flask) -> Iterator[Rule]:
    """Whatever can be read: pages and answers, as the map of addresses knows them."""
    yield from (
        rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and rule.endpoint != "static"
    )


def address(app: Flask, rule: Rule, town: Town, who: str) -> str:
    """A helper asks for whom they help; everybody else for the things of the member with the name."""
    values = dict.fromkeys(rule.arguments, "x") | {"community_id": town.street.id.hex} | town.things
    asked = {}
    if who == "helper":
        helped = town.people["volunteer"].member_id
        assert helped is not None
        values["member_id"] = asked["for"] = helped.hex
    asked |= {name: values[name] for name in rule.arguments}
    return app.url_map.bind("localhost").build(rule.endpoint, asked)


def the_member(town: Town) -> Neighbour:
    """Whom the things of the town are about."""
    member_id = parse(town.things["member_id"])
    assert member_id is not None
    member = load_member(town.street.id, member_id)
    return neighbour(town.street.id, member.name, member.person_id, member.id)


def read(client: FlaskClient, path: str, reader: Neighbour | None) -> Any:
    client.delete_cookie(COOKIE)
    if reader is not None and not path.startswith("/api/"):
        client.set_cookie(COOKIE, reader.token)
    return client.get(path, headers=reader.headers if reader is not None and path.startswith("/api/") else {})
