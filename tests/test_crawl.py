"""Every page and every answer, asked for by everybody: no name or phone where it must not be, and no fault (F13)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from api.auth import COOKIE
from ledger.core import clock
from ledger.people import grants, helping, sessions
from ledger.people.models import PostKind
from ledger.people.phones import number_of
from tests.api.test_guards import Town, build
from tests.stories import Neighbour, open_neighbourhood, operator, street_officer

NAME = "欧阳翠花"
"""A member who never agreed to be named in public."""

NEVER_BY_NAME = ("volunteer", "helper", "owner", "clerk", "street", "operator", "stranger", "nobody")
"""Who reads others' names masked or not at all; staff of the part read them in full, the secretary on the own lists."""

READERS = (*NEVER_BY_NAME, "coordinator", "stamper", "treasurer", "supervisor", "secretary", "admin")


@pytest.fixture
def town(context: Flask) -> Iterator[Town]:
    try:
        yield build(NAME)
    finally:
        clock.move_to(None)


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


def read(client: FlaskClient, path: str, reader: Neighbour | None) -> Any:
    client.delete_cookie(COOKIE)
    if reader is not None and not path.startswith("/api/"):
        client.set_cookie(COOKIE, reader.token)
    return client.get(path, headers=reader.headers if reader is not None and path.startswith("/api/") else {})


def test_nobody_reads_a_name_or_a_phone_that_is_not_for_them(app: Flask, client: FlaskClient, town: Town) -> None:
    from ledger.core.ids import parse
    from ledger.people.members import load_member

    member_id = parse(town.things["member_id"])
    assert member_id is not None
    phone = number_of(load_member(town.street.id, member_id).person_id)
    assert phone is not None
    named, called, faulty, helped = set(), set(), set(), set()
    for who, reader in readers(town).items():
        for rule in places(app):
            answer = read(client, address(app, rule, town, who), reader)
            body = answer.get_data().decode("utf-8", "ignore")
            if answer.status_code >= 500 and rule.endpoint != "health.readyz":
                faulty.add((who, rule.endpoint))
            if phone in body:
                called.add((who, rule.endpoint))
            if who in NEVER_BY_NAME and NAME in body:
                named.add((who, rule.endpoint))
            if who == "helper" and f"您正在替 {town.people['volunteer'].name} 办事" in body:
                helped.add(rule.endpoint)
    assert (faulty, called, named) == (set(), set(), set())
    assert {"web.helping.act", "web.statements.show_member", "web.certificates.list_mine", "web.years.show"} <= helped


def test_staff_do_read_the_name_so_the_crawl_is_known_to_look(app: Flask, client: FlaskClient, town: Town) -> None:
    found = read(client, f"/c/{town.street.id.hex}/members", town.people["admin"])
    assert NAME in found.get_data(as_text=True)
